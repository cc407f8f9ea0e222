// An instance as readers see it: one immutable value in a snapshot.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "config/frozen.h"
#include "config/own_check.h"
#include "registry/lease.h"
#include "registry/live.h"

namespace sluice::registry {

// A moment, given by the caller; the registry reads no clock. `mono_ms` only grows and is what
// decisions are made by; `wall_ms` (Unix time) is only shown.
struct Now {
  std::uint64_t mono_ms = 0;
  std::int64_t wall_ms = 0;
};

// From best to worst: the effective state is the worst of the inputs.
enum class State : std::uint8_t { up, warming, draining, down };
enum class Admin : std::uint8_t { ready, drain, maint };
// The active check's verdict. `none`: nothing is checked; `checking`: no verdict yet.
enum class CheckState : std::uint8_t { none, checking, up, down };
enum class OutlierState : std::uint8_t { none, ejected };
// The circuit breaker's (registry/breaker.h). `none`: there is none.
enum class BreakerState : std::uint8_t { none, closed, open, half_open };

std::string_view word(State state);         // "up", "warming", "draining", "down"
std::string_view word(LeaseState state);    // "none", "held", "missed", "expired"
std::string_view word(Admin admin);         // "ready", "drain", "maint"
std::string_view word(CheckState state);    // "none", "checking", "up", "down"
std::string_view word(OutlierState state);  // "none", "ejected"
std::string_view word(BreakerState state);  // "none", "closed", "open", "half_open"
std::string_view word(Verdict verdict);     // "never", "last_resort", "trial", "eligible"

// Reads a state's word, or what other systems call it: "healthy" and "passing" are up, "unhealthy"
// and "critical" down, "unknown" and "starting" warming, "stopping" draining. Nothing: no such
// word.
std::optional<State> parse_state(std::string_view word);
std::optional<Admin> parse_admin(std::string_view word);

// Each input keeps its own word; none overwrites another. The effective state is worked out of
// them.
struct Inputs {
  Admin admin = Admin::ready;
  LeaseState lease = LeaseState::none;
  State status = State::up;  // the instance's own word
  bool flapping = false;
  CheckState check = CheckState::none;
  OutlierState outlier = OutlierState::none;
  bool warming = false;  // slow start: has a part of its weight
  BreakerState breaker = BreakerState::none;
  std::uint32_t weight = 1;
  // Most have none.
  config::Text admin_reason;
  config::Text
      lease_reason;          // of an expired one: "no heartbeat for 30s, and the probe failed: ..."
  config::Text flap_reason;  // "went down too often; penalty 3200, back in 66s"
  config::Text check_reason;    // of the last verdict: "connection refused", "status 503", ...
  config::Text warming_reason;  // "for 30s"
  config::Text outlier_reason;  // "5 connect failures in a row; ejection 2, for 60s"
  config::Text breaker_reason;  // of one not closed: "open for 60s: 5 connect failures in a row"
  friend bool operator==(const Inputs&, const Inputs&) = default;
};

struct Effective {
  State state = State::up;
  config::Text reason;  // names the input that decided: "check: connection refused", "ok"
  Verdict verdict = Verdict::eligible;
  friend bool operator==(const Effective&, const Effective&) = default;
};

// One input in words, for reasons and the journal: "admin: drain: disk swap", "check: status 503",
// "outlier: 5 connect failures in a row; ...". An input without a reason of its own says its state.
std::string admin_words(const Inputs& inputs);
std::string check_words(const Inputs& inputs);
std::string outlier_words(const Inputs& inputs);
std::string breaker_words(const Inputs& inputs);
std::string lease_words(const Inputs& inputs);
std::string status_words(const Inputs& inputs);
std::string flap_words(const Inputs& inputs);
std::string slow_start_words(const Inputs& inputs);

// The one rule. As down: maint > lease expired > its own word > check > breaker open > outlier >
// flapping; then as draining: admin > its own word; as warming: checking > its own word > breaker
// half open > slow start, which takes connections; and up. Only an instance whose single faults are
// the ejection and the flapping is a last resort, and one whose breaker is half open takes trials
// if nothing else is wrong with it; one of weight 0 keeps its state and takes nothing new; one
// whose lease was missed and which is there all the same is up, and its reason says so.
Effective judge(const Inputs& inputs);

// How an instance counts when it is asked whether enough of its service are eligible
// (balance.panic).
enum class Standing : std::uint8_t {
  apart,  // nobody should: drained or in maintenance, leaving or not ready by its own word, without
          // a first verdict, of weight 0, left alone by its breaker
  unable,  // it should, and is down or a last resort
  able,    // it is eligible
};
// `verdict` as judge() has it.
Standing standing(const Inputs& inputs, Verdict verdict);

// In a panic: taken although it is down, and the reason says so.
Effective in_panic(const Effective& effective);

// Where instances come from: "static", of the configuration; "registered".
const config::Text& static_source();
const config::Text& registered_source();

struct Instance {
  config::Text id;
  config::Endpoint address;
  std::uint64_t incarnation = 0;
  std::uint32_t weight = 1;
  std::uint32_t priority = 0;
  config::Text zone;
  config::Frozen<config::Labels> labels;
  config::Frozen<config::Labels> meta;
  config::Text version;   // of the instance's software, as registered
  config::Text protocol;  // as registered
  config::Text source = static_source();
  std::uint64_t ttl_ms = 0;                    // of its lease; 0: none
  config::Text owner;                          // the token that it registered with; not shown
  config::Frozen<config::OwnCheck> own_check;  // most have none
  Inputs inputs;
  Effective effective;
  std::int64_t since_ms = 0;   // Unix time of the last change of the effective state
  std::shared_ptr<Live> live;  // never null

  // Takes new connections now. (An instance of weight 0 may be in state `up` and yet take none.)
  bool is_static() const { return source == static_source(); }
  bool is_up() const { return effective.verdict == Verdict::eligible; }
};
inline const std::string& id_of(const Instance& instance) {
  return *instance.id;
}

}  // namespace sluice::registry
