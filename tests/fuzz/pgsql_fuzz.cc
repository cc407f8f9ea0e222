// What answers to a check of type pgsql.
#include "proxy/health/pgsql.h"

#include "tests/fuzz/judge.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::require_judged_alike(&sluice::health::judge_pgsql,
                                     sluice::fuzz::text_of(data, size));
  return 0;
}
