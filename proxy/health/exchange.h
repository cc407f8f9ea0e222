// What a check says on its connection and how it judges the answer, for the types send_expect,
// redis, pgsql and mysql. No I/O: ExchangeProbe carries the bytes.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "proxy/health/judgement.h"

namespace sluice::health {

struct Exchange {
  std::string opening;    // said first; "": the instance begins
  std::size_t limit = 0;  // bytes of the answer that are read at most
  std::string wanted;     // for people, behind an answer that broke off: `, wanted "+OK"`
  // Hears the next piece of the answer. Its words are all that answer what was heard so far, the
  // opening not among them. Not open once `limit` bytes were heard.
  std::function<Judgement(std::string_view piece)> hear;
};

bool has_exchange(config::CheckType type);
// Requires: has_exchange(check.type); `check` outlives the exchange.
Exchange make_exchange(const config::Check& check);

}  // namespace sluice::health
