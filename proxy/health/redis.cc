#include "proxy/health/redis.h"

#include "config/printable.h"

namespace sluice::health {

std::string redis_ping() {
  return "*1\r\n$4\r\nPING\r\n";
}

Judgement judge_redis(std::string_view heard) {
  if (heard.empty()) return {};
  if (heard.front() != '+' && heard.front() != '-') return foreign("Redis", heard);
  const std::size_t end = heard.substr(0, kJudgedBytes).find("\r\n");
  if (end == heard.npos) return heard.size() < kJudgedBytes ? Judgement() : foreign("Redis", heard);
  const std::string_view line = heard.substr(0, end);
  const bool serves_others = line.starts_with("-NOAUTH ") || line.starts_with("-NOPERM ");
  std::string why = "answered " + config::in_quotes(line);
  return line == "+PONG" || serves_others ? up(std::move(why)) : down(std::move(why));
}

}  // namespace sluice::health
