// A steady load of short clients beside a scenario.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/ask.h"

namespace sluice::test {

// Threads of short echo connections, one after the other, until they are told to stop.
class ShortConnections {
 public:
  ShortConnections(const Sluice& sluice, int threads) {
    for (int i = 0; i < threads; ++i)
      threads_.emplace_back([this, &sluice, i] {
        for (int n = 0; !is_over_; ++n) {
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
