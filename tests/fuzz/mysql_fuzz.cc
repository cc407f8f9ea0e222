// What answers to a check of type mysql.
#include "proxy/health/mysql.h"

#include "tests/fuzz/judge.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::require_judged_alike(&sluice::health::judge_mysql,
                                     sluice::fuzz::text_of(data, size));
  return 0;
}
