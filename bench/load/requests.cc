#include "bench/load/requests.h"

#include <algorithm>
#include <utility>

namespace sluice::bench {

Requests::Requests(Poll& poll, Tally& tally, const sockaddr_in& target, Script script,
                   Amount amount)
    : script_(std::move(script)), amount_(amount), asked_of_(amount.connections) {
  for (std::size_t n = 0; n < amount_.connections; ++n) {
    exchanges_.push_back(std::make_unique<Exchange>(poll, tally, *this, target, n));
  }
  if (amount_.rate > 0) {
    pacer_.emplace(poll, amount_.rate, [this](Nanoseconds due) { on_due(due); });
  }
}

std::uint64_t Requests::unanswered() const {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(exchanges_, [](const auto& each) { return each->is_waiting(); }));
}

void Requests::on_answer(Exchange& exchange) {
  ++answers_;
  on_free(exchange);
}

void Requests::on_free(Exchange& exchange) {
  if (!pacer_) return ask(exchange, now());
  if (late_.empty()) return free_.push_back(&exchange);
  const Nanoseconds since = late_.front();
  late_.pop_front();
  ask(exchange, since);
}

void Requests::on_due(Nanoseconds due) {
  if (is_finishing_) return;
  if (free_.empty()) return late_.push_back(due);
  Exchange& exchange = *free_.front();
  free_.pop_front();
  ask(exchange, due);
}

void Requests::ask(Exchange& exchange, Nanoseconds since) {
  if (is_finishing_ || (amount_.count != 0 && asked_ >= amount_.count)) return;
  const std::uint64_t n = amount_.first + asked_++;
  exchange.ask(script_(n, exchange.n(), asked_of_[exchange.n()]++), since);
}

}  // namespace sluice::bench
