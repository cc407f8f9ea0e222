// Which well-formed requests may be served: what keeps web pages away from an API that trusts its
// own machine. Pure; any thread.
//
// A page of another site can send requests here through its visitor's browser. It is told apart by
// the name it uses for us after DNS rebinding (Host), by where it comes from (Origin,
// Sec-Fetch-Site), and by being unable to send application/json without asking first, which no
// reply of ours ever allows.
//
// Ours are the names of loopback, the address that the client has connected to, and what the
// operator lists. An address as Host is no rebinding, for there is no name to bind anew. But ours
// is that one alone: a page of another address names it in its Origin. Behind a translation of
// addresses, clients know us by one that we do not: the operator has to list it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/endpoint.h"
#include "proxy/admin/refusal.h"
#include "proxy/admin/request_head.h"

namespace sluice::admin {

class RequestRules {
 public:
  // `allowed_hosts`: names or addresses beside those, with a port or for any. `any_host`: on a unix
  // socket, which no browser reaches, the Host says nothing.
  RequestRules(const std::vector<std::string>& allowed_hosts, bool any_host);

  // `local`: the address of ours that the client has connected to; one of a unix socket is none.
  // 403 for a Host that is not ours, a foreign Origin, or a Sec-Fetch-Site that is neither
  // "same-origin" nor "none"; 415 when POST, PUT, PATCH or DELETE names a content type other than
  // application/json, or has a body and names none. A request without Host (HTTP/1.0) comes from no
  // browser and is served.
  Objection check(const RequestHead& head, const config::Endpoint& local) const;

  // Is "name", "name:port", "127.0.0.1:9901" or "[::1]:9901" one of ours?
  bool is_ours(std::string_view authority, const config::Endpoint& local) const;

 private:
  struct Authority {
    std::string host;  // in lower case, IPv6 in brackets
    std::optional<std::uint16_t> port;
  };
  static std::optional<Authority> read_authority(std::string_view text);
  bool is_own_origin(std::string_view origin, const config::Endpoint& local) const;

  std::vector<Authority> allowed_;
  bool any_host_;
};

}  // namespace sluice::admin
