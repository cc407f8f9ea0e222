#include "bench/load/idle.h"

namespace sluice::bench {

namespace {

constexpr std::size_t kConnecting = 64;
constexpr std::size_t kMessage = 1;

}  // namespace

Idle::Idle(Poll& poll, Tally& tally, const sockaddr_in& target, std::size_t connections)
    : target_(target) {
  for (std::size_t n = 0; n < connections; ++n)
    clients_.push_back(std::make_unique<Client>(poll, tally, *this, kMessage));
  for (std::size_t n = 0; n < kConnecting; ++n) open_next();
}

void Idle::finish() {
  for (const auto& client : clients_)
    if (client->is_open()) client->send();
}

void Idle::on_answer(Client&) {
  ++answers_;
  open_next();
}

void Idle::open_next() {
  if (opened_ == clients_.size()) return;
  const std::size_t n = opened_++;
  clients_[n]->open(target_, n);
}

}  // namespace sluice::bench
