#include "proxy/net/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace sluice::net {
namespace {

Fd open_null() {
  return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}
bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(Fd, IsEmptyAtFirst) {
  const Fd fd;
  EXPECT_FALSE(fd);
  EXPECT_EQ(fd.get(), -1);
}

TEST(Fd, ClosesWhenItGoes) {
  int number = -1;
  {
    const Fd fd = open_null();
    number = fd.get();
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, MovingLeavesOneOwner) {
  Fd from = open_null();
  const int number = from.get();
  Fd to(std::move(from));
  EXPECT_FALSE(from);  // NOLINT(bugprone-use-after-move): what is asked
  EXPECT_EQ(to.get(), number);
  to.reset();
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, AssigningClosesWhatWasHeld) {
  Fd first = open_null();
  Fd second = open_null();
  const int closed = first.get();
  const int kept = second.get();
  first = std::move(second);
  EXPECT_FALSE(is_open(closed));
  EXPECT_TRUE(is_open(kept));
  EXPECT_EQ(first.get(), kept);
}

TEST(Fd, AssigningToItselfKeepsIt) {
  Fd fd = open_null();
  Fd& same = fd;
  fd = std::move(same);
  EXPECT_TRUE(fd);
  EXPECT_TRUE(is_open(fd.get()));
}

TEST(Fd, ReleaseGivesItAwayOpen) {
  Fd fd = open_null();
  const int number = fd.release();
  EXPECT_FALSE(fd);
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

}  // namespace
}  // namespace sluice::net
