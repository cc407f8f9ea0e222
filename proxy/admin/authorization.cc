#include "proxy/admin/authorization.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <string>

namespace sluice::admin {

namespace {

constexpr std::string_view kLettersAndDigits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool is_made_of(std::string_view text, std::string_view marks) {
  const auto is_allowed = [marks](char c) {
    return kLettersAndDigits.find(c) != marks.npos || marks.find(c) != marks.npos;
  };
  for (const char c : text) {
    if (!is_allowed(c)) return false;
  }
  return !text.empty();
}

bool is_scheme(std::string_view text) {
  return is_made_of(text, "!#$%&'*+-.^_`|~");
}

// RFC 9110's token68: "=" at the end only.
bool is_token68(std::string_view text) {
  const std::size_t last = text.find_last_not_of('=');
  return last != text.npos && is_made_of(text.substr(0, last + 1), "-._~+/");
}

}  // namespace

Objection read_authorization(std::string_view value, Request& request) {
  const std::size_t space = std::min(value.find(' '), value.size());
  const std::string_view scheme = value.substr(0, space);
  if (!is_scheme(scheme)) return Refusal{400, "the field authorization is malformed"};
  if (!boost::beast::iequals(scheme, "bearer")) return std::nullopt;
  std::string_view secret = value.substr(space);
  secret.remove_prefix(std::min(secret.find_first_not_of(' '), secret.size()));
  if (!is_token68(secret)) {
    return Refusal{400, "the field authorization is not Bearer and the secret of a token"};
  }
  request.secret = secret;
  return std::nullopt;
}

}  // namespace sluice::admin
