#include "proxy/metrics/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>

#include "proxy/net/fd.h"

namespace sluice::metrics {
namespace {

// Field 3 (the state) and on, with the fields we read set to what their number asks for.
const std::string kFields =
    "S 1 2 3 4 5 6 7 8 9 10 1400 1500 16 17 18 19 20 21 2200 2300000 2400 18446744073709551615 "
    "26\n";

TEST(ProcessStat, ReadsItsFieldsWhateverTheProgramIsCalled) {
  const ProcessStat expected = {1400, 1500, 20, 2200, 2300000, 2400};
  for (const char* name : {"sluice", "", "a b", "a) R 1 2 3", ") (", "\n"}) {
    EXPECT_EQ(parse_process_stat("123 (" + std::string(name) + ") " + kFields), expected) << name;
  }
}

TEST(ProcessStat, IsEmptyWhenTheTextIsSomethingElse) {
  for (const char* text : {"", "123", "123 (sluice)", "123 (sluice) S 1 2 3",
                           "1 (x) S 1 2 3 4 5 6 7 8 9 10 utime 15 16 17 18 19 20 21 22 23 24"}) {
    EXPECT_FALSE(parse_process_stat(text)) << text;
  }
}

TEST(BootTime, IsTheLineOfItsName) {
  EXPECT_EQ(parse_boot_time("cpu 1 2 3\nctxt 5\nbtime 1700000000\nprocesses 9\n"), 1700000000U);
  for (const char* text :
       {"", "btime", "cpu 1\nbtimes 5\n", "cpu 1\nbtime \n", "cpu 1\nbtime x\n"}) {
    EXPECT_FALSE(parse_boot_time(text)) << text;
  }
}

TEST(Process, TellsWhatThisProcessUses) {
  const auto figures = read_process();
  ASSERT_TRUE(figures);
  const auto now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch());
  EXPECT_GT(figures->start_time_seconds, now.count() - 3600);
  EXPECT_LT(figures->start_time_seconds, now.count() + 2);
  EXPECT_GE(figures->cpu_seconds, 0);
  EXPECT_LT(figures->cpu_seconds, 3600);
  EXPECT_GT(figures->resident_bytes, 100'000U);
  EXPECT_GE(figures->virtual_bytes, figures->resident_bytes);
  EXPECT_GE(figures->threads, 1U);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(figures->max_fds, limit.rlim_cur);
}

TEST(Process, CountsOpenFilesWithoutItsOwn) {
  const auto before = read_process();
  const net::Fd one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const net::Fd two(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto after = read_process();
  ASSERT_TRUE(before && after);
  EXPECT_EQ(after->open_fds, before->open_fds + 2);
  EXPECT_GE(before->open_fds, 3U);
}

}  // namespace
}  // namespace sluice::metrics
