// What the connections of one worker share. Belongs to the worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

#include "proxy/log/log.h"
#include "proxy/net/loop.h"
#include "proxy/net/poller.h"
#include "proxy/net/wheel.h"
#include "proxy/session/pipe_pool.h"
#include "proxy/session/waiting_room.h"
#include "registry/live.h"

namespace sluice::session {

class Session;
struct Route;
struct ServiceState;

// A time in ms that does not come.
inline constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

// Who owns the sessions: told last and once, and then destroys the session.
class Host {
 public:
  virtual void on_session_ended(Session& session) = 0;
  // An instance has failed a connection after one that went well, or so many in a row that the
  // control loop should know.
  virtual void on_suspect(const std::shared_ptr<registry::Live>& instance,
                          registry::FailureRow row) = 0;
  // How a trial has gone. The trial ends when the control loop has taken it in: no other is let
  // through before the breaker has its new state.
  virtual void on_trial(registry::Trial trial, bool went_well) = 0;
  // The worker's view of the service that a route of a fork leads to.
  virtual std::shared_ptr<ServiceState> service_of(const Route& route) = 0;

 protected:
  ~Host() = default;
};

// The one buffer that small messages pass through, as large as the largest relay.buffer in use.
struct Scratch {
  std::unique_ptr<char[]> bytes;
  std::size_t size = 0;
  void reserve(std::size_t wanted) {
    if (wanted <= size) return;
    bytes = std::make_unique_for_overwrite<char[]>(wanted);
    size = wanted;
  }
};

struct Context {
  net::Loop& loop;
  net::Poller& poller;
  net::Wheel& wheel;
  log::Channel& log;
  Host& host;
  std::uint32_t worker = 0;
  PipePool pipes{};
  WaitingRoom waiting{loop};
  Scratch scratch{};
  std::uint64_t registry_index = 0;  // of the plan that the worker runs by
  std::uint64_t sessions = 0;        // begun so far, for their ids

  // Like no other's, of this process and of others: "6f1c...-0-17".
  std::string unique_id(std::uint64_t serial) const;
};

}  // namespace sluice::session
