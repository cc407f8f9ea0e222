#include "proxy/net/acceptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/proxy/net/run_loop.h"
#include "tests/support/peer.h"

namespace sluice::net {
namespace {

using test::run_until;

class AcceptorTest : public ::testing::Test {
 protected:
  AcceptorTest() {
    config::Endpoint any;
    any.ip = {127, 0, 0, 1};
    socket = ListenSocket::bind(any, 1, false);
    socket->listen(4096, {});
    address = socket->endpoint().text();
  }
  void start() {
    acceptor.emplace(loop, poller, socket, 0,
                     Acceptor::Handler{[this](Fd fd, const SocketAddress& peer) {
                                         accepted.push_back(std::move(fd));
                                         peers.push_back(Peer::of(peer));
                                         return accepted.size() != held_after;
                                       },
                                       [this](int error) { starved.push_back(error); }});
  }
  std::vector<test::Peer> connect(std::size_t count) {
    std::vector<test::Peer> clients;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(test::Peer::connect(address));
    return clients;
  }

  Loop loop;
  Poller poller{loop};
  std::shared_ptr<ListenSocket> socket;
  std::string address;
  std::vector<Fd> accepted;
  std::vector<Peer> peers;
  std::vector<int> starved;
  std::size_t held_after = 0;
  std::optional<Acceptor> acceptor;
};

TEST_F(AcceptorTest, HandsOverNonBlockingSocketsWithTheirPeers) {
  start();
  const auto clients = connect(1);
  ASSERT_TRUE(run_until(loop, [&] { return accepted.size() == 1; }));
  EXPECT_NE(::fcntl(accepted[0].get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(accepted[0].get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(peers[0].text(), "127.0.0.1:" + std::to_string(clients[0].port()));
}

TEST_F(AcceptorTest, TakesAFloodInBatchesAndLosesNobody) {
  constexpr std::size_t kClients = 3 * Acceptor::kBatch + 1;
  const auto clients = connect(kClients);
  start();
  loop.turn();
  EXPECT_EQ(accepted.size(), std::size_t{Acceptor::kBatch});
  EXPECT_TRUE(run_until(loop, [&] { return accepted.size() == kClients; }));
}

TEST_F(AcceptorTest, LeavesNobodyInTheQueueWhenItCloses) {
  start();
  auto clients = connect(100);
  acceptor.reset();
  EXPECT_EQ(accepted.size(), 100u);
  EXPECT_EQ(test::connect_error(address), ECONNREFUSED);
}

TEST_F(AcceptorTest, LeavesOthersInTheQueueUntilItIsToGoOn) {
  held_after = 2;
  const auto clients = connect(5);
  start();
  EXPECT_TRUE(run_until(loop, [&] { return accepted.size() == 2; }));
  Timer sign(loop, [this] { peers.clear(); });
  sign.start(20);
  EXPECT_TRUE(run_until(loop, [&] { return peers.empty(); }));
  EXPECT_EQ(accepted.size(), 2u);
  held_after = 0;
  acceptor->go_on();
  EXPECT_TRUE(run_until(loop, [&] { return accepted.size() == 5; }));
}

TEST_F(AcceptorTest, LeavesNobodyInTheQueueWhenItClosesThoughItWasToWait) {
  held_after = 2;
  const auto clients = connect(5);
  start();
  EXPECT_TRUE(run_until(loop, [&] { return accepted.size() == 2; }));
  held_after = 4;
  acceptor.reset();
  EXPECT_EQ(accepted.size(), 5u);
}

TEST_F(AcceptorTest, PausesWithoutDescriptorsAndGoesOnWhenThereAreSome) {
  start();
  const auto clients = connect(2);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const Fd lowest_free(::dup(STDERR_FILENO));
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(lowest_free.get());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_TRUE(run_until(loop, [&] { return !starved.empty(); }));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);

  EXPECT_TRUE(run_until(loop, [&] { return accepted.size() == 2 && starved.size() == 2; }));
  EXPECT_EQ(starved, (std::vector<int>{EMFILE, 0}));
}

}  // namespace
}  // namespace sluice::net
