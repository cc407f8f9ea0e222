// What an instance is told first: whose connection this is, as a PROXY header. Immutable; shared by
// all workers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "proxy/net/address.h"
#include "proxy/net/proxy_header.h"

namespace sluice::session {

struct Introduction {
  config::ProxySend version = config::ProxySend::v1;  // not `off`
  std::vector<net::ProxyTlv> tlvs;
  bool with_unique_id = false;
  bool with_crc = false;

  // Nothing when the service's instances are told nothing.
  static std::optional<Introduction> of(const config::ProxyAnnouncement& config);

  // The header for a connection of `client` to `here`. `came_with` is the header that it came with,
  // or null: its TLVs are passed on but for those said here, and its destination is the one named.
  // `unique_id` is used if one is wanted.
  std::string text(const net::Peer& client, const config::Endpoint& here,
                   const net::ProxyHeader* came_with, std::string_view unique_id) const;
};

}  // namespace sluice::session
