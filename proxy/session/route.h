// What a worker's connections go by: immutable parts made by the control loop, and the worker's own
// state beside them.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/balance/balancer.h"
#include "proxy/metrics/cells.h"
#include "proxy/session/admission.h"
#include "proxy/session/doorstep.h"
#include "proxy/session/introduction.h"
#include "proxy/session/line.h"
#include "proxy/session/turnstile.h"

namespace sluice::session {

// A service as the data path sees it. Immutable; shared by all workers; replaced as a whole when
// the service's members or policies change.
struct Upstream {
  std::string key;  // tells it from others: the service, and the selector if there is one
  std::string service;
  config::Retry retry;
  // Failures in a row that the control loop wants to hear of, besides the first; 0: no more.
  std::uint32_t suspect_after = 0;
  config::Tcp tcp;                          // for the instance's socket
  config::ServiceLimits limits;             // but for per_instance, which is with the instances
  std::shared_ptr<Line::Row> row;           // where its clients wait; never null
  std::shared_ptr<Line::Row> retrying_row;  // and those whom an instance has refused
  std::shared_ptr<const Introduction> introduction;  // null: instances are sent nothing first
  std::shared_ptr<const balance::Balancer> balancer;
  std::shared_ptr<metrics::ServiceCells> cells;
};

// A listener's life, seen by its connections: set once, by the control loop, when the time that
// they were given after its removal is over.
struct ListenerLife {
  std::atomic<bool> over{false};
};

class Fork;

// What holds for the connections that come in by one listener, or for those of them that one of its
// routes, or one part of a split, takes. Immutable; a connection keeps the one that it has.
//
// Where a listener has several, its connections begin with its entrance: a Route of no name and of
// no service, whose `fork` has the others. Once it is known whose connection it is, and before an
// instance is looked for, the session exchanges it for one of those. What ends before counts for
// the entrance, under the service "".
struct Route {
  std::string listener;
  std::string name;                  // as the log has it; "default" where a listener has no routes
  std::shared_ptr<const Fork> fork;  // of an entrance; null: connections go to `upstream`
  std::shared_ptr<metrics::PartCells> part;  // of a split; null: it is none
  std::shared_ptr<const Upstream> upstream;
  config::Timeouts timeouts;
  config::Relay relay;
  config::AcceptMode accept = config::AcceptMode::reuse_port;
  bool access_log = true;
  std::shared_ptr<const Admission> admission;  // null: everybody is let in as who he is
  std::uint32_t connection_limit = 0;          // 0: unlimited
  config::OverLimit over_limit = config::OverLimit::reject;
  std::shared_ptr<Turnstile> turnstile;  // the listener's, for its life; null: none was needed yet
  bool asks_turnstile = false;           // if not, it is there for those who are in
  config::NoInstance no_instance;
  std::shared_ptr<ListenerLife> life;
  std::shared_ptr<metrics::ListenerCells> listener_cells;
  std::shared_ptr<metrics::RouteCells> cells;
};

// Who speaks first on the connections of a service, client or instance. That is a matter of its
// protocol, and after 64 in a row on which the clients did, the next is taken for another: its
// handshake with the instance is made for that (net::Begins::we). A client that is silent all the
// same has its instance told of it by the relay, within 24 ms. So where the habit fails, as a
// service speaks two protocols or changes to another, one client waits so much longer for its
// greeting, and the next 64 connections are made without it.
class ClientsFirst {
 public:
  bool is_habit() const { return in_a_row_ == kHabit; }
  void note(bool client_first) {
    in_a_row_ = client_first ? static_cast<std::uint8_t>(std::min(in_a_row_ + 1, kHabit)) : 0;
  }

 private:
  static constexpr int kHabit = 64;
  std::uint8_t in_a_row_ = 0;
};

// One worker's view of a service: the newest version of it, and what its balancer remembers. A
// connection that waits for its next attempt looks here again, so it sees instances that came
// meanwhile.
struct ServiceState {
  std::shared_ptr<const Upstream> current;
  balance::Cursor cursor;
  ClientsFirst clients_first = {};
};

// A place with the service, whose cells those are, has been given back: who waits first is to know.
// One look where nobody waits.
inline void announce_room(const std::shared_ptr<const Upstream>& service,
                          const metrics::ServiceCells& cells) {
  if (cells.waiting.load() != 0) service->row->line().call();
}

// One worker's view of a listener: what its next connections begin with.
struct RouteState {
  std::shared_ptr<const Route> current;
  std::shared_ptr<ServiceState> service;
  std::vector<std::shared_ptr<ServiceState>> behind = {};  // the fork: so they keep their turns
  Doorstep doorstep = {};
};

// Connections of the whole process, counted exactly over all workers.
struct ProcessLimit {
  std::atomic<std::uint32_t> connections{0};
  std::atomic<std::uint32_t> limit{0};
};

}  // namespace sluice::session
