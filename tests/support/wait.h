// Waiting: always for something, never for ever.
//
// Tests wait for a condition and give up at a deadline; none waits for a time to pass. Durations
// are measured with a Stopwatch, on the steady clock. Any thread.
#pragma once

#include <chrono>
#include <cstdlib>
#include <functional>

namespace sluice::test {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

// Whether a sanitizer makes slow and large what is tested: this program, or the binary that it
// starts (see integration/main.cc).
inline const bool kSanitized =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#else
    std::getenv("SLUICE_SANITIZED_BINARY") != nullptr;
#endif

// How long a test waits for what ought to happen at once, before it calls it missing.
inline const Milliseconds kPatience = kSanitized ? 30s : 10s;

// Full sizes instead of the short forms: SLUICE_TEST_LONG=1.
bool is_long_run();
template <class T>
T size_of_run(T brief, T full) {
  return is_long_run() ? full : brief;
}

class Deadline {
 public:
  explicit Deadline(Milliseconds within) : at_(Clock::now() + within) {}
  bool has_passed() const { return Clock::now() >= at_; }
  int poll_timeout() const;  // what is left, in ms for poll(2), rounded up; 0 once it has passed

 private:
  Clock::time_point at_;
};

class Stopwatch {
 public:
  Milliseconds elapsed() const {
    return std::chrono::duration_cast<Milliseconds>(Clock::now() - start_);
  }
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  Clock::time_point start_ = Clock::now();
};

// Looks every few milliseconds until `holds`, or the deadline has passed; returns what it saw last.
bool eventually(const std::function<bool()>& holds, Milliseconds within = kPatience);

// Waits until the value has stayed the same for so long; false if it never does.
bool settles(const std::function<double()>& value, Milliseconds quiet = 200ms,
             Milliseconds within = kPatience);

// Lets the processor go until the next look at a condition, or until `at_most` is over.
void pause_between_looks(Milliseconds at_most = 2ms);

}  // namespace sluice::test
