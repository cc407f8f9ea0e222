// Short connections, so many at a time: connect, send a message, have it back, close, begin anew.
//
// An operation is timed from before connect(2) until its answer is there.
#pragma once

#include <cstddef>

#include "bench/load/client.h"
#include "bench/load/workload.h"

namespace sluice::bench {

class Connect final : public Workload, public Client::Owner {
 public:
  Connect(Poll& poll, Tally& tally, const sockaddr_in& target, std::size_t in_flight,
          std::size_t message_size);

  bool is_ready() const override { return answers_ >= clients_.size(); }
  void finish() override { is_finishing_ = true; }
  std::uint64_t unanswered() const override { return count_waiting(clients_); }

 private:
  void on_answer(Client& client) override;
  void on_failure(Client& client) override { open(client); }
  void open(Client& client);

  sockaddr_in target_;
  Clients clients_;
  std::uint64_t opened_ = 0;
  std::uint64_t answers_ = 0;
  bool is_finishing_ = false;
};

}  // namespace sluice::bench
