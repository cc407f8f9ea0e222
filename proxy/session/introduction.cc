#include "proxy/session/introduction.h"

#include <algorithm>
#include <utility>

namespace sluice::session {

namespace {

using config::ProxySend;
using net::ProxyTlv;

// The type of a TLV with a text, by its name in the configuration.
std::optional<std::uint8_t> type_of(std::string_view name) {
  if (name == "alpn") return net::kTlvAlpn;
  if (name == "authority") return net::kTlvAuthority;
  return config::free_tlv_type(name);
}

void set(std::vector<ProxyTlv>& tlvs, ProxyTlv tlv) {
  std::erase_if(tlvs, [&](const ProxyTlv& each) { return each.type == tlv.type; });
  tlvs.push_back(std::move(tlv));
}

}  // namespace

std::optional<Introduction> Introduction::of(const config::ProxyAnnouncement& config) {
  if (config.send == ProxySend::off) return std::nullopt;
  Introduction made;
  made.version = config.send;
  made.with_unique_id = config.tlvs.contains("unique_id");
  made.with_crc = config.tlvs.contains("crc32c");
  for (const auto& [name, value] : config.tlvs) {
    if (const auto type = type_of(name)) made.tlvs.push_back({*type, value});
  }
  return made;
}

std::string Introduction::text(const net::Peer& client, const config::Endpoint& here,
                               const net::ProxyHeader* came_with,
                               std::string_view unique_id) const {
  net::ProxyHeader header;
  const bool has_ends = came_with != nullptr && came_with->ends.has_value();
  header.ends = {client.endpoint(), has_ends ? came_with->ends->destination : here};
  if (version == ProxySend::v1) return net::proxy_header_v1(header.ends);
  if (came_with != nullptr) header.tlvs = came_with->tlvs;
  for (const ProxyTlv& tlv : tlvs) set(header.tlvs, tlv);
  if (with_unique_id) set(header.tlvs, {net::kTlvUniqueId, std::string(unique_id)});
  // What came may be as long as it can be; then ours alone is passed on.
  if (net::proxy_header_size(header.tlvs) > net::kLongestProxyHeader) {
    header.tlvs = tlvs;
    if (with_unique_id) set(header.tlvs, {net::kTlvUniqueId, std::string(unique_id)});
  }
  return net::proxy_header_v2(header, with_crc);
}

}  // namespace sluice::session
