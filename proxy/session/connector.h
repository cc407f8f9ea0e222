// The first stage of a connection: finds an instance that takes it.
//
// pick, connect with a deadline, and on failure the next: another instance at once, then after a
// growing delay, until the retries, the service's retry budget or the deadline are used up. Each
// pick looks at the service as it is then, so an instance that came while this one waited is found.
// A client that resets meanwhile ends it; one that has merely finished sending does not, since it
// may still want its answer. An instance whose connections were condemned while this one was on its
// way to it is left for another.
//
// Where somebody is there but has no room, or others wait already, it waits in the service's line
// (limits.queue); where nobody is there at all and the listener holds its clients, it waits there
// before the first attempt. Each time that it is called, what there is then decides: a place; room
// to wait for, under the bounds of the queue; or nobody, under those of the listener. The time that
// it is given for either counts from when it first had to.
//
// A retry waits for room like a first attempt, and within retry.deadline: an instance that has not
// refused it and is full goes before one that has refused it and has room. It needs no room in the
// budget then, since it comes no faster than places do. With the service (limits.connections) it
// keeps its place from the first attempt on.
//
// Where a connection was made and the instance has closed it before any byte (Opening), it goes on
// from there, in another Connector: the retries, their budget and deadline are those of all
// attempts together.
//
// Owned by a Session, on the worker's thread; uses the Session's upstream socket, deadline and
// place in the poller. Destroying it abandons the attempt and gives back what it counted.
// on_connected() and on_failed() are called once, last, and may destroy it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "proxy/balance/balancer.h"
#include "proxy/net/dial.h"
#include "proxy/session/context.h"
#include "proxy/session/place.h"
#include "proxy/session/route.h"

namespace sluice::session {

class Connector final : Line::Guest {
 public:
  // What the connector asks of its session.
  class Owner {
   public:
    virtual void on_connected(registry::LoadToken instance) = 0;
    virtual void on_failed(metrics::CloseReason reason) = 0;
    virtual void wake_at(
        std::uint64_t at_ms) = 0;  // calls on_deadline() then, once; moves an earlier wish
    virtual bool open_upstream(
        net::Fd fd) = 0;  // into `upstream`, watched; false: out of resources
    virtual void on_attempt(const balance::Member& member) = 0;  // it is tried next

   protected:
    ~Owner() = default;
  };

  // How far it has come.
  struct Course {
    balance::Tried tried;
    std::uint32_t attempts = 0;
    std::uint32_t retries = 0;
    std::uint64_t give_up_at_ms = 0;
    // Whether there is one more attempt in it.
    bool may_retry(const config::Retry& retry, std::uint64_t now_ms) const {
      return retries < retry.max_retries && now_ms < give_up_at_ms;
    }
  };

  Connector(Owner& owner, Context& context, const Route& route, ServiceState& service,
            const net::Peer& client, net::Socket& client_socket, net::Socket& upstream_socket,
            Place& service_place);
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  void start();
  // Instead of start(): the last attempt was connected, and closed early, for this reason.
  void resume(const Course& course, metrics::CloseReason reason, int error);
  void on_ready();
  void on_deadline();

  bool is_held() const { return wait_ == Wait::for_somebody; }
  bool is_queued() const { return wait_ == Wait::for_room; }
  Course course() const { return {tried_, attempts_, retries_, give_up_at_ms_}; }
  std::uint32_t attempts() const { return attempts_; }
  bool has_closed_early() const { return closed_early_.has_value(); }  // the last attempt
  net::ConnectResult last_result() const { return last_result_; }
  int last_error() const { return last_error_; }

 private:
  enum class Wait : std::uint8_t { none, for_somebody, for_room };

  void attempt();
  balance::Pick find_place();
  balance::Pick take_places();
  balance::Pick no_room() const;
  bool others_go_first() const;
  void on_nobody();
  void wait_for_room();
  void wait();
  void wait_no_longer();
  void stop_waiting();
  void on_called() override;
  void attempt_failed(net::ConnectResult result, int error);
  void retry_or_give_up();
  void wait_for_retry();
  void retry();
  void fail();
  void count_attempt(net::ConnectResult result);
  bool enter_budget();
  void leave_budget();
  void set_give_up_time();
  std::uint64_t end_of(config::Duration duration) const;
  std::uint64_t wait_ends_ms() const;
  bool is_past(std::uint64_t at_ms) const;
  const Upstream& upstream() const { return *service_.current; }
  const std::shared_ptr<Line::Row>& row() const {
    return attempts_ == 0 ? upstream().row : upstream().retrying_row;
  }
  metrics::ServiceSlot& counts();

  Owner& owner_;
  Context& context_;
  const Route& route_;
  ServiceState& service_;
  const net::Peer& client_;
  net::Socket& client_socket_;
  net::Socket& upstream_socket_;
  Place& service_place_;
  const std::shared_ptr<metrics::ServiceCells> cells_;

  balance::Tried tried_;
  registry::LoadToken token_;  // of the attempt under way
  Place seat_;                 // among those that the listener holds, or in the service's queue
  std::uint64_t held_until_ms_ = 0;         // 0: it was not
  std::uint64_t queued_until_ms_ = 0;       // 0: it was not
  std::uint64_t attempt_ends_ms_ = kNever;  // of the attempt under way
  std::uint64_t give_up_at_ms_;
  std::uint64_t attempt_began_ns_ = 0;
  std::uint32_t attempts_ = 0;
  std::uint32_t retries_ = 0;
  bool holds_budget_ = false;
  bool dialing_ = false;
  Wait wait_ = Wait::none;
  net::ConnectResult last_result_ = net::ConnectResult::ok;  // of a failed attempt
  std::optional<metrics::CloseReason> closed_early_;         // how, if that is what failed
  bool found_nobody_ = false;                                // the last pick
  int last_error_ = 0;
};

}  // namespace sluice::session
