// The immutable value that a worker runs by. Made by the control loop (Planner), shared by all
// workers, replaced as a whole: a registration, a reload, a drain and a shutdown are all "publish
// the next plan".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/net/listen_socket.h"
#include "proxy/session/route.h"
#include "registry/directory.h"

namespace sluice {

struct ListenerPlan {
  std::shared_ptr<const session::Route> route;
  std::vector<std::shared_ptr<net::ListenSocket>> sockets;  // one a bind
};

// The process is to end: connections go over this time, evenly if `spread`, and none is left after
// it.
struct DrainPlan {
  std::uint64_t began_ms = 0;  // monotonic
  std::uint64_t lasts_ms = 0;  // 0: everything closes at once
  bool spread = true;
};

struct Plan {
  std::uint64_t version = 0;
  std::uint64_t registry_index = 0;
  std::vector<ListenerPlan> listeners;
  // By key: every service, whether a listener leads to it or not, and each selection of one that a
  // listener asks for.
  registry::Directory<session::Upstream, &session::Upstream::key> upstreams;
  // Grows each time that instances or listeners were condemned: their connections are to be closed.
  std::uint64_t sweep = 0;
  std::optional<DrainPlan> drain;
  bool busy_poll = false;  // workers may
};

}  // namespace sluice
