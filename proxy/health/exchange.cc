#include "proxy/health/exchange.h"

#include <cassert>
#include <utility>

#include "config/printable.h"
#include "proxy/health/body_search.h"
#include "proxy/health/mysql.h"
#include "proxy/health/pgsql.h"
#include "proxy/health/redis.h"

namespace sluice::health {

namespace {

Exchange judged_by(Judge judge, std::string opening) {
  const auto hear = [judge, heard = std::string()](std::string_view piece) mutable {
    heard += piece;
    return judge(heard);
  };
  return {std::move(opening), kJudgedBytes, "", hear};
}

// An empty text is found in the first byte.
Exchange expecting(const config::Check& check) {
  const std::string quoted = config::in_quotes(check.expect);
  const auto hear = [search = BodySearch(check.expect), quoted](std::string_view piece) mutable {
    search.take(piece);
    if (search.found()) return up(quoted == "\"\"" ? "answered" : "answered " + quoted);
    return search.is_full() ? down("the first 64 KiB lack " + quoted) : Judgement();
  };
  const std::string wanted = check.expect.empty() ? "" : ", wanted " + quoted;
  return {check.send, BodySearch::kLimit, wanted, hear};
}

}  // namespace

bool has_exchange(config::CheckType type) {
  using enum config::CheckType;
  return type == send_expect || type == redis || type == pgsql || type == mysql;
}

Exchange make_exchange(const config::Check& check) {
  switch (check.type) {
    case config::CheckType::redis:
      return judged_by(&judge_redis, redis_ping());
    case config::CheckType::pgsql:
      return judged_by(&judge_pgsql, pgsql_startup());
    case config::CheckType::mysql:
      return judged_by(&judge_mysql, "");
    default:
      assert(check.type == config::CheckType::send_expect);
      return expecting(check);
  }
}

}  // namespace sluice::health
