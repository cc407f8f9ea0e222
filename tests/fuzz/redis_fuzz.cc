// What answers to a check of type redis.
#include "proxy/health/redis.h"

#include "tests/fuzz/judge.h"

namespace sluice::fuzz::redis_target {

SLUICE_FUZZ_TARGET(redis) {
  require_judged_alike(&sluice::health::judge_redis, text_of(data, size));
  return 0;
}

}  // namespace sluice::fuzz::redis_target
