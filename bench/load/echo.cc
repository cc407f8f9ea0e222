#include "bench/load/echo.h"

namespace sluice::bench {

Echo::Echo(Poll& poll, Tally& tally, const sockaddr_in& target, std::size_t connections,
           std::size_t message_size) {
  for (std::size_t n = 0; n < connections; ++n) {
    clients_.push_back(std::make_unique<Client>(poll, tally, *this, message_size));
    clients_.back()->open(target, n);
  }
}

void Echo::on_answer(Client& client) {
  if (client.messages() == 1) ++answered_once_;
  if (!is_finishing_) client.send();
}

}  // namespace sluice::bench
