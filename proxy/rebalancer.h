// Moves long connections to instances that have come later (config::Rebalance): of those who have
// more than their share (skew.h) it has the quietest connections closed, so many a second at most,
// until they are within the bound.
//
// Control loop only. The workers are asked who is quiet, one question at a time for each service,
// and only while somebody has too many; each closes one of them only if it is as quiet still.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/skew.h"
#include "proxy/worker.h"
#include "registry/snapshot.h"

namespace sluice {

// The quietest `most` of them, the quietest first, and of each instance no more than its surplus.
std::vector<QuietOne> choose_quietest(std::vector<QuietOne> quiet,
                                      const std::vector<Surplus>& surplus, std::size_t most);

class Rebalancer {
 public:
  static constexpr std::uint64_t kLookEveryMs = 200;

  using Lives = std::vector<std::shared_ptr<registry::Live>>;
  struct Hands {
    // Asks the workers for the quietest connections of the instances that have moved nothing for so
    // long, `most` of each worker; answers on the control loop, once, or never if the process ends.
    std::function<void(Lives lives, std::uint64_t for_ms, std::size_t most,
                       std::function<void(std::vector<QuietOne>)> done)>
        find;
    // Has one closed, if it is as quiet still.
    std::function<void(const QuietOne& one, std::uint64_t for_ms)> close;
    // A service begins to be moved, or is within its bound: once each.
    std::function<void(const std::string& service, const std::vector<Surplus>& surplus)> tell;
  };

  explicit Rebalancer(Hands hands) : hands_(std::move(hands)) {}
  Rebalancer(const Rebalancer&) = delete;
  Rebalancer& operator=(const Rebalancer&) = delete;

  // Goes by this from here on.
  void adopt(const config::Config& config);
  bool has_work() const { return !moves_.empty(); }
  // To be called every kLookEveryMs while it has.
  void look(const registry::Snapshot& snapshot, std::uint64_t now_ms);

 private:
  struct Move {  // of a service
    config::Rebalance rule;
    bool is_moving = false;
    bool is_asking = false;
    std::uint64_t seen_ms = 0;
    double credit = 0;  // connections that may be closed now
  };
  void look(const std::string& name, Move& move, const registry::Service& service,
            std::uint64_t now_ms);
  void close(const std::string& name, const std::vector<Surplus>& surplus,
             std::vector<QuietOne> quiet);

  const Hands hands_;
  std::map<std::string, Move> moves_;  // by service, those that are to be rebalanced
  std::shared_ptr<bool> alive_ = std::make_shared<bool>();
};

}  // namespace sluice
