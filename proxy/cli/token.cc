#include "proxy/cli/token.h"

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <vector>

#include "config/printable.h"
#include "proxy/cli/cli.h"
#include "registry/access/tokens.h"

namespace sluice::cli {
namespace {

using Random = std::array<std::uint8_t, 32>;

std::optional<Random> random_bytes() {
  Random bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return std::nullopt;
  }
  return bytes;
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts(1);
  for (const char c : list) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

int fail(std::ostream& err, const std::string& why, ExitCode code) {
  err << "sluice: " << why << '\n';
  return code;
}

void show(const access::NewToken& token, std::ostream& out) {
  out << "The secret, for SLUICE_TOKEN or \"Authorization: Bearer ...\"; it is kept nowhere:\n"
      << "  " << token.secret << '\n'
      << "The line for admin.tokens_file (mode 0600), which counts from the next reload on:\n"
      << "  " << token.line << '\n';
}

}  // namespace

int make_token(const TokenRequest& request, std::ostream& out, std::ostream& err) {
  const auto permission = access::permission_of(request.permission);
  if (!permission) {
    return fail(err,
                "--permission " + config::one_line(request.permission) +
                    ": expected read, register or admin",
                kUsage);
  }
  const auto random = random_bytes();
  if (!random) return fail(err, "the kernel gives no random bytes", kFailure);
  std::string why;
  const auto token =
      access::make_token(request.name, *permission, split(request.services), *random, why);
  if (!token) return fail(err, why, kUsage);
  if (request.json) {
    out << nlohmann::json{{"secret", token->secret}, {"line", token->line}}.dump(2) << '\n';
  } else {
    show(*token, out);
  }
  return kOk;
}

}  // namespace sluice::cli
