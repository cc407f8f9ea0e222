// Who may do what over the API: the file of tokens.
//
// One token a line, in four fields:
//
//   # name      permission  services      hash of the secret
//   deploy      register    web-*,api-?   sha256:9f86d081884c7d65...
//
// The permission is read, register or admin, each holding the ones before it; services is a comma
// list of globs (registry/access/glob.h); "#" begins a comment. A name may stand on several lines,
// with one secret each: to change a secret, add the new line, move the clients, drop the old line.
//
// The file holds SHA-256 digests only. That is enough, without salt or stretching, because secrets
// are random and long: make_token() gives them 256 bits.
//
// No message and no value here holds a secret or a digest that could end up in a log. Messages
// quote nothing of the file at all, for a secret may stand in the wrong place.
//
// Tokens is a value, immutable once shared; it may be used on any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "registry/access/sha256.h"

namespace sluice::access {

inline constexpr std::size_t kMaxTokensFile = 1u << 20;  // bytes
inline constexpr std::size_t kMostTokens = 4096;      // each of them is looked at for each request
inline constexpr std::size_t kMostGlobs = 64;         // of one token
inline constexpr std::size_t kLongestTokenName = 64;  // bytes
inline constexpr std::size_t kLongestSecret = 512;    // bytes
inline constexpr std::size_t kMostTokenProblems = 100;  // told of one file

// Each holds the ones before it.
enum class Permission : std::uint8_t { read, register_instances, admin };

std::string_view word(Permission permission);  // "read", "register", "admin"
std::optional<Permission> permission_of(std::string_view word);

struct Token {
  std::string name;  // for logs and quotas; not unique
  Permission permission = Permission::read;
  std::vector<std::string> services;  // globs
  Digest digest{};                    // of its secret: to be shown to nobody

  // Whether it may do to this service what takes that permission.
  bool allows(Permission needed, std::string_view service) const;
  // The same for what concerns no single service, such as a reload: a glob must be "*".
  bool allows_everywhere(Permission needed) const;
};

// What is wrong with a line; lines count from 1, 0 is the file as a whole.
struct TokenProblem {
  std::size_t line = 0;
  std::string what;
  std::string text() const;  // "line 3: the permission is none of ..."
  friend bool operator==(const TokenProblem&, const TokenProblem&) = default;
};

class Tokens {
 public:
  Tokens() = default;  // none

  // Reads the text of a file: all of it or nothing, with every problem in the order of the lines.
  // The same secret on two lines is one, as it would be two tokens at once.
  static std::optional<Tokens> parse(std::string_view text, std::vector<TokenProblem>& problems);

  // The token that a request's bearer secret belongs to; null: none. Every token is compared to the
  // end, so the time taken tells neither whether there is one nor how near the secret came. Only a
  // secret that is empty or above kLongestSecret is answered at once. Valid as long as this is.
  const Token* find(std::string_view secret) const;
  // What the secret of a token of other Tokens is worth here; null: nothing.
  const Token* find_again(const Token& known) const { return find(known.digest); }

  std::size_t size() const { return entries_.size(); }
  bool is_empty() const { return entries_.empty(); }

 private:
  friend class TokensReader;

  const Token* find(const Digest& digest) const;

  std::vector<Token> entries_;  // in the order of the file
};

// Reads and parses a file that nobody but this process's user may read (config::read_private_file).
std::optional<Tokens> read_tokens_file(const std::string& path,
                                       std::vector<TokenProblem>& problems);

struct NewToken {
  std::string secret;  // "slu_" and 64 hex digits: to be shown once and kept nowhere
  std::string line;    // for the file, without a line end
};

// Makes a token out of 32 bytes from a cryptographic random generator. Nothing if the name or a
// glob is not one; `why` says so.
std::optional<NewToken> make_token(std::string_view name, Permission permission,
                                   std::span<const std::string> services,
                                   const std::array<std::uint8_t, 32>& random, std::string& why);

}  // namespace sluice::access
