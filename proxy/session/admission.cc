#include "proxy/session/admission.h"

namespace sluice::session {

namespace {

using config::Cidr;
using config::cidrs_of;
using config::ProxyAccept;

}  // namespace

std::optional<Admission> Admission::of(const config::Listener& listener) {
  const config::ProxyAcceptance& proxy = listener.proxy_protocol;
  const bool takes_all = listener.access.allow.empty() && listener.access.deny.empty();
  if (proxy.accept == ProxyAccept::off && takes_all) return std::nullopt;
  return Admission{proxy.accept, cidrs_of(proxy.trusted), cidrs_of(listener.access.allow),
                   cidrs_of(listener.access.deny)};
}

// A unix socket is as trusted as the mode of its path makes it.
bool Admission::reads_header_of(const net::Peer& sender) const {
  if (accept == ProxyAccept::off) return false;
  return trusted.empty() || sender.is_unix() || config::is_in(trusted, sender.endpoint());
}

std::string Admission::why_not_from(const net::Peer& sender) const {
  if (reads_header_of(sender)) return "";
  if (accept != ProxyAccept::required) return why_not(sender);
  return sender.host() + " is not one of proxy_protocol.trusted";
}

std::string Admission::why_not(const net::Peer& client) const {
  if (client.is_unix() || (allow.empty() && deny.empty())) return "";
  const config::Endpoint address = client.endpoint();
  for (const Cidr& each : deny) {
    if (each.contains(address))
      return client.host() + " lies in " + each.text() + " of access.deny";
  }
  if (allow.empty() || config::is_in(allow, address)) return "";
  return client.host() + " lies in nothing of access.allow";
}

}  // namespace sluice::session
