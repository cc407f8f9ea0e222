#include "bench/load/connect.h"

namespace sluice::bench {

Connect::Connect(Poll& poll, Tally& tally, const sockaddr_in& target, std::size_t in_flight,
                 std::size_t message_size, double rate)
    : target_(target) {
  if (rate > 0) pacer_.emplace(poll, rate, [this](Nanoseconds) { on_due(); });
  for (std::size_t n = 0; n < in_flight; ++n) {
    clients_.push_back(std::make_unique<Client>(poll, tally, *this, message_size));
    on_free(*clients_.back());
  }
}

void Connect::on_answer(Client& client) {
  ++answers_;
  client.close();
  on_free(client);
}

void Connect::on_free(Client& client) {
  if (pacer_ && owed_ == 0) return free_.push_back(&client);
  if (pacer_) --owed_;
  open(client);
}

void Connect::on_due() {
  if (free_.empty()) return static_cast<void>(++owed_);
  Client& client = *free_.back();
  free_.pop_back();
  open(client);
}

void Connect::open(Client& client) {
  if (!is_finishing_) client.open(target_, opened_++);
}

}  // namespace sluice::bench
