// What answers to a check of type pgsql.
#include "proxy/health/pgsql.h"

#include "tests/fuzz/judge.h"

namespace sluice::fuzz::pgsql_target {

SLUICE_FUZZ_TARGET(pgsql) {
  require_judged_alike(&sluice::health::judge_pgsql, text_of(data, size));
  return 0;
}

}  // namespace sluice::fuzz::pgsql_target
