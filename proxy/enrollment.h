// The control loop's side of what clients ask of the registry: whether it may be done, having it
// done, kept and published, and the answer when all that was asked for has come true.
//
// Control loop only; answers may come on any thread. An answer that still waits for something when
// this is destroyed never comes.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/admin/control.h"
#include "proxy/keeper.h"
#include "proxy/net/loop.h"
#include "registry/access/address_policy.h"
#include "registry/access/bounds.h"
#include "registry/registry.h"

namespace sluice {

class Enrollment {
 public:
  struct Surroundings {
    registry::Registry& registry;
    Keeper& keeper;
    net::Loop& loop;
    std::function<registry::Now()> now;
    // Tells `done`, in a later call, when every worker goes by the registry as of `index`.
    std::function<void(std::uint64_t index, std::function<void()> done)> when_applied;
    // How long connections of a removed instance of the service may go on.
    std::function<config::Duration(const std::string& service)> drain_of;
  };
  explicit Enrollment(Surroundings around);
  Enrollment(const Enrollment&) = delete;
  Enrollment& operator=(const Enrollment&) = delete;

  // Which addresses may be registered follows from the configuration and this machine's addresses.
  void reconfigure(const config::Config& config);

  void enroll(const registry::Registration& registration, const admin::EnrollWish& wish,
              admin::Answered done);
  void beat(const std::string& service, const std::string& id, const registry::Beat& beat,
            admin::Answered done);
  void leave(const std::string& service, const std::string& id, const admin::LeaveWish& wish,
             admin::Answered done);
  void set_admin(const std::string& service, const std::string& id, const registry::AdminWish& wish,
                 admin::Answered done);

  // Readers see all that was done so far: who only waits for that, and for the store, is answered.
  void on_shown();

 private:
  // One answer, given when everything that it waits for has come true. The store's word comes on
  // another thread.
  class Pending;
  struct Leaving {
    std::shared_ptr<registry::Live> live;
    std::uint64_t until_ms;
    std::shared_ptr<Pending> pending;
  };

  bool is_refused(const registry::Registration& registration, admin::WriteAnswer& answer) const;
  std::optional<std::string> why_not_probed(const registry::Registration& registration) const;
  void keep(const std::shared_ptr<Pending>& pending);
  void show(std::shared_ptr<Pending> pending);
  void await_drain(const std::shared_ptr<registry::Live>& live, config::Duration drain,
                   const std::shared_ptr<Pending>& pending);
  void look_for_left();

  const Surroundings around_;
  access::AddressPolicy policy_;
  const access::Bounds bounds_;
  net::Timer leaving_timer_;
  std::vector<std::shared_ptr<Pending>> not_shown_;
  std::list<Leaving> leaving_;
};

}  // namespace sluice
