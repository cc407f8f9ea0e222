// Messages on persistent connections: each sends the next when the last has come back.
#pragma once

#include <cstddef>

#include "bench/load/client.h"
#include "bench/load/workload.h"

namespace sluice::bench {

class Echo final : public Workload, public Client::Owner {
 public:
  Echo(Poll& poll, Tally& tally, const sockaddr_in& target, std::size_t connections,
       std::size_t message_size);

  bool is_ready() const override { return answered_once_ >= clients_.size(); }
  void finish() override { is_finishing_ = true; }
  std::uint64_t unanswered() const override { return count_waiting(clients_); }

 private:
  void on_answer(Client& client) override;
  void on_failure(Client&) override {}  // it stays away, and the error is counted

  Clients clients_;
  std::size_t answered_once_ = 0;
  bool is_finishing_ = false;
};

}  // namespace sluice::bench
