// Keeps one instance registered with a registry that may come, go and forget.
//
// Registers, reports at a third of the ttl (up to 15 % earlier, so that a thousand keepers do not
// beat at once), registers again when the registry knows it no more, and asks again after a pause
// (pauses.h) while the registry is away or refuses.
//
// An id that somebody else has taken under a later incarnation is not fought for: this one goes on
// asking until the id is free, gives the other a whole ttl to come back, and registers only if
// nobody has it by then.
//
// Belongs to the loop's thread; nothing blocks. Destroying it ends all that without a word to the
// registry: the lease runs out by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "config/config.h"
#include "proxy/client/admin_call.h"
#include "proxy/client/instance_requests.h"
#include "proxy/client/pauses.h"
#include "proxy/net/loop.h"

namespace sluice::client {

// How it stands, by the last answer.
struct Standing {
  bool is_registered = false;
  bool is_superseded = false;  // somebody else has the id
  std::string state;           // what the registry thinks: "up", ...; "": it has not said yet
  std::string reason;
  std::uint64_t connections = 0;  // through the proxy, established ones
  std::uint64_t incarnation = 0;
  std::string trouble;  // why the last request came to nothing; "": it did not
};

class LeaseKeeper {
 public:
  // Called with one line at each change: registered, forgotten, out of reach, back, gone.
  using Say = std::function<void(const std::string& line)>;
  // Called after each answer.
  using Show = std::function<void(const Standing& standing)>;

  // Requires: `said` has an id.
  LeaseKeeper(net::Loop& loop, health::Transfers& transfers, const AdminAddress& registry,
              Announcement said, Say say, Show show = {});
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  // Registers it, and keeps it so from here on.
  void take();

  // Tells the registry at once, but no sooner than kNewsEveryMs after the report before, and in
  // each later report and registration. What is empty stays as it is.
  static constexpr std::uint64_t kNewsEveryMs = 200;
  struct News {
    std::optional<std::uint32_t> weight;
    std::optional<double> load;
    std::string status;
  };
  void tell(const News& news);

  // Ends all that and deregisters; `done` is told once, in a later turn, when the registry has
  // answered, with a `drain` above 0 after the last connection has gone or the drain is over. A
  // registry that cannot answer is asked again for `patience`. A leave() before is taken over by
  // this one, and its `done` not told.
  void leave(config::Duration drain, config::Duration patience, std::function<void()> done);

  // Whether the registry may have it: a registration was sent and not refused, and it is not known
  // to be gone since. What is not there is not deregistered: it might be another process's.
  bool may_be_held() const;

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

  void on_superseded(const Answer& answer);
  void learn_from(const Answer& answer);
  void tell_trouble(const Answer& answer);
  void tell_end_of_trouble();
  void show() const;
  std::uint64_t news_delay_ms() const;
  std::uint64_t beat_delay_ms();

  net::Loop& loop_;
  Announcement said_;
  const std::string name_;  // "web/10.0.0.7:8080"
  const Say say_;
  const Show show_;
  AdminCall call_;
  net::Timer next_;  // until the next request of the stage
  Pauses pauses_;

  Stage stage_ = Stage::idle;
  bool may_be_held_ = false;
  std::uint64_t period_ms_;  // from one report to the next, at most
  std::optional<std::uint64_t> incarnation_;
  Standing standing_;  // `trouble`: what was said last, while it lasts

  Report news_;  // its weight, load and status: what tell() was told so far
  bool has_news_ = false;
  std::uint64_t reported_ms_ = 0;  // when the last report was sent

  config::Duration drain_{};
  std::uint64_t gives_up_ms_ = 0;
  std::function<void()> left_;  // while it leaves
};

}  // namespace sluice::client
