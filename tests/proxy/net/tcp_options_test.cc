#include "proxy/net/tcp_options.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>

#include "tests/support/peer.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

int option(const Fd& socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  EXPECT_EQ(::getsockopt(socket.get(), level, name, &value, &size), 0);
  return value;
}

TEST(TcpOptions, AreSetAsTheOperatorSaid) {
  config::Tcp tcp;
  tcp.nodelay = true;
  tcp.keepalive = {30s, 5s, 4};
  tcp.user_timeout = 12s;
  const Fd socket = test::open_socket(AF_INET);

  set_tcp_options(socket.get(), tcp);

  EXPECT_NE(option(socket, IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_NE(option(socket, SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_KEEPIDLE), 30);
  EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_KEEPINTVL), 5);
  EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_KEEPCNT), 4);
  EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT), 12'000);
}

TEST(TcpOptions, AreTakenBackByAReload) {
  const Fd socket = test::open_socket(AF_INET);
  set_tcp_options(socket.get(), {});
  config::Tcp tcp;
  tcp.nodelay = false;
  tcp.keepalive.idle = 0s;
  tcp.user_timeout = 0s;

  set_tcp_options(socket.get(), tcp);

  EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_EQ(option(socket, SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
}

TEST(TcpOptions, ArePassedOnByAListeningSocket) {
  config::Tcp tcp;
  tcp.keepalive = {33s, 5s, 4};
  const Fd listening = test::listen_on(test::loopback(test::reserve_port()));
  set_tcp_options(listening.get(), tcp);
  const test::Peer client = test::Peer::connect(test::loopback(test::local_port(listening)));

  const Fd accepted(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));

  EXPECT_EQ(option(accepted, IPPROTO_TCP, TCP_KEEPIDLE), 33);
}

TEST(TcpOptions, MeanNothingToAUnixSocket) {
  const Fd socket = test::open_socket(AF_UNIX);
  set_tcp_options(socket.get(), {});
  EXPECT_EQ(undelivered_bytes(socket.get()), 0);
}

TEST(UndeliveredBytes, AreThoseThatTheOtherKernelHasNoRoomFor) {
  test::Acceptor acceptor(test::ListenOptions{.backlog = 16, .receive_buffer = 4096});
  test::Peer sender = test::Peer::connect(acceptor.address(), {.send_buffer = 1 << 20});
  test::Peer receiver = acceptor.accept();
  EXPECT_EQ(undelivered_bytes(sender.socket().get()), 0);

  ASSERT_TRUE(sender.try_send(std::string(256 << 10, 'x')));
  EXPECT_GT(undelivered_bytes(sender.socket().get()), 0);

  EXPECT_EQ(receiver.receive(256 << 10).size(), std::size_t{256 << 10});
  EXPECT_TRUE(test::eventually([&] { return undelivered_bytes(sender.socket().get()) == 0; }));
}

}  // namespace
}  // namespace sluice::net
