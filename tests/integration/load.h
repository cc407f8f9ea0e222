// A steady load of short clients beside a scenario.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/ask.h"
#include "tests/support/wait.h"

namespace sluice::test {

// Threads of short echo connections, one after the other, until they are told to stop: as fast as
// they go, or so many a second, all threads together.
class ShortConnections {
 public:
  ShortConnections(const Sluice& sluice, int threads, double a_second = 0) {
    const auto pace = std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(a_second > 0 ? threads / a_second : 0));
    for (int i = 0; i < threads; ++i)
      threads_.emplace_back([this, &sluice, i, pace] {
        const Clock::time_point start = Clock::now();
        for (int n = 0; !is_over_; ++n) {
          std::this_thread::sleep_until(start + n * pace);
          const bool is_served = round(sluice, std::to_string(i) + " " + std::to_string(n));
          if (!is_served) ++failed_;
          ++made_;
        }
      });
  }
  ~ShortConnections() { stop(); }

  void stop() {
    is_over_ = true;
    for (std::thread& thread : threads_)
      if (thread.joinable()) thread.join();
  }
  int made() const { return made_; }
  int failed() const { return failed_; }

 private:
  static bool round(const Sluice& sluice, const std::string& text) {
    try {
      Peer client = sluice.connect();
      return echoes(client, text);
    } catch (const std::exception&) {
      return false;
    }
  }

  std::atomic<bool> is_over_{false};
  std::atomic<int> made_{0}, failed_{0};
  std::vector<std::thread> threads_;
};

}  // namespace sluice::test
