// Connections that carried one message and then are quiet, until each shows at the end, by another
// message, that it is still alive.
//
// So many at a time connect, lest the listener's backlog overflow.
#pragma once

#include <cstddef>

#include "bench/load/client.h"
#include "bench/load/workload.h"

namespace sluice::bench {

class Idle final : public Workload, public Client::Owner {
 public:
  Idle(Poll& poll, Tally& tally, const sockaddr_in& target, std::size_t connections);

  bool is_ready() const override { return answers_ >= clients_.size(); }
  void finish() override;
  std::uint64_t unanswered() const override { return count_waiting(clients_); }

 private:
  void on_answer(Client& client) override;
  void on_failure(Client&) override {}
  void open_next();

  sockaddr_in target_;
  Clients clients_;
  std::size_t opened_ = 0;
  std::size_t answers_ = 0;
};

}  // namespace sluice::bench
