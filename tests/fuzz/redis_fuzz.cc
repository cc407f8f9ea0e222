// What answers to a check of type redis.
#include "proxy/health/redis.h"

#include "tests/fuzz/judge.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::require_judged_alike(&sluice::health::judge_redis,
                                     sluice::fuzz::text_of(data, size));
  return 0;
}
