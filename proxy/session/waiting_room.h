// Connections that wait for an instance to become eligible, where a listener has
// `no_instance: {action: hold}`.
//
// One a worker, on its thread. While somebody waits it looks every 5 ms at each service that is
// waited for; the moment that one has somebody to choose, all who wait for it are called, in the
// order in which they came. (Verdicts are atomics that nobody announces: a look costs one walk of
// the balancer, and nothing where nobody waits.)
#pragma once

#include <cstdint>
#include <list>
#include <map>

#include "proxy/net/loop.h"
#include "proxy/session/route.h"

namespace sluice::session {

class WaitingRoom {
 public:
  // Who waits. Leaves before it goes away.
  class Guest {
   public:
    Guest() = default;
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;
    virtual void on_called() = 0;  // it has left; may come again, and may be destroyed

   protected:
    ~Guest() = default;

   private:
    friend class WaitingRoom;
    ServiceState* waits_for_ = nullptr;  // null: it does not
    std::list<Guest*>::iterator place_;
  };

  explicit WaitingRoom(net::Loop& loop) : timer_(loop, [this] { look(); }) {}
  WaitingRoom(const WaitingRoom&) = delete;
  WaitingRoom& operator=(const WaitingRoom&) = delete;

  // `service` must outlive its guests' stay.
  void enter(Guest& guest, ServiceState& service);
  void leave(Guest& guest);  // if it is in

 private:
  static constexpr std::uint64_t kLookEveryMs = 5;

  void look();

  net::Timer timer_;
  std::map<ServiceState*, std::list<Guest*>> guests_;  // in the order in which they came
};

}  // namespace sluice::session
