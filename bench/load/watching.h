// Watchers of one service, and changes of it: an operation is one change, from before the request
// for it is sent until the last watcher has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/exchange.h"
#include "bench/load/script.h"
#include "bench/load/workload.h"

namespace sluice::bench {

class Watching final : public Workload, public Exchange::Owner {
 public:
  Watching(Poll& poll, Tally& tally, const sockaddr_in& target, Registry registry,
           std::size_t watchers);
  ~Watching() override;

  bool is_ready() const override { return round_ > 1; }
  void finish() override { is_finishing_ = true; }
  std::uint64_t unanswered() const override { return left_; }

 private:
  class Watcher;

  void on_open(Exchange&) override { change(); }
  void on_answer(Exchange&) override {}
  void on_failure(Exchange&) override {}
  void on_seen();
  void on_lost(const std::string& what);
  void change();

  Poll& poll_;
  Tally& tally_;
  Tally of_requests_;  // whose answers are another matter
  const sockaddr_in target_;
  const Registry registry_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::unique_ptr<Exchange> exchange_;
  std::string mark_;  // what the change of this round shows
  std::uint64_t round_ = 0;
  std::size_t left_ = 0;  // watchers that do not have it yet
  Nanoseconds began_ = 0;
  bool is_finishing_ = false;
};

}  // namespace sluice::bench
