// What answers to a check of type send_expect: the text that is wanted, up to a NUL, then the
// answer, torn after as many bytes as its first one says, and again and again.
#include <algorithm>
#include <string>

#include "proxy/health/body_search.h"
#include "proxy/health/exchange.h"
#include "tests/fuzz/fuzz.h"

namespace sluice::fuzz::send_expect_target {

using namespace sluice;
using health::Judgement;

SLUICE_FUZZ_TARGET(send_expect) {
  std::string_view rest = text_of(data, size);
  config::Check check;
  check.type = config::CheckType::send_expect;
  check.expect = next_text(rest);
  if (rest.empty()) return 0;
  const std::size_t step = static_cast<std::uint8_t>(rest.front()) + 1u;

  health::Exchange exchange = health::make_exchange(check);
  require(exchange.limit == health::BodySearch::kLimit, "the bound is that of the search");
  const std::string_view heard = rest.substr(0, exchange.limit);
  Judgement judged;
  for (std::size_t at = 0; at < heard.size() && judged.state == Judgement::State::open;
       at += step) {
    judged = exchange.hear(heard.substr(at, step));
  }
  const bool is_there = heard.find(check.expect) != heard.npos;
  require((judged.state == Judgement::State::up) == is_there,
          "what is there is found, torn or not");
  require((judged.state == Judgement::State::down) == (!is_there && heard.size() == exchange.limit),
          "it is given up at its bound");
  if (judged.state != Judgement::State::open) require_message(judged.why, 400);
  return 0;
}

}  // namespace sluice::fuzz::send_expect_target
