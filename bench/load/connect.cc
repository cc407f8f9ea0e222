#include "bench/load/connect.h"

namespace sluice::bench {

Connect::Connect(Poll& poll, Tally& tally, const sockaddr_in& target, std::size_t in_flight,
                 std::size_t message_size)
    : target_(target) {
  for (std::size_t n = 0; n < in_flight; ++n) {
    clients_.push_back(std::make_unique<Client>(poll, tally, *this, message_size));
    open(*clients_.back());
  }
}

void Connect::on_answer(Client& client) {
  ++answers_;
  client.close();
  open(client);
}

void Connect::open(Client& client) {
  if (!is_finishing_) client.open(target_, opened_++);
}

}  // namespace sluice::bench
