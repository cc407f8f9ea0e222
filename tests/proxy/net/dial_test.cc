#include "proxy/net/dial.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <set>
#include <string>

#include "tests/proxy/net/run_loop.h"
#include "tests/support/peer.h"

namespace sluice::net {
namespace {

using test::run_until;

SocketAddress address(const std::string& text) {
  std::string why;
  const auto parsed = config::Endpoint::parse(text, why);
  EXPECT_TRUE(parsed) << why;
  return SocketAddress(parsed.value_or(config::Endpoint{}));
}

// Dials as a Connector does: waits until the socket is writable, then asks for the outcome.
class DialTest : public ::testing::Test, public Pollable {
 public:
  void on_ready() override {}

 protected:
  ConnectResult connect(const std::string& to) {
    Dial dial = net::dial(address(to));
    error = dial.error;
    if (dial.result != ConnectResult::ok) return dial.result;
    return outcome(std::move(dial.socket), to, [this] { return socket.writable; });
  }
  ConnectResult outcome(Fd connecting, const std::string& to,
                        const std::function<bool()>& is_over) {
    EXPECT_TRUE(socket.open(poller, std::move(connecting), *this));
    EXPECT_TRUE(run_until(loop, is_over));
    return dial_outcome(socket, address(to), error);
  }

  Loop loop;
  Poller poller{loop};
  Socket socket;
  int error = -1;
};

TEST_F(DialTest, ConnectsToWhoeverListens) {
  test::Acceptor instance;
  EXPECT_EQ(connect(instance.address()), ConnectResult::ok);
  EXPECT_EQ(error, 0);
}

TEST_F(DialTest, TheSocketIsNonBlockingAndNotHandedOnToChildren) {
  test::Acceptor instance;
  const Dial dialled = dial(address(instance.address()));
  ASSERT_TRUE(dialled.socket);
  EXPECT_NE(::fcntl(dialled.socket.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(dialled.socket.get(), F_GETFD) & FD_CLOEXEC, 0);
}

int quick_acks(int fd) {
  int value = -1;
  socklen_t size = sizeof(value);
  EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &value, &size), 0);
  return value;
}

TEST_F(DialTest, WhereWeBeginAcknowledgementsAreQuickFromTheFirstWriteOn) {
  using Acks = Socket::Acks;
  test::Acceptor instance;
  for (const Begins begins : {Begins::they, Begins::we}) {
    Dial dialled = dial(address(instance.address()), begins);
    ASSERT_TRUE(dialled.socket);
    EXPECT_EQ(dialled.acks, begins == Begins::we ? Acks::late : Acks::usual);
    socket.acks = dialled.acks;
    ASSERT_EQ(
        outcome(std::move(dialled.socket), instance.address(), [this] { return socket.writable; }),
        ConnectResult::ok);
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(::send(socket.fd(), "x", 1, 0), 1);
      socket.after_write();
      EXPECT_EQ(quick_acks(socket.fd()), 1);
    }
    EXPECT_EQ(socket.acks, begins == Begins::we ? Acks::kept_quick : Acks::usual);
    for (int i = 0; i < 5; ++i) socket.after_write();
    EXPECT_EQ(socket.acks, Acks::usual) << "no longer than for the first eight writes";
    EXPECT_EQ(instance.accept().receive(3), "xxx");
    socket.close();
  }
}

TEST_F(DialTest, AUnixSocketHasNoAcknowledgementsToWait) {
  const std::string path = "unix:" + ::testing::TempDir() + "/no-such-socket";
  EXPECT_EQ(dial(address(path), Begins::we).acks, Socket::Acks::usual);
}

TEST_F(DialTest, IsRefusedWhereNobodyListens) {
  const test::DeadEnd dead_end;
  EXPECT_EQ(connect(dead_end.address()), ConnectResult::refused);
  EXPECT_EQ(error, ECONNREFUSED);
}

TEST_F(DialTest, IsRefusedWhereNoUnixSocketIs) {
  const std::string path = "unix:" + ::testing::TempDir() + "/no-such-socket";
  EXPECT_EQ(connect(path), ConnectResult::refused);
  EXPECT_EQ(error, ENOENT);
}

TEST_F(DialTest, StaysUnderWayWhileNothingAnswers) {
  const test::BlackHole hole;
  Dial dialled = dial(address(hole.address()));
  EXPECT_EQ(dialled.result, ConnectResult::ok);
  ASSERT_TRUE(socket.open(poller, std::move(dialled.socket), *this));
  test::run_turns(loop, 20);
  EXPECT_FALSE(socket.writable);
}

TEST_F(DialTest, AResetRightAfterTheHandshakeIsTold) {
  test::Acceptor instance;
  Dial dialled = dial(address(instance.address()));
  ASSERT_EQ(dialled.result, ConnectResult::ok);
  instance.accept().reset();
  EXPECT_EQ(
      outcome(std::move(dialled.socket), instance.address(), [this] { return socket.failed; }),
      ConnectResult::reset);
  EXPECT_EQ(error, ECONNRESET);
}

TEST_F(DialTest, AnInstanceThatSpokeBeforeItsResetWasReached) {
  test::Acceptor instance;
  Dial dialled = dial(address(instance.address()));
  ASSERT_EQ(dialled.result, ConnectResult::ok);
  test::Peer speaker = instance.accept();
  speaker.send("last words");
  speaker.reset();
  EXPECT_EQ(
      outcome(std::move(dialled.socket), instance.address(), [this] { return socket.failed; }),
      ConnectResult::ok);
  char heard[16];
  EXPECT_EQ(::recv(socket.fd(), heard, sizeof(heard), 0), 10);
}

TEST_F(DialTest, AnInstanceThatHasFinishedAlreadyIsConnectedAllTheSame) {
  test::Acceptor instance;
  Dial dialled = dial(address(instance.address()));
  ASSERT_EQ(dialled.result, ConnectResult::ok);
  instance.accept().close();
  EXPECT_EQ(outcome(std::move(dialled.socket), instance.address(),
                    [this] { return socket.peer_finished; }),
            ConnectResult::ok);
}

// The kernel may draw the target's own port for the connecting socket. Here it is made to: the
// socket is bound to a free ephemeral port and connected to it.
TEST_F(DialTest, ASocketThatIsConnectedToItselfIsFoundOut) {
  Fd itself(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  SocketAddress own = address("127.0.0.1:0");
  ASSERT_EQ(::bind(itself.get(), own.get(), own.size()), 0);
  ASSERT_EQ(::getsockname(itself.get(), own.get(), own.size_for_kernel()), 0);
  ASSERT_TRUE(::connect(itself.get(), own.get(), own.size()) == 0 || errno == EINPROGRESS);

  EXPECT_EQ(outcome(std::move(itself), own.endpoint().text(), [this] { return socket.writable; }),
            ConnectResult::self_connect);
}

TEST_F(DialTest, WithoutDescriptorsItIsOurOwnShortage) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Dial dialled = dial(address("127.0.0.1:1"));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);

  EXPECT_EQ(dialled.result, ConnectResult::no_fds);
  EXPECT_EQ(dialled.error, EMFILE);
  EXPECT_FALSE(dialled.socket);
}

// --- Words for errors

TEST(ConnectErrors, AreClassified) {
  struct Case {
    int error;
    ConnectResult result;
    bool is_instances_fault;
  };
  const Case cases[] = {
      {0, ConnectResult::ok, false},
      {ECONNREFUSED, ConnectResult::refused, true},
      {ENOENT, ConnectResult::refused, true},
      {EAGAIN, ConnectResult::refused, true},
      {ETIMEDOUT, ConnectResult::timeout, true},
      {EHOSTUNREACH, ConnectResult::unreachable, true},
      {ENETUNREACH, ConnectResult::unreachable, true},
      {EHOSTDOWN, ConnectResult::unreachable, true},
      {ECONNRESET, ConnectResult::reset, true},
      {EPIPE, ConnectResult::reset, true},
      {EADDRNOTAVAIL, ConnectResult::no_ports, false},
      {EADDRINUSE, ConnectResult::no_ports, false},
      {EMFILE, ConnectResult::no_fds, false},
      {ENFILE, ConnectResult::no_fds, false},
      {ENOBUFS, ConnectResult::no_fds, false},
      {ENOMEM, ConnectResult::no_fds, false},
      {EACCES, ConnectResult::error, true},
      {EPERM, ConnectResult::error, true},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(classify_connect_error(each.error), each.result) << each.error;
    EXPECT_EQ(is_instances_fault(each.result), each.is_instances_fault) << each.error;
  }
  EXPECT_TRUE(is_instances_fault(ConnectResult::self_connect));
  EXPECT_FALSE(is_instances_fault(ConnectResult::cancelled));
}

TEST(ConnectErrors, EachHasAWordOfItsOwn) {
  std::set<std::string_view> words;
  for (std::size_t i = 0; i < kConnectResults; ++i)
    words.insert(word(static_cast<ConnectResult>(i)));
  EXPECT_EQ(words.size(), kConnectResults);
  EXPECT_EQ(word(ConnectResult::ok), "ok");
  EXPECT_EQ(word(ConnectResult::self_connect), "self_connect");
  EXPECT_EQ(word(ConnectResult::cancelled), "cancelled");
}

}  // namespace
}  // namespace sluice::net
