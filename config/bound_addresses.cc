#include "config/bound_addresses.h"

namespace sluice::config {

void BoundAddresses::add(const Endpoint& endpoint, const std::string& owner, const Site& site) {
  const bool is_unix = endpoint.family == Endpoint::Family::unix_path;
  if (!is_unix && endpoint.port == 0) return;
  const auto [same, is_new] = exact_.emplace(endpoint, owner);
  if (!is_new) {
    site.error(endpoint.text() + " is bound already, by " + same->second);
  } else if (!is_unix) {
    add_port(endpoint, owner, site);
  }
}

void BoundAddresses::add_port(const Endpoint& endpoint, const std::string& owner,
                              const Site& site) {
  const Port port(endpoint.family, endpoint.port);
  const auto [first, is_first] = ports_.emplace(port, owner);
  const auto wildcard = wildcards_.find(port);
  if (wildcard != wildcards_.end()) {
    site.error(endpoint.text() + " is bound already, on every address, by " + wildcard->second);
  } else if (endpoint.is_wildcard()) {
    wildcards_.emplace(port, owner);
    if (is_first) return;
    site.error(endpoint.text() + " takes an address that is bound already, by " + first->second);
  }
}

}  // namespace sluice::config
