#include "registry/access/tokens.h"

#include <algorithm>
#include <map>
#include <utility>

#include "config/file.h"
#include "registry/access/glob.h"

namespace sluice::access {
namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr std::string_view kHash = "sha256:";
constexpr std::string_view kSecret = "slu_";
constexpr std::array<std::string_view, 3> kPermissions = {"read", "register", "admin"};

// Names stand in logs and metrics. What looks like a secret or a digest is not to get there.
std::string why_no_name(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:@+~-";
  if (name.size() > kLongestTokenName) return "the name is longer than 64 bytes";
  if (name.starts_with(kSecret) || name.starts_with(kHash)) {
    return "the name looks like a secret or its hash";
  }
  if (name.empty() || name.find_first_not_of(kAllowed) != std::string_view::npos) {
    return "the name is not made of letters, digits and _.:@+~-";
  }
  return {};
}

std::string why_no_globs(std::span<const std::string> globs) {
  if (globs.size() > kMostGlobs) return "more than 64 services";
  if (globs.empty() || !std::ranges::all_of(globs, is_glob)) {
    return "the services are not a comma list of names, in which * and ? may stand";
  }
  return {};
}

// At every separator, so there is always one part, and parts may be empty.
std::vector<std::string> split(std::string_view list, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = list.find(separator);
    parts.emplace_back(list.substr(0, end));
    if (end == std::string_view::npos) return parts;
    list.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> fields_of(std::string_view line) {
  line = line.substr(0, line.find('#'));
  std::vector<std::string_view> fields;
  for (;;) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    if (line.empty()) return fields;
    const std::size_t end = std::min(line.find_first_of(kBlanks), line.size());
    fields.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

}  // namespace

class TokensReader {
 public:
  explicit TokensReader(std::vector<TokenProblem>& problems) : problems_(problems) {}

  std::optional<Tokens> run(std::string_view text) {
    problems_.clear();
    if (text.size() > kMaxTokensFile) {
      line_ = 0;
      object("larger than 1MiB");
      return std::nullopt;
    }
    while (!text.empty() && problems_.size() < kMostTokenProblems) {
      ++line_;
      const std::size_t end = std::min(text.find('\n'), text.size());
      read_line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (!problems_.empty()) return std::nullopt;
    return std::move(tokens_);
  }

 private:
  void read_line(std::string_view line) {
    const auto fields = fields_of(line);
    if (fields.empty()) return;
    if (fields.size() != 4) {
      return object("not four fields: NAME PERMISSION SERVICES sha256:HEX");
    }
    const std::size_t before = problems_.size();
    Token token;
    token.name = fields[0];
    object(why_no_name(token.name));
    if (const auto permission = permission_of(fields[1])) {
      token.permission = *permission;
    } else {
      object("the permission is none of read, register and admin");
    }
    token.services = split(fields[2], ',');
    object(why_no_globs(token.services));
    read_digest(fields[3], token.digest);
    if (problems_.size() == before) add(std::move(token));
  }

  void read_digest(std::string_view field, Digest& digest) {
    const bool is_marked = field.starts_with(kHash);
    const auto read = digest_from_hex(field.substr(is_marked ? kHash.size() : 0));
    if (is_marked && read) {
      digest = *read;
    } else {
      object("the last field is not sha256: and 64 hex digits");
    }
  }

  void add(Token token) {
    const auto [first, is_new] = lines_.emplace(token.digest, line_);
    if (!is_new) {
      object("the same secret as on line " + std::to_string(first->second));
    } else if (tokens_.entries_.size() == kMostTokens) {
      object("more than 4096 tokens");
    } else {
      tokens_.entries_.push_back(std::move(token));
    }
  }

  void object(std::string what) {
    if (!what.empty() && problems_.size() < kMostTokenProblems) {
      problems_.push_back({line_, std::move(what)});
    }
  }

  std::vector<TokenProblem>& problems_;
  Tokens tokens_;
  std::map<Digest, std::size_t> lines_;  // where each secret stands
  std::size_t line_ = 0;
};

std::string_view word(Permission permission) {
  return kPermissions[static_cast<std::size_t>(permission)];
}

std::optional<Permission> permission_of(std::string_view word) {
  const auto* const found = std::ranges::find(kPermissions, word);
  if (found == kPermissions.end()) return std::nullopt;
  return static_cast<Permission>(found - kPermissions.begin());
}

bool Token::allows(Permission needed, std::string_view service) const {
  return needed <= permission && std::ranges::any_of(services, [&](const std::string& glob) {
           return matches_glob(glob, service);
         });
}

bool Token::allows_everywhere(Permission needed) const {
  return needed <= permission && std::ranges::find(services, "*") != services.end();
}

std::string TokenProblem::text() const {
  return line == 0 ? what : "line " + std::to_string(line) + ": " + what;
}

std::optional<Tokens> Tokens::parse(std::string_view text, std::vector<TokenProblem>& problems) {
  return TokensReader(problems).run(text);
}

const Token* Tokens::find(std::string_view secret) const {
  if (secret.empty() || secret.size() > kLongestSecret) return nullptr;
  const auto digest = sha256(secret);
  return digest ? find(*digest) : nullptr;
}

const Token* Tokens::find(const Digest& digest) const {
  // The place of the one that is equal, plus one, gathered without a branch.
  std::size_t found = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const std::size_t equal = equal_in_constant_time(entries_[i].digest, digest);
    found |= (0 - equal) & (i + 1);
  }
  return found == 0 ? nullptr : &entries_[found - 1];
}

std::optional<Tokens> read_tokens_file(const std::string& path,
                                       std::vector<TokenProblem>& problems) {
  std::string why;
  const auto text = config::read_private_file(path, kMaxTokensFile, why);
  if (text) return Tokens::parse(*text, problems);
  problems = {{0, why}};
  return std::nullopt;
}

std::optional<NewToken> make_token(std::string_view name, Permission permission,
                                   std::span<const std::string> services,
                                   const std::array<std::uint8_t, 32>& random, std::string& why) {
  why = why_no_name(name);
  if (why.empty()) why = why_no_globs(services);
  if (!why.empty()) return std::nullopt;

  NewToken made;
  made.secret = std::string(kSecret) + hex(random);
  const auto digest = sha256(made.secret);
  if (!digest) {
    why = "SHA-256 is not to be had from OpenSSL";
    return std::nullopt;
  }
  made.line = std::string(name) + ' ' + std::string(word(permission)) + ' ';
  for (std::size_t i = 0; i < services.size(); ++i) made.line += (i == 0 ? "" : ",") + services[i];
  made.line += ' ' + std::string(kHash) + hex(*digest);
  return made;
}

}  // namespace sluice::access
