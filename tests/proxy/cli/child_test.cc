#include "proxy/cli/child.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <csignal>
#include <string>
#include <vector>

namespace sluice::cli {
namespace {

bool is_readable(int fd, int timeout_ms) {
  pollfd look{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&look, 1, timeout_ms) == 1;
}

constexpr int kPatienceMs = 20'000;

struct End {
  std::vector<std::string> program;
  int exit_code;
};

class ChildEnd : public testing::TestWithParam<End> {};

TEST_P(ChildEnd, IsToldByADescriptor) {
  Child child(GetParam().program);
  ASSERT_TRUE(is_readable(child.end(), kPatienceMs)) << "nobody has watched SIGCHLD";
  EXPECT_EQ(child.reap(), GetParam().exit_code);
  EXPECT_EQ(child.reap(), GetParam().exit_code) << "asked again";
}

INSTANTIATE_TEST_SUITE_P(HoweverItEnds, ChildEnd,
                         testing::Values(End{{"true"}, 0}, End{{"sh", "-c", "exit 3"}, 3},
                                         End{{"sh", "-c", "kill -9 $$"}, 128 + 9}));

TEST(Child, HasNotEndedWhileItRuns) {
  Child child({"sleep", "60"});
  EXPECT_FALSE(is_readable(child.end(), 0));
  EXPECT_EQ(child.reap(), std::nullopt);
  child.signal(SIGTERM);
  ASSERT_TRUE(is_readable(child.end(), kPatienceMs));
  EXPECT_EQ(child.reap(), 128 + SIGTERM);
}

}  // namespace
}  // namespace sluice::cli
