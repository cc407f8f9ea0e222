// Requests to an HTTP server over kept-alive connections: each connection asks again when it has
// its answer, or they take turns at a rate that is given.
//
// At a rate, an operation is timed from when it should have begun: what a stall holds up counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "bench/load/exchange.h"
#include "bench/load/pacer.h"
#include "bench/load/script.h"
#include "bench/load/workload.h"

namespace sluice::bench {

class Requests final : public Workload, public Exchange::Owner {
 public:
  struct Amount {
    std::size_t connections = 1;
    std::uint64_t count = 0;  // so many, and the run is over; 0: as long as it lasts
    std::uint64_t first = 0;  // the number of the first
    double rate = 0;          // a second; 0: as fast as the answers come
  };
  Requests(Poll& poll, Tally& tally, const sockaddr_in& target, Script script, Amount amount);

  bool is_ready() const override { return amount_.count != 0 || answers_ >= amount_.connections; }
  bool is_over() const override { return amount_.count != 0 && answers_ >= amount_.count; }
  void finish() override { is_finishing_ = true; }
  std::uint64_t unanswered() const override;

 private:
  void on_open(Exchange& exchange) override { on_free(exchange); }
  void on_answer(Exchange& exchange) override;
  void on_failure(Exchange&) override {}
  void on_free(Exchange& exchange);
  void on_due(Nanoseconds due);
  void ask(Exchange& exchange, Nanoseconds since);

  const Script script_;
  const Amount amount_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::vector<std::uint64_t> asked_of_;  // by connection
  std::deque<Exchange*> free_;           // at a rate: who has nothing to do ...
  std::deque<Nanoseconds> late_;         // ... or what nobody was free for
  std::uint64_t asked_ = 0;
  std::uint64_t answers_ = 0;
  bool is_finishing_ = false;
  std::optional<Pacer> pacer_;
};

}  // namespace sluice::bench
