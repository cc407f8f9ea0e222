// Whether a thread that has run out of work goes on asking for news for a few microseconds before
// it sleeps.
//
// To be put to sleep and woken costs CPU time, and on a virtual machine whose core is halted
// meanwhile several times that in latency, in the middle of somebody's question and answer. Who
// asks for about as long as sleeping would cost pays little more than the cheaper of both in any
// case (competitive spinning: Karlin, Li, Manasse and Owicki, "Empirical studies of competitive
// spinning for a shared-memory multiprocessor", SOSP 1991). What sleeping costs differs several
// times over between machines and loads, so it is measured: turns are counted in windows, and a
// window of asking is followed by another as long as
//
//   - an event costs no more CPU time, asking included, than it did (9/8 of it at most) when the
//     thread slept;
//   - the thread works for less than half of the time: otherwise it is not its waking that its
//     clients wait for;
//   - waits are short, asking included, and most turns have an event;
//   - nobody else took its core, more than a few times or for long: then a neighbour wants it.
//
// What was tried in vain is left for a while: two windows, four, up to kLongestRest, and for
// kThrottledRest if the core was gone for 20 ms, as it is when a quota of CPU time is used up. It
// is not tried before kFirstRest windows of such a load have shown what sleeping costs; after as
// many of another, that is forgotten. So a thread without much to do does not ask, nor does one
// that is busy, and one that shares its core leaves it to others.
//
// Of one thread. Reads no clock.
#pragma once

#include <cstdint>

namespace sluice::net {

class BusyPoll {
 public:
  static constexpr std::uint64_t kTurns = 64;          // of a window
  static constexpr std::uint64_t kLongestNs = 50'000;  // that a wait begins with asking
  static constexpr std::uint64_t kFirstRest = 8;       // windows
  static constexpr std::uint64_t kLongestRest = 64;
  static constexpr std::uint64_t kThrottledRest = 1024;
  // Of asking, and what sleeping costs is measured in another.
  static constexpr std::uint64_t kLookBack = 1024;

  struct Window {
    std::uint64_t wall_ns = 0;
    std::uint64_t cpu_ns = 0;      // of the thread, asking included
    std::uint64_t asked_ns = 0;    // from finding nothing until there is something or it sleeps
    std::uint64_t longest_ns = 0;  // of these; longer than kLongestNs if it lost its core meanwhile
    std::uint64_t events = 0;
    std::uint64_t preemptions = 0;
  };

  void allow(bool allowed);  // not at first
  bool is_allowed() const { return is_allowed_; }
  bool is_asking() const { return is_asking_; }
  void judge(const Window& window);

 private:
  void rest(const Window& window);
  bool pays(const Window& window);

  bool is_allowed_ = false;
  bool is_asking_ = false;
  // CPU time of an event, smoothed, when it sleeps and when it asks. 0: not known.
  std::uint64_t sleeper_ns_ = 0;
  std::uint64_t asker_ns_ = 0;
  std::uint64_t rest_ = 1;              // windows; twice that after the next that does not pay
  std::uint64_t resting_ = kFirstRest;  // windows that are left of it
  std::uint64_t asked_windows_ = 0;
};

}  // namespace sluice::net
