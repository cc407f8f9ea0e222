#include "proxy/health/redis.h"

#include <gtest/gtest.h>

#include "tests/proxy/health/judged.h"

namespace sluice::health {
namespace {

TEST(Redis, IsAskedAsTheProtocolWantsIt) {
  EXPECT_EQ(redis_ping(), "*1\r\n$4\r\nPING\r\n");
}

// The error lines are those of Redis 7.0.15.
TEST(Redis, IsJudgedByItsLine) {
  const std::string long_line(kJudgedBytes, 'x');
  const Answer table[] = {
      {"", "open"},
      {"+PONG", "open"},
      {"+PONG\r", "open"},
      {"+PONG\r\n", "up: answered \"+PONG\""},
      {"+PONG\r\n-ERR\r\n", "up: answered \"+PONG\""},
      {"-NOAUTH Authentication required.\r\n", "up: answered \"-NOAUTH Authentication required.\""},
      {"-NOPERM this user has no permissions to run the 'ping' command\r\n",
       "up: answered \"-NOPERM this user has no permissions to run the 'ping' comma...\""},
      {"-NOAUTHORITY\r\n", "down: answered \"-NOAUTHORITY\""},
      {"-LOADING Redis is loading the dataset in memory\r\n",
       "down: answered \"-LOADING Redis is loading the dataset in memory\""},
      {"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
       "down: answered \"-MASTERDOWN Link with MASTER is down and replica-serve-stale...\""},
      {"-ERR max number of clients reached\r\n",
       "down: answered \"-ERR max number of clients reached\""},
      {"+PONGO\r\n", "down: answered \"+PONGO\""},
      {"+pong\r\n", "down: answered \"+pong\""},
      {"+\r\n", "down: answered \"+\""},
      {"+P\nO\x1b[1mNG\r\n", "down: answered \"+P\\nO\\x1b[1mNG\""},
      {"$4\r\nPONG\r\n", "down: no answer of Redis: \"$4\\r\\nPONG\\r\\n\""},
      {"HTTP/1.1 400 Bad Request\r\n",
       "down: no answer of Redis: \"HTTP/1.1 400 Bad Request\\r\\n\""},
      {std::string(4, '\0'), "down: no answer of Redis: \"\\x00\\x00\\x00\\x00\""},
      {"+" + long_line.substr(2), "open"},
      {"+" + long_line.substr(1),
       "down: no answer of Redis: "
       "\"+xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\""},
      {"+" + long_line + "\r\n",
       "down: no answer of Redis: "
       "\"+xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\""},
  };
  for (const auto& [bytes, expected] : table) EXPECT_EQ(judged(&judge_redis, bytes), expected);
}

}  // namespace
}  // namespace sluice::health
