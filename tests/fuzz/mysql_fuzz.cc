// What answers to a check of type mysql.
#include "proxy/health/mysql.h"

#include "tests/fuzz/judge.h"

namespace sluice::fuzz::mysql_target {

SLUICE_FUZZ_TARGET(mysql) {
  require_judged_alike(&sluice::health::judge_mysql, text_of(data, size));
  return 0;
}

}  // namespace sluice::fuzz::mysql_target
