#include "proxy/client/said.h"

#include <algorithm>
#include <stdexcept>

namespace sluice::client {

void refuse(const char* field, const std::string& why) {
  throw std::invalid_argument(std::string(field) + ": " + why);
}

AdminAddress server_of(const std::string& server, const std::string& token) {
  std::string why;
  auto address = AdminAddress::parse(server, why);
  if (!address) refuse("server", why);
  if (!is_secret(token)) refuse("token", "is not the secret of a token");
  address->secret = token;
  return *address;
}

std::chrono::milliseconds bounded(std::chrono::milliseconds timeout) {
  return std::clamp<std::chrono::milliseconds>(timeout, std::chrono::milliseconds(0),
                                               std::chrono::hours(24 * 365));
}

}  // namespace sluice::client
