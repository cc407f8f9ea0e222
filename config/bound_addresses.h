// Which addresses a configuration binds, to find two that want the same.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "config/endpoint.h"
#include "config/site.h"

namespace sluice::config {

// A wildcard takes the port of every address of its family: whether the kernel lets a specific one
// stand beside it depends on the order in which they are bound and on their options, so that is
// refused. "[::]" is IPv6 only and leaves IPv4 alone. Port 0, a free one of the kernel's choice, is
// in nobody's way.
class BoundAddresses {
 public:
  // Adds what `owner` ("admin.bind") binds; tells at `site` if it is taken.
  void add(const Endpoint& endpoint, const std::string& owner, const Site& site);

 private:
  using Port = std::pair<Endpoint::Family, std::uint16_t>;

  void add_port(const Endpoint& endpoint, const std::string& owner, const Site& site);

  std::map<Endpoint, std::string> exact_;
  std::map<Port, std::string> ports_;  // the first that bound it, on whatever address
  std::map<Port, std::string> wildcards_;
};

}  // namespace sluice::config
