// Who may come in by a listener, and as whom: lists of networks, and whose PROXY headers are taken.
// Immutable; shared by all workers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/cidr.h"
#include "config/config.h"
#include "proxy/net/address.h"

namespace sluice::session {

struct Admission {
  config::ProxyAccept accept = config::ProxyAccept::off;
  std::vector<config::Cidr> trusted;  // none: everybody
  std::vector<config::Cidr> allow;    // none: everybody
  std::vector<config::Cidr> deny;

  // Nothing when the listener takes whoever comes, and no header.
  static std::optional<Admission> of(const config::Listener& listener);

  // Whether a header is read of who is connected from there.
  bool reads_header_of(const net::Peer& sender) const;
  // Why nobody is let in who is connected from there, whatever he says; "": he is, or the header
  // that he must send will tell.
  std::string why_not_from(const net::Peer& sender) const;
  // Why a client of that address is not let in: "10.1.2.3 lies in 10.1.0.0/16 of access.deny".
  std::string why_not(const net::Peer& client) const;
};

}  // namespace sluice::session
