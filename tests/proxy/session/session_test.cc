#include "proxy/session/session.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <map>
#include <vector>

#include "tests/proxy/session/rig.h"

namespace sluice::session {
namespace {

using metrics::CloseReason;
using net::ConnectResult;

// A listening socket of an instance; accepts only what the test asks it to.
struct Instance {
  net::Fd listener;
  std::shared_ptr<registry::Live> live;

  explicit Instance(const std::string& id, bool listens = true) {
    listener = net::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* base = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener.get(), base, size), 0);
    EXPECT_EQ(listens ? ::listen(listener.get(), 64) : 0, 0);
    EXPECT_EQ(::getsockname(listener.get(), base, &size), 0);
    std::string why;
    const auto endpoint =
        config::Endpoint::parse("127.0.0.1:" + std::to_string(ntohs(address.sin_port)), why);
    live = std::make_shared<registry::Live>(registry::Identity{"svc", id, 1, *endpoint});
    live->verdict = registry::Verdict::eligible;
  }
  static Instance dead(const std::string& id) { return Instance(id, false); }

  net::Fd accept() const {
    return net::Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  }
};

class SessionTest : public testing::Test, protected Rig {
 protected:
  SessionTest() {
    route = std::make_shared<Route>();
    route->listener = "in";
    route->name = "default";
    route->life = std::make_shared<ListenerLife>();
    route->listener_cells = std::make_shared<metrics::ListenerCells>(1, "in");
    route->cells = std::make_shared<metrics::RouteCells>(1, "in", "svc");
    retry.base_delay = config::Duration(1);
    retry.max_delay = config::Duration(4);
  }

  // Puts these instances behind the service. `first` keeps their order: a, b, c ...
  void serve(const std::vector<const Instance*>& instances) {
    std::vector<balance::Member> members;
    for (const Instance* instance : instances) members.push_back({instance->live, 1, 0});
    config::Balance policy;
    policy.policy = config::Policy::first;
    auto upstream = std::make_shared<Upstream>();
    upstream->service = "svc";
    upstream->retry = retry;
    upstream->suspect_after = 1;
    upstream->balancer = balance::make_balancer(policy, balance::by_id(std::move(members)));
    upstream->cells = cells;
    upstream->limits = limits;
    upstream->tcp = tcp;
    upstream->introduction = introduction;
    upstream->row = Line::row(line, "svc", false);
    upstream->retrying_row = Line::row(line, "svc", true);
    if (!service) {
      service = std::make_shared<ServiceState>(ServiceState{upstream, balance::Cursor(0, 0)});
      route->upstream = upstream;
      state = std::make_shared<RouteState>(RouteState{route, service});
    }
    service->current = upstream;
  }

  // A client connects; its session begins.
  void connect() {
    auto ends = tcp_pair();
    client = std::move(ends.first);
    net::Peer peer;
    peer.family = AF_INET;
    session = std::make_unique<Session>(context, *state, peer, Places{});
    session->start(std::move(ends.second));
  }
  // A whole connection, on which the client, the instance or nobody speaks first.
  void converse(const Instance& instance, char first) {
    accepted.reset();
    at_client = at_instance = {};
    connect();
    if (first == 'c') send_text(client, "client");
    ASSERT_TRUE(run_until([&] {
      if (!accepted) accepted = instance.accept();
      return static_cast<bool>(accepted);
    }));
    if (first == 'i') send_text(accepted, "instance");
    ASSERT_TRUE(run_until([&] {
      at_client.listen(client);
      at_instance.listen(accepted);
      return (first != 'c' || at_instance.bytes.ends_with("client")) &&
             (first != 'i' || at_client.bytes == "instance");
    }));
    client.reset();
    accepted.reset();
    ASSERT_TRUE(ends());
  }
  bool relays(const Instance& instance) {
    return run_until([&] {
      if (!accepted) accepted = instance.accept();
      return accepted && session && session->describe().state == "relaying";
    });
  }
  bool client_hears(const std::function<bool()>& enough) {
    return run_until([&] {
      at_client.listen(client);
      return enough();
    });
  }
  bool ends() {
    return run_until([&] { return session == nullptr; });
  }

  void on_session_ended(Session& ended) override {
    EXPECT_EQ(&ended, session.get());
    session.reset();
  }
  void on_suspect(const std::shared_ptr<registry::Live>& live, registry::FailureRow) override {
    suspects.push_back(live->identity.id);
  }

  void on_trial(registry::Trial trial, bool went_well) override {
    EXPECT_EQ(trial.live()->trials, 1u) << "until it is taken in";
    trials += went_well ? '+' : '-';
  }

  std::uint64_t closed(CloseReason reason) {
    return route->cells->of(0).closed[static_cast<std::size_t>(reason)].read();
  }
  std::uint64_t attempts(ConnectResult result) {
    return cells->of(0).attempts[static_cast<std::size_t>(result)].read();
  }

  config::Retry retry;
  config::Tcp tcp;
  std::shared_ptr<const Introduction> introduction;
  config::ServiceLimits limits;
  std::shared_ptr<metrics::ServiceCells> cells = std::make_shared<metrics::ServiceCells>(1, "svc");
  std::shared_ptr<Line> line = std::make_shared<Line>(cells);
  std::shared_ptr<Route> route;
  std::shared_ptr<ServiceState> service;
  std::shared_ptr<RouteState> state;
  std::unique_ptr<Session> session;
  std::vector<std::string> suspects;
  std::string trials;  // how they went, '+' or '-'
  net::Fd client;
  net::Fd accepted;  // the instance's end
  Heard at_client;
  Heard at_instance;
};

TEST_F(SessionTest, RelaysBothWaysAndEndsWithTheClient) {
  const Instance a("a");
  serve({&a});
  connect();
  ASSERT_TRUE(relays(a));
  EXPECT_EQ(a.live->active.load(), 1u);
  send_text(client, "ping");
  ASSERT_TRUE(run_until([&] {
    at_instance.listen(accepted);
    return at_instance.bytes == "ping";
  }));
  send_text(accepted, "pong");
  ASSERT_TRUE(client_hears([&] { return at_client.bytes == "pong"; }));
  client.reset();
  ASSERT_TRUE(run_until([&] {
    at_instance.listen(accepted);
    return at_instance.fin;
  }));
  accepted.reset();
  ASSERT_TRUE(ends());
  EXPECT_EQ(closed(CloseReason::client_closed), 1u);
  EXPECT_EQ(a.live->load.load(), 0u);
  EXPECT_EQ(a.live->active.load(), 0u);
  EXPECT_EQ(route->cells->of(0).bytes_upstream.read(), 4u);
  EXPECT_EQ(route->cells->of(0).bytes_downstream.read(), 4u);
}

// An option of our connection to the instance.
int option_to(const Instance& instance, int option) {
  const net::SocketAddress there(instance.live->identity.address);
  for (int fd = 0; fd < 256; ++fd) {
    net::SocketAddress peer;
    if (::getpeername(fd, peer.get(), peer.size_for_kernel()) != 0) continue;
    if (peer.endpoint() != there.endpoint()) continue;
    int value = -1;
    socklen_t size = sizeof(value);
    EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, option, &value, &size), 0);
    return value;
  }
  return -1;
}

struct Writes {
  const char* situation;
  bool nodelay, is_introduced, is_second_attempt, replays;
  int messages, expected;
};

TEST_F(SessionTest, SwitchesNagleOffBeforeTheSecondWriteToAnInstance) {
  const Writes table[] = {
      {"one message", true, false, false, false, 1, 0},
      {"two messages", true, false, false, false, 2, 1},
      {"a header goes before", true, true, false, false, 1, 1},
      {"on the second attempt, one", true, false, true, false, 1, 0},
      {"on the second attempt, two", true, false, true, false, 2, 1},
      {"one, kept for a replay", true, false, false, true, 1, 0},
      {"two, kept for a replay", true, false, false, true, 2, 1},
      {"three, the last of them not kept", true, false, false, true, 3, 1},
      {"not wanted", false, true, false, false, 3, 0},
  };
  for (const Writes& row : table) {
    SCOPED_TRACE(row.situation);
    const Instance dead = Instance::dead("a"), b("b");
    tcp.nodelay = row.nodelay;
    introduction.reset();
    if (row.is_introduced) introduction = std::make_shared<Introduction>();
    retry.replay.bytes = {row.replays ? 8u : 0u};
    service.reset();
    accepted.reset();
    at_instance = {};
    serve(row.is_second_attempt ? std::vector{&dead, &b} : std::vector{&b});
    connect();
    std::size_t said = 0;
    for (int i = 0; i < row.messages; ++i) {
      send_text(client, "four");
      said += 4;
      ASSERT_TRUE(run_until([&] {
        if (!accepted) accepted = b.accept();
        if (accepted) at_instance.listen(accepted);
        return at_instance.bytes.ends_with("four") && at_instance.bytes.size() >= said;
      }));
    }
    EXPECT_EQ(option_to(b, TCP_NODELAY), row.expected);
    at_client = {};
    send_text(accepted, "heard");  // or its end would be an early close, and perhaps replayed
    ASSERT_TRUE(client_hears([&] { return at_client.bytes == "heard"; }));
    client.reset();
    accepted.reset();
    ASSERT_TRUE(ends());
  }
}

struct Handshake {
  const char* situation;
  const char* before;  // who spoke first on the connections before: c(lient), i(nstance), n(obody)
  int clients_before;  // and that of so many clients before those
  bool replays, is_ended_at_once;
};

TEST_F(SessionTest, TheEndOfAHandshakeGoesWithTheFirstBytesWhereTheyAreTheClientsByHabit) {
  const Handshake table[] = {
      {"of a new service", "", 0, false, true},
      {"not often enough", "", 63, false, true},
      {"a habit", "", 64, false, false},
      {"that lasts", "c", 300, false, false},
      {"made by the last", "c", 63, false, false},
      {"silence means nothing", "nc", 63, false, false},
      {"nor for the worse", "n", 64, false, false},
      {"lost", "i", 64, false, true},
      {"lost, and not found soon", "ic", 64, false, true},
      {"of no use where words are kept for a replay", "", 64, true, true},
  };
  for (const Handshake& row : table) {
    SCOPED_TRACE(row.situation);
    const Instance a("a");
    retry.replay.bytes = {row.replays ? 8u : 0u};
    service.reset();
    serve({&a});
    for (int i = 0; i < row.clients_before; ++i) service->clients_first.note(true);
    for (const char* first = row.before; *first != 0; ++first) {
      converse(a, *first);
    }
    connect();
    accepted = a.accept();
    EXPECT_EQ(static_cast<bool>(accepted), row.is_ended_at_once);
    at_instance = {};
    send_text(client, "four");
    ASSERT_TRUE(run_until([&] {
      if (!accepted) accepted = a.accept();
      if (accepted) at_instance.listen(accepted);
      return at_instance.bytes.ends_with("four");
    }));
    EXPECT_EQ(option_to(a, TCP_QUICKACK), 1);
    session->end(CloseReason::drain, "");
    ASSERT_TRUE(ends());
  }
}

// The kernel's own patience would be 200 ms.
TEST_F(SessionTest, AnInstanceIsToldOfASilentClientSoon) {
  const Instance a("a");
  serve({&a});
  for (int i = 0; i < 64; ++i) service->clients_first.note(true);
  std::vector<std::uint64_t> waits;
  for (int i = 0; i < 9; ++i) {
    accepted.reset();
    const std::uint64_t began = net::monotonic_ms();
    connect();
    ASSERT_TRUE(relays(a));
    waits.push_back(net::monotonic_ms() - began);
    session->end(CloseReason::drain, "");
    ASSERT_TRUE(ends());
  }
  std::ranges::sort(waits);
  EXPECT_GE(waits.front(), 15u);
  EXPECT_LT(waits[4], 100u);
}

TEST_F(SessionTest, AnInstanceThatRefusesIsPassedOverAtOnce) {
  const Instance dead = Instance::dead("a");
  const Instance b("b");
  retry.base_delay = config::Duration(60'000);  // a wait would be noticed
  retry.max_delay = config::Duration(60'000);
  serve({&dead, &b});
  connect();
  ASSERT_TRUE(relays(b));
  EXPECT_EQ(attempts(ConnectResult::refused), 1u);
  EXPECT_EQ(attempts(ConnectResult::ok), 1u);
  EXPECT_EQ(suspects, std::vector<std::string>{"a"});
  EXPECT_EQ(dead.live->load.load(), 0u);
}

TEST_F(SessionTest, GivesUpAfterTheLastRetry) {
  const Instance a = Instance::dead("a");
  const Instance b = Instance::dead("b");
  retry.max_retries = 4;
  serve({&a, &b});
  connect();
  ASSERT_TRUE(ends());
  EXPECT_EQ(attempts(ConnectResult::refused), 5u);
  EXPECT_EQ(closed(CloseReason::connect_failed), 1u);
  ASSERT_TRUE(client_hears([&] { return at_client.is_over(); }));
  EXPECT_TRUE(at_client.fin) << "an orderly end, not a reset";
}

TEST_F(SessionTest, TurnsTheClientAwayInOrderThoughItHasSpoken) {
  Instance a = Instance::dead("a");
  a.live->verdict = registry::Verdict::never;
  serve({&a});
  auto pair = tcp_pair();
  client = std::move(pair.first);
  send_text(client, "anybody there?");
  session = std::make_unique<Session>(context, *state, net::Peer{}, Places{});
  session->start(std::move(pair.second));
  ASSERT_TRUE(ends());
  EXPECT_EQ(closed(CloseReason::no_instance), 1u);
  ASSERT_TRUE(client_hears([&] { return at_client.is_over(); }));
  EXPECT_TRUE(at_client.fin);
}

TEST_F(SessionTest, FindsAnInstanceThatCameWhileItWaited) {
  const Instance a = Instance::dead("a");
  const Instance b("b");
  retry.max_retries = 50;
  retry.jitter = config::Jitter::none;
  serve({&a});
  connect();
  ASSERT_TRUE(run_until([&] { return attempts(ConnectResult::refused) >= 1; }));
  ASSERT_NE(session, nullptr);
  serve({&b});
  ASSERT_TRUE(relays(b));
}

TEST_F(SessionTest, StopsAtTheDeadlineHoweverManyRetriesAreLeft) {
  const Instance a = Instance::dead("a");
  retry.max_retries = 1'000'000;
  retry.deadline = config::Duration(60);
  retry.max_delay = config::Duration(5);
  serve({&a});
  const std::uint64_t began = net::monotonic_ms();
  connect();
  ASSERT_TRUE(ends());
  EXPECT_EQ(closed(CloseReason::connect_failed), 1u);
  EXPECT_LT(net::monotonic_ms() - began, 5'000u);
}

TEST_F(SessionTest, ClientResetWhileConnectingEndsTheAttempt) {
  // The queue of one is taken, so the next connect hangs.
  const Instance full("full");
  ASSERT_EQ(::listen(full.listener.get(), 0), 0);
  serve({&full});
  std::vector<net::Fd> queue;
  const net::SocketAddress to(full.live->identity.address);
  for (int i = 0; i < 4; ++i) {
    queue.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::connect(queue.back().get(), to.get(), to.size());
  }
  connect();
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(full.live->load.load(), 1u);
  reset(client);
  ASSERT_TRUE(ends());
  EXPECT_EQ(closed(CloseReason::client_reset), 1u);
  EXPECT_EQ(attempts(ConnectResult::cancelled), 1u);
  EXPECT_EQ(full.live->load.load(), 0u);
}

TEST_F(SessionTest, PassesAResetOnAfterTheLastBytes) {
  const Instance a("a");
  serve({&a});
  connect();
  ASSERT_TRUE(relays(a));
  send_text(accepted, "and then it broke");
  reset(accepted);
  ASSERT_TRUE(client_hears([&] { return at_client.is_over(); }));
  EXPECT_EQ(at_client.bytes, "and then it broke");
  EXPECT_EQ(at_client.error, ECONNRESET);
  ASSERT_TRUE(ends());
  EXPECT_EQ(closed(CloseReason::upstream_reset), 1u);
}

TEST_F(SessionTest, ClientResetReachesTheInstanceAsAReset) {
  const Instance a("a");
  serve({&a});
  connect();
  ASSERT_TRUE(relays(a));
  reset(client);
  ASSERT_TRUE(run_until([&] {
    at_instance.listen(accepted);
    return at_instance.is_over();
  }));
  EXPECT_EQ(at_instance.error, ECONNRESET);
  EXPECT_EQ(closed(CloseReason::client_reset), 1u);
}

TEST_F(SessionTest, AResetAfterTheEndOfTheStreamIsNoticed) {
  const Instance a("a");
  serve({&a});
  connect();
  ASSERT_TRUE(relays(a));
  ::shutdown(client.get(), SHUT_WR);
  ASSERT_TRUE(run_until([&] {
    at_instance.listen(accepted);
    return at_instance.fin;
  }));
  reset(client);
  ASSERT_TRUE(ends());
  EXPECT_EQ(closed(CloseReason::client_reset), 1u);
}

TEST_F(SessionTest, HalfCloseKeepsTheOtherDirectionOpen) {
  const Instance a("a");
  serve({&a});
  connect();
  ASSERT_TRUE(relays(a));
  ::shutdown(accepted.get(), SHUT_WR);
  ASSERT_TRUE(client_hears([&] { return at_client.fin; }));
  send_text(client, "SEE");
  ASSERT_TRUE(run_until([&] {
    at_instance.listen(accepted);
    return at_instance.bytes == "SEE";
  }));
  client.reset();
  ASSERT_TRUE(ends());
  EXPECT_EQ(closed(CloseReason::upstream_closed), 1u) << "the side that finished first";
}

TEST_F(SessionTest, AnEarlyCloseIsTheInstancesFaultUnlessTheClientLeftFirst) {
  enum class End { close, reset };
  struct Case {
    const char* what;
    const char* question;  // that the client asks
    const char* answer;    // that the instance gives
    bool client_first;     // finishes before the instance ends
    End end;               // of the instance
    bool is_early;
  };
  const Case cases[] = {
      {"closed before anybody spoke", "", "", false, End::close, true},
      {"reset before anybody spoke", "", "", false, End::reset, true},
      {"closed upon the question", "hello?", "", false, End::close, true},
      {"reset upon the question", "hello?", "", false, End::reset, true},
      {"closed after an answer", "hello?", "hello", false, End::close, false},
      {"reset after an answer", "hello?", "hello", false, End::reset, false},
      {"closed after a greeting", "", "hello", false, End::close, false},
      {"closed since the client did", "hello?", "", true, End::close, false},
      {"reset since the client closed", "hello?", "", true, End::reset, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const Instance a("a");
    service.reset();
    suspects.clear();
    at_client = at_instance = {};
    accepted.reset();
    serve({&a});
    connect();
    ASSERT_TRUE(relays(a));
    send_text(client, c.question);
    if (c.client_first) ::shutdown(client.get(), SHUT_WR);
    ASSERT_TRUE(run_until([&] {
      at_instance.listen(accepted);
      return at_instance.bytes == c.question && at_instance.fin == c.client_first;
    }));
    send_text(accepted, c.answer);
    ASSERT_TRUE(client_hears([&] { return at_client.bytes == c.answer; }));
    if (c.end == End::reset) {
      reset(accepted);
    } else {
      accepted.reset();
    }
    ASSERT_TRUE(client_hears([&] { return at_client.is_over(); }));
    client.reset();
    ASSERT_TRUE(ends());
    EXPECT_EQ(suspects.size(), c.is_early ? 1u : 0u);
    EXPECT_EQ(a.live->early_closes, c.is_early ? 1u : 0u);
  }
}

TEST_F(SessionTest, LosingPatienceWithASilentClientIsNoEarlyClose) {
  const Instance a("a");
  serve({&a});
  connect();
  ASSERT_TRUE(relays(a));
  const std::uint64_t connected = net::monotonic_ms();
  ASSERT_TRUE(run_until([&] { return net::monotonic_ms() - connected > 1000; }));
  accepted.reset();
  ASSERT_TRUE(client_hears([&] { return at_client.fin; }));
  client.reset();
  ASSERT_TRUE(ends());
  EXPECT_EQ(a.live->early_closes, 0u);
  EXPECT_TRUE(suspects.empty());
}

TEST_F(SessionTest, AWordEndsTheRowOfFailuresAndAConnectOnlyThatOfConnects) {
  const Instance a("a");
  a.live->connect_failures = 2;
  a.live->early_closes = 2;
  serve({&a});
  connect();
  ASSERT_TRUE(relays(a));
  EXPECT_EQ(a.live->connect_failures, 0u);
  EXPECT_EQ(a.live->early_closes, 2u);
  send_text(accepted, "hello");
  EXPECT_TRUE(run_until([&] { return a.live->early_closes == 0; })) << "though it lives on";
}

// Half open, with one trial to give.
void half_open(const Instance& instance) {
  instance.live->verdict = registry::Verdict::trial;
  instance.live->trial_limit = 1;
}

TEST_F(SessionTest, TellsHowATrialHasGone) {
  struct Case {
    const char* what;
    bool listens;
    const char* answer;
    bool client_leaves;  // before the instance does
    const char* trials;
  };
  const Case cases[] = {
      {"refused", false, "", false, "-"},
      {"closed early", true, "", false, "-"},
      {"answered", true, "hello", false, "+"},
      {"answered, and the client leaves", true, "hello", true, "+"},
      {"not answered, and the client leaves", true, "", true, ""},
  };
  retry.max_retries = 0;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const Instance a("a", c.listens);
    half_open(a);
    service.reset();
    trials.clear();
    at_client = at_instance = {};
    accepted.reset();
    serve({&a});
    connect();
    if (c.listens) {
      ASSERT_TRUE(relays(a));
      EXPECT_EQ(a.live->trials, 1u);
      send_text(accepted, c.answer);
      ASSERT_TRUE(client_hears([&] { return at_client.bytes == c.answer; }));
      if (c.client_leaves) {
        client.reset();
        ASSERT_TRUE(run_until([&] {
          at_instance.listen(accepted);
          return at_instance.is_over();
        }));
      }
      accepted.reset();
      ASSERT_TRUE(c.client_leaves || client_hears([&] { return at_client.is_over(); }));
      client.reset();
    }
    ASSERT_TRUE(ends());
    EXPECT_EQ(trials, c.trials);
    EXPECT_EQ(a.live->trials, 0u);
    EXPECT_TRUE(suspects.empty()) << "a trial's failure is told as one";
  }
}

TEST_F(SessionTest, ATrialThatIsNotEndedHasGoneWell) {
  for (const char* answer : {"hello", ""}) {
    const Instance a("a");
    half_open(a);
    service.reset();
    accepted.reset();
    trials.clear();
    serve({&a});
    connect();
    ASSERT_TRUE(relays(a));
    send_text(accepted, answer);
    ASSERT_TRUE(run_until([&] { return !trials.empty(); }));
    EXPECT_EQ(trials, "+");
    EXPECT_EQ(a.live->active, 1u) << "it goes on, and others come";
    EXPECT_EQ(a.live->trials, 0u);
    client.reset();
    accepted.reset();
    ASSERT_TRUE(ends());
    EXPECT_EQ(trials, "+") << "told once";
  }
}

// What follows is about a service that replays.
class Replays : public SessionTest {
 protected:
  Replays() { retry.replay.bytes = {8}; }

  // The instance has taken a connection and read so much of it.
  bool hears(const Instance& instance, const std::string& said, bool fin = false) {
    at_instance = {};
    return run_until([&] {
      if (!accepted) accepted = instance.accept();
      if (accepted) at_instance.listen(accepted);
      return accepted && at_instance.bytes == said && at_instance.fin == fin;
    });
  }
  bool answers(const std::string& answer) {
    send_text(accepted, answer);
    return client_hears([&] { return at_client.bytes == answer; });
  }
  void close_early(bool by_reset) {
    if (by_reset) {
      reset(accepted);
    } else {
      accepted.reset();
    }
  }
};

TEST_F(Replays, AnotherInstanceIsToldTheSame) {
  for (const bool by_reset : {false, true}) {
    for (const bool finished : {false, true}) {
      SCOPED_TRACE(std::string(by_reset ? "reset" : "closed") + (finished ? ", half-closed" : ""));
      const Instance a("a"), b("b");
      service.reset();
      suspects.clear();
      at_client = {};
      serve({&a, &b});
      connect();
      send_text(client, "hello?");
      if (finished) ::shutdown(client.get(), SHUT_WR);
      ASSERT_TRUE(hears(a, "hello?", finished));
      const std::uint64_t before = cells->of(0).retries_early_close.read();
      const std::uint64_t up = route->cells->of(0).bytes_upstream.read();
      close_early(by_reset);
      ASSERT_TRUE(hears(b, "hello?", finished));
      EXPECT_EQ(cells->of(0).retries_early_close.read(), before + 1);
      EXPECT_EQ(session->describe().attempts, 2u);
      EXPECT_EQ(suspects.size(), finished ? 0u : 1u);
      EXPECT_EQ(a.live->load, 0u);
      ASSERT_TRUE(answers("hello"));
      EXPECT_EQ(route->cells->of(0).bytes_upstream.read(), up + 6) << "of the one that answered";
      accepted.reset();
      client.reset();
      ASSERT_TRUE(ends());
    }
  }
}

TEST_F(Replays, WhatIsSaidLaterFollowsInOrder) {
  const Instance a("a"), b("b");
  serve({&a, &b});
  connect();
  send_text(client, "one");
  ASSERT_TRUE(hears(a, "one"));
  send_text(client, "two");
  ASSERT_TRUE(hears(a, "two"));
  close_early(false);
  ASSERT_TRUE(hears(b, "onetwo"));
  ASSERT_TRUE(answers("yes"));
  send_text(client, "and much more than is kept for a replay");
  ASSERT_TRUE(hears(b, "and much more than is kept for a replay"));
  accepted.reset();
  client.reset();
  ASSERT_TRUE(ends());
}

TEST_F(Replays, ASilentClientIsMovedAtOnce) {
  const Instance a("a"), b("b");
  serve({&a, &b});
  connect();
  ASSERT_TRUE(hears(a, ""));
  close_early(true);
  ASSERT_TRUE(hears(b, ""));
  ASSERT_TRUE(answers("welcome"));
  accepted.reset();
  client.reset();
  ASSERT_TRUE(ends());
}

TEST_F(Replays, NothingIsReplayedWhere) {
  struct Case {
    const char* what;
    const char* question;
    const char* answer;
    bool finished;
    std::uint32_t retries;
  };
  const Case cases[] = {
      {"the instance has spoken", "hello?", "h", false, 3},
      {"more was said than is kept", "hello, hello?", "", false, 3},
      {"the client has left without a word", "", "", true, 3},
      {"no retry is left", "hello?", "", false, 0},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const Instance a("a"), b("b");
    service.reset();
    at_client = {};
    retry.max_retries = c.retries;
    serve({&a, &b});
    connect();
    send_text(client, c.question);
    if (c.finished) ::shutdown(client.get(), SHUT_WR);
    ASSERT_TRUE(hears(a, c.question, c.finished));
    if (*c.answer != '\0') {
      ASSERT_TRUE(answers(c.answer));
    }
    accepted.reset();
    ASSERT_TRUE(client_hears([&] { return at_client.is_over(); }));
    EXPECT_TRUE(at_client.fin);
    EXPECT_EQ(at_client.bytes, c.answer);
    client.reset();
    ASSERT_TRUE(ends());
    EXPECT_FALSE(b.accept());
    EXPECT_EQ(cells->of(0).retries_early_close.read(), 0u);
  }
}

TEST_F(Replays, EndsAsTheLastInstanceEndedIt) {
  for (const bool by_reset : {false, true}) {
    const Instance a("a");
    retry.max_retries = 1;
    service.reset();
    at_client = {};
    serve({&a});
    connect();
    send_text(client, "hello?");
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(hears(a, "hello?"));
      close_early(by_reset);
    }
    ASSERT_TRUE(client_hears([&] { return at_client.is_over(); }));
    EXPECT_EQ(at_client.fin, !by_reset);
    client.reset();
    ASSERT_TRUE(ends());
    EXPECT_EQ(closed(by_reset ? CloseReason::upstream_reset : CloseReason::upstream_closed), 1u);
    EXPECT_EQ(attempts(ConnectResult::ok), by_reset ? 4u : 2u);
    EXPECT_EQ(a.live->early_closes, 2u);
  }
}

TEST_F(Replays, AClientThatResetsIsPassedOnAsOne) {
  const Instance a("a"), b("b");
  serve({&a, &b});
  connect();
  send_text(client, "hello?");
  ASSERT_TRUE(hears(a, "hello?"));
  reset(client);
  ASSERT_TRUE(run_until([&] {
    at_instance.listen(accepted);
    return at_instance.is_over();
  }));
  EXPECT_EQ(at_instance.error, ECONNRESET);
  ASSERT_TRUE(ends());
  EXPECT_EQ(closed(CloseReason::client_reset), 1u);
  EXPECT_FALSE(b.accept());
}

TEST_F(Replays, TheTimeForRetriesEndsIt) {
  const Instance a("a"), b("b");
  retry.deadline = config::Duration(50);
  serve({&a, &b});
  connect();
  send_text(client, "hello?");
  ASSERT_TRUE(hears(a, "hello?"));
  const std::uint64_t began = net::monotonic_ms();
  ASSERT_TRUE(run_until([&] { return net::monotonic_ms() - began > 100; }));
  close_early(false);
  ASSERT_TRUE(client_hears([&] { return at_client.fin; }));
  client.reset();
  ASSERT_TRUE(ends());
  EXPECT_FALSE(b.accept());
}

TEST_F(SessionTest, TellsOfTheFirstOfARowAndThenFromTheThresholdOn) {
  const Instance a = Instance::dead("a");
  retry.max_retries = 4;
  serve({&a});
  auto upstream = std::make_shared<Upstream>(*service->current);
  upstream->suspect_after = 4;
  service->current = upstream;
  connect();
  ASSERT_TRUE(ends());
  EXPECT_EQ(attempts(ConnectResult::refused), 5u);
  EXPECT_EQ(suspects.size(), 3u) << "the first, the fourth and the fifth";
}

TEST_F(SessionTest, TimersEndQuietConnections) {
  struct Case {
    const char* what;
    int idle, half_close, max_age;
    bool half_closed;
    CloseReason reason;
  };
  const Case cases[] = {
      {"idle", 40, 0, 0, false, CloseReason::idle_timeout},
      {"half-closed", 60'000, 40, 0, true, CloseReason::half_close_timeout},
      {"half-closed, without an idle timeout", 0, 40, 0, true, CloseReason::half_close_timeout},
      {"old", 60'000, 0, 40, false, CloseReason::max_age},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const Instance a("a");
    service.reset();
    route = std::make_shared<Route>(*route);
    route->timeouts.idle = config::Duration(c.idle);
    route->timeouts.half_close = config::Duration(c.half_close);
    route->timeouts.max_age = config::Duration(c.max_age);
    serve({&a});
    accepted.reset();
    const std::uint64_t before = closed(c.reason);
    const std::uint64_t began = net::monotonic_ms();
    connect();
    ASSERT_TRUE(relays(a));
    if (c.half_closed) ::shutdown(client.get(), SHUT_WR);
    ASSERT_TRUE(ends());
    EXPECT_EQ(closed(c.reason), before + 1);
    EXPECT_GE(net::monotonic_ms() - began, 35u);
  }
}

TEST_F(SessionTest, WaitsForRoomAndCountsInTheQueueMeanwhile) {
  const Instance a("a");
  a.live->limit = 1;
  a.live->load = 1;  // somebody else's
  serve({&a});
  connect();
  ASSERT_TRUE(run_until([&] { return session->describe().state == "queued"; }));
  EXPECT_EQ(cells->queued.load(), 1u);
  EXPECT_EQ(cells->connections.load(), 0u);
  a.live->load = 0;
  line->call();
  ASSERT_TRUE(relays(a));
  EXPECT_EQ(cells->queued.load(), 0u);
  EXPECT_EQ(cells->waiting.load(), 0u);
  EXPECT_EQ(cells->connections.load(), 1u);
  session->end(CloseReason::admin, "");
  EXPECT_EQ(a.live->load.load(), 0u);
  EXPECT_EQ(cells->connections.load(), 0u);
}

// Each way that waiting ends without a place, and the reason that it has then.
TEST_F(SessionTest, WaitsForRoomWithinItsBounds) {
  struct Case {
    const char* what;
    std::uint32_t queue;
    std::uint32_t already_queued;
    config::Duration queue_timeout;
    CloseReason reason;
  };
  const Case cases[] = {
      {"nobody may wait", 0, 0, config::Duration(1000), CloseReason::queue_full},
      {"others fill the queue", 2, 2, config::Duration(1000), CloseReason::queue_full},
      {"for too long", 2, 1, config::Duration(30), CloseReason::queue_timeout},
  };
  const Instance a("a");
  a.live->limit = 0;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    limits.queue = c.queue;
    limits.queue_timeout = c.queue_timeout;
    serve({&a});
    cells->queued = c.already_queued;
    const std::uint64_t before = closed(c.reason);
    connect();
    ASSERT_TRUE(ends());
    EXPECT_EQ(closed(c.reason), before + 1);
    EXPECT_EQ(cells->queued.load(), c.already_queued);
    EXPECT_EQ(cells->waiting.load(), 0u);
  }
}

TEST_F(SessionTest, RetryWaitsForWhoHasNotRefusedItWithinItsDeadline) {
  const Instance a = Instance::dead("a"), b("b");
  b.live->limit = 1;
  b.live->load = 1;
  serve({&a, &b});
  connect();
  ASSERT_TRUE(run_until([&] { return session->describe().state == "queued"; }));
  EXPECT_EQ(attempts(ConnectResult::refused), 1u);
  EXPECT_EQ(cells->connections.load(), 1u) << "with the service it keeps its place";
  b.live->load = 0;
  line->call();
  ASSERT_TRUE(relays(b));
  session->end(CloseReason::admin, "");

  accepted.reset();
  retry.deadline = config::Duration(50);
  b.live->load = 1;
  serve({&a, &b});
  connect();
  ASSERT_TRUE(ends());
  EXPECT_EQ(closed(CloseReason::connect_failed), 1u);
  EXPECT_EQ(cells->queued.load(), 0u);
}

TEST_F(SessionTest, HeldClientWaitsInTheQueueOnceSomebodyIsThereWhoIsFull) {
  const Instance a("a");
  a.live->verdict = registry::Verdict::never;
  a.live->limit = 0;
  route->no_instance = {config::NoInstanceAction::hold, config::Duration(20'000), 1};
  limits.queue_timeout = config::Duration(50);
  serve({&a});
  connect();
  ASSERT_TRUE(run_until([&] { return session->describe().state == "held"; }));
  EXPECT_EQ(route->listener_cells->held.load(), 1u);
  a.live->verdict = registry::Verdict::eligible;
  context.waiting.look();
  EXPECT_EQ(session->describe().state, "queued");
  EXPECT_EQ(route->listener_cells->held.load(), 0u);
  a.live->verdict = registry::Verdict::never;
  context.waiting.look();
  EXPECT_EQ(session->describe().state, "held");
  a.live->verdict = registry::Verdict::eligible;
  context.waiting.look();
  ASSERT_TRUE(ends());
  EXPECT_EQ(closed(CloseReason::queue_timeout), 1u);
  EXPECT_EQ(route->listener_cells->held.load(), 0u);
}

TEST_F(SessionTest, RetriesUnderWayStayWithinTheBudget) {
  const Instance a = Instance::dead("a");
  retry.max_retries = 2;
  retry.deadline = config::Duration(100);
  retry.budget = {0, 0};  // no room at all
  serve({&a});
  connect();
  ASSERT_TRUE(ends());
  EXPECT_EQ(attempts(ConnectResult::refused), 1u);
  EXPECT_GE(cells->of(0).retries_over_budget.read(), 1u);
  EXPECT_EQ(cells->retrying.load(), 0u);
  EXPECT_EQ(cells->connections.load(), 0u);
}

}  // namespace
}  // namespace sluice::session
