#include "proxy/net/listen_socket.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "tests/support/peer.h"

namespace sluice::net {
namespace {

using ::testing::HasSubstr;

config::Endpoint place(const std::string& text) {
  std::string why;
  const auto parsed = config::Endpoint::parse(text, why);
  EXPECT_TRUE(parsed) << why;
  return parsed.value_or(config::Endpoint{});
}

std::string refusal(const std::string& address, bool ours = false) {
  try {
    ListenSocket::bind(place(address), 1, ours)->listen(16, {});
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

// A unix path in a directory of its own.
class UnixPath : public ::testing::Test {
 protected:
  UnixPath() {
    std::string pattern = ::testing::TempDir() + "/sluice-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~UnixPath() override {
    ::unlink(path().c_str());
    ::rmdir(directory_.c_str());
  }
  std::string path() const { return directory_ + "/s"; }
  std::string address() const { return "unix:" + path(); }
  bool exists() const { return ::access(path().c_str(), F_OK) == 0; }

 private:
  std::string directory_;
};

TEST(ListenSocket, IsOpenToClientsOnlyOnceItListens) {
  const auto socket = ListenSocket::bind(place("127.0.0.1:0"), 2, false);
  const std::string address = socket->endpoint().text();
  EXPECT_EQ(test::connect_error(address), ECONNREFUSED);

  socket->listen(16, {});

  EXPECT_EQ(test::connect_error(address), 0);
}

TEST(ListenSocket, WorkersShareThePortThatTheKernelGave) {
  const auto socket = ListenSocket::bind(place("127.0.0.1:0"), 3, false);
  socket->listen(16, {});
  const std::string address = socket->endpoint().text();
  EXPECT_NE(socket->endpoint().port, 0);

  socket->close(0);
  socket->close(1);
  EXPECT_EQ(socket->fd(0), -1);
  EXPECT_EQ(test::connect_error(address), 0);  // the third is still there
  socket->close(2);
  EXPECT_EQ(test::connect_error(address), ECONNREFUSED);
}

TEST(ListenSocket, AnAddressThatSomebodyListensOnIsRefused) {
  const auto first = ListenSocket::bind(place("127.0.0.1:0"), 2, false);
  first->listen(16, {});
  const std::string address = first->endpoint().text();

  EXPECT_EQ(refusal(address), "cannot listen on " + address + ": the address is in use");
  EXPECT_EQ(refusal(address, true), "");  // ours, about to let go
}

TEST(ListenSocket, AnAddressOfAnotherMachineIsRefused) {
  EXPECT_EQ(refusal("192.0.2.1:80"),
            "cannot listen on 192.0.2.1:80: this machine has no such address");
}

TEST_F(UnixPath, IsListenedOnAndRemovedAtTheEnd) {
  {
    const auto socket = ListenSocket::bind(place(address()), 2, false);
    socket->listen(16, {});
    EXPECT_EQ(test::connect_error(address()), 0);
    EXPECT_NE(socket->fd(0), socket->fd(1));
  }
  EXPECT_FALSE(exists());
}

TEST_F(UnixPath, AStaleSocketIsReplaced) {
  {
    const test::Fd left_behind = test::listen_on(address());
  }
  ASSERT_TRUE(exists());
  EXPECT_EQ(refusal(address()), "");
}

TEST_F(UnixPath, ASocketThatAnswersIsRefused) {
  const test::Fd alive = test::listen_on(address());
  EXPECT_THAT(refusal(address()), HasSubstr("the address is in use"));
  EXPECT_EQ(test::connect_error(address()), 0);  // and is left alone
}

TEST_F(UnixPath, AFileThatIsNoSocketIsNotTouched) {
  const Fd file(::open(path().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  EXPECT_THAT(refusal(address()), HasSubstr("a file that is not a socket"));
  EXPECT_TRUE(exists());
}

TEST_F(UnixPath, APathThatSomebodyElseTookOverIsNotRemoved) {
  {
    const auto ours = ListenSocket::bind(place(address()), 1, false);
    ASSERT_EQ(::rename(path().c_str(), (path() + "2").c_str()), 0);
    test::listen_on(address()).reset();
  }
  EXPECT_TRUE(exists());
  ::unlink((path() + "2").c_str());
}

}  // namespace
}  // namespace sluice::net
