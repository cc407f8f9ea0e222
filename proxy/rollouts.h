// Who waits until every worker goes by what was published. Control loop only, but for awaits().
//
// Nobody is told before the call that adds him has returned, and an end of the process tells none.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>

namespace sluice {

class Rollouts {
 public:
  using Done = std::function<void()>;

  // Told when every worker goes by a plan that shows the registry as of `index`, or by plan
  // `version`, or by a later one.
  void await_index(std::uint64_t index, Done done);
  void await_version(std::uint64_t version, Done done);

  // A plan was published that shows the registry as of `index`; to be told before the workers are.
  void on_published(std::uint64_t version, std::uint64_t index);
  // Every worker goes by `version`, or by a later one. What is told may add others.
  void on_progress(std::uint64_t version);

  // Any thread: whether somebody waits. A worker that has turned to a plan and finds nobody is
  // found by whoever looks at the workers after having been added: both are sequentially
  // consistent.
  bool awaits() const { return awaits_.load(); }

 private:
  struct Waiting {
    std::uint64_t mark;
    Done done;
  };
  void note_who_waits() { awaits_.store(!unpublished_.empty() || !published_.empty()); }

  std::deque<Waiting> unpublished_;  // by index, ascending
  std::deque<Waiting> published_;    // by version, ascending
  std::atomic<bool> awaits_{false};
};

}  // namespace sluice
