// Short connections, so many at a time: connect, send a message, have it back, close, begin anew.
// Or so many a second, of which no more than so many at a time.
//
// An operation is timed from before connect(2) until its answer is there.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "bench/load/client.h"
#include "bench/load/pacer.h"
#include "bench/load/workload.h"

namespace sluice::bench {

class Connect final : public Workload, public Client::Owner {
 public:
  Connect(Poll& poll, Tally& tally, const sockaddr_in& target, std::size_t in_flight,
          std::size_t message_size, double rate = 0);

  bool is_ready() const override { return answers_ >= clients_.size(); }
  void finish() override { is_finishing_ = true; }
  std::uint64_t unanswered() const override { return count_waiting(clients_); }

 private:
  void on_answer(Client& client) override;
  void on_failure(Client& client) override { on_free(client); }
  void on_free(Client& client);
  void on_due();
  void open(Client& client);

  sockaddr_in target_;
  Clients clients_;
  std::vector<Client*> free_;  // at a rate: who has nothing to do
  std::uint64_t owed_ = 0;     // or how many should have begun and found nobody
  std::uint64_t opened_ = 0;
  std::uint64_t answers_ = 0;
  bool is_finishing_ = false;
  std::optional<Pacer> pacer_;
};

}  // namespace sluice::bench
