#include "proxy/client/pauses.h"

#include "config/config.h"
#include "proxy/session/backoff.h"

namespace sluice::client {

bool is_passing(const Answer& answer) {
  return !answer.failure.empty() || answer.status >= 500 || answer.status == 429;
}

std::uint64_t Pauses::next_ms(std::chrono::milliseconds longest) {
  config::Retry retry;
  retry.base_delay = std::chrono::milliseconds(200);
  retry.multiplier = 2;
  retry.max_delay = longest;
  return session::backoff_ms(retry, ++failures_, 0.5 + 0.5 * unit());
}

std::uint64_t Pauses::next_ms(const Answer& answer) {
  const bool is_refusal = answer.status == 400 || answer.status == 401 || answer.status == 403;
  return next_ms(is_refusal ? kLongestAfterRefusal : kLongest);
}

double Pauses::unit() {
  return std::uniform_real_distribution<double>(0, 1)(random_);
}

}  // namespace sluice::client
