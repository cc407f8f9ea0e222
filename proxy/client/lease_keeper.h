// Keeps one instance registered with a registry that may come, go and forget.
//
// Registers, reports at a third of the ttl (up to 15 % earlier, so that a thousand keepers do not
// beat at once), registers again when the registry knows it no more, and asks again with growing
// pauses (0.1 to 5 s) while the registry is away or refuses. An id that somebody else has taken
// under a later incarnation is not fought for.
//
// Belongs to the loop's thread; nothing blocks. Destroying it ends all that without a word to the
// registry: the lease runs out by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include "config/config.h"
#include "proxy/client/admin_call.h"
#include "proxy/client/instance_requests.h"
#include "proxy/net/loop.h"

namespace sluice::client {

class LeaseKeeper {
 public:
  // Called with one line at each change: registered, forgotten, out of reach, back, gone.
  using Say = std::function<void(const std::string& line)>;

  // Requires: `said` has an id.
  LeaseKeeper(net::Loop& loop, health::Transfers& transfers, const AdminAddress& registry,
              Announcement said, Say say);
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  // Registers it, and keeps it so from here on.
  void take();

  // Ends all that and deregisters; `done` is told once, in a later turn, when the registry has
  // answered, with a `drain` above 0 after the last connection has gone or the drain is over. A
  // registry that cannot answer is asked again for `patience`. A leave() before is taken over by
  // this one, and its `done` not told.
  void leave(config::Duration drain, config::Duration patience, std::function<void()> done);

  // Whether the registry may have it: it was taken, and is not known to be gone.
  bool may_be_held() const { return may_be_held_; }

 private:
  enum class Stage { idle, registering, holding, leaving };

  void go_on();
  void enroll();
  void on_enrolled(const Answer& answer);
  void beat();
  void on_beaten(const Answer& answer);
  void depart();
  void on_departed(const Answer& answer);
  void finish_leaving();

  void learn_from(const Answer& answer);
  void tell_trouble(const Answer& answer);
  void tell_end_of_trouble();
  std::uint64_t beat_delay_ms();
  std::uint64_t retry_delay_ms();
  double unit() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  net::Loop& loop_;
  const Announcement said_;
  const std::string name_;  // "web/10.0.0.7:8080"
  const Say say_;
  AdminCall call_;
  net::Timer next_;  // until the next request of the stage
  std::minstd_rand random_{std::random_device()()};

  Stage stage_ = Stage::idle;
  bool may_be_held_ = false;
  std::uint64_t period_ms_;  // from one report to the next, at most
  std::optional<std::uint64_t> incarnation_;
  std::uint32_t failures_ = 0;  // in a row
  std::string trouble_;         // what was said last, while it lasts

  config::Duration drain_{};
  std::uint64_t gives_up_ms_ = 0;
  std::function<void()> left_;  // while it leaves
};

}  // namespace sluice::client
