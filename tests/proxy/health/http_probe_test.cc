#include "proxy/health/http_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/health/probe_rig.h"
#include "tests/support/servers.h"

namespace sluice::health {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

config::HttpCheck wants_body(const std::string& text) {
  config::HttpCheck http;
  http.body = text;
  return http;
}

config::HttpCheck wants_status(const std::vector<config::StatusRange>& status) {
  config::HttpCheck http;
  http.status = status;
  return http;
}

config::HttpCheck asks(const std::string& method, const std::string& path,
                       const std::string& host = "") {
  config::HttpCheck http;
  http.method = method;
  http.path = path;
  http.host = host;
  return http;
}

config::Check http_check(const config::HttpCheck& http = {}, config::Duration timeout = 10s) {
  config::Check check;
  check.type = config::CheckType::http;
  check.timeout = timeout;
  check.http = http;
  return check;
}

void start(ProbeRig& rig, const std::string& address, const config::Check& check) {
  rig.start([&](Done done) {
    return std::make_unique<HttpProbe>(rig.transfers, endpoint(address), check, std::move(done));
  });
}

Finding probe(const std::string& address, const config::Check& check) {
  ProbeRig rig;
  start(rig, address, check);
  return rig.wait();
}

// Sends `piece` again and again, a moment apart, until the client leaves.
void trickle(test::Peer& peer, std::string_view piece) {
  while (peer.stays_quiet(5ms) && peer.try_send(piece)) {
  }
}

// --- Answers that come whole

struct AnswerCase {
  std::string name;
  std::string answer;
  Outcome outcome;
  std::string detail;  // its beginning
  config::HttpCheck http = {};
};

const config::HttpCheck kWantsOk = wants_body("ok");
const config::HttpCheck kWantsTeapotOrRedirect = wants_status({{418, 418}, {300, 399}});

class HttpAnswers : public ::testing::TestWithParam<AnswerCase> {};

TEST_P(HttpAnswers, AreJudged) {
  const AnswerCase& each = GetParam();
  const HttpServer server(each.answer);

  const Finding finding = probe(server.address(), http_check(each.http));

  EXPECT_EQ(finding.outcome, each.outcome);
  EXPECT_THAT(finding.detail, StartsWith(each.detail));
  EXPECT_GT(finding.duration_us, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    HttpProbe, HttpAnswers,
    ::testing::Values(
        AnswerCase{"WithALength", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                   Outcome::success, "status 200 in "},
        AnswerCase{"Http10UpToTheEnd", "HTTP/1.0 200 OK\r\n\r\nall is ok", Outcome::success,
                   "status 200 in ", kWantsOk},
        AnswerCase{
            "Chunked",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
            Outcome::success, "status 200 in ", kWantsOk},
        AnswerCase{"WithoutABody", "HTTP/1.1 204 No Content\r\n\r\n", Outcome::success,
                   "status 204 in "},
        AnswerCase{"AfterAContinue",
                   "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                   Outcome::success, "status 200 in "},
        AnswerCase{"AnotherWantedStatus", "HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n",
                   Outcome::success, "status 418 in ", kWantsTeapotOrRedirect},
        AnswerCase{"UnwantedStatus", "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
                   Outcome::failure, "status 503, wanted 200-299"},
        AnswerCase{"NoneOfTheWanted", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                   Outcome::failure, "status 200, wanted 418 or 300-399", kWantsTeapotOrRedirect},
        AnswerCase{"BodyWithoutTheText", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nko!!",
                   Outcome::failure, "the body lacks \"ok\"", kWantsOk},
        AnswerCase{"NoBodyAtAll", "HTTP/1.1 204 No Content\r\n\r\n", Outcome::failure,
                   "the body lacks \"ok\"", kWantsOk},
        AnswerCase{"AnotherProtocol", "SSH-2.0-OpenSSH_9.2\r\n", Outcome::failure,
                   "the answer is not HTTP"},
        AnswerCase{"Http09", "hello", Outcome::failure, "the answer is not HTTP"},
        AnswerCase{"ClosedAtOnce", "", Outcome::failure, "closed without an answer"},
        AnswerCase{"BrokenOffInTheBody", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok",
                   Outcome::failure, "the answer broke off", kWantsOk},
        AnswerCase{"BrokenOffInAChunk",
                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok", Outcome::failure,
                   "the answer broke off", kWantsOk},
        AnswerCase{"EndlessHeader",
                   "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n",
                   Outcome::failure, "the answer's header is larger than 64 KiB"}),
    [](const auto& each) { return each.param.name; });

TEST(HttpProbe, FailsOnAReset) {
  const HttpServer server([](test::Peer& peer) { peer.reset(); });

  const Finding finding = probe(server.address(), http_check());

  EXPECT_EQ(finding.outcome, Outcome::failure);
  EXPECT_EQ(finding.detail, "connection reset");
}

TEST(HttpProbe, AnAnswerThatIsFollowedByAResetCounts) {
  const HttpServer server([](test::Peer& peer) {
    peer.try_send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    peer.reset();
  });
  EXPECT_EQ(probe(server.address(), http_check()).detail.substr(0, 10), "status 200");
}

TEST(HttpProbe, FailsWhenNobodyListens) {
  const test::DeadEnd dead_end;
  const SocketPath nothing;
  for (const std::string& address : {dead_end.address(), nothing.address()}) {
    const Finding finding = probe(address, http_check());
    EXPECT_EQ(finding.outcome, Outcome::failure) << address;
    EXPECT_EQ(finding.detail, "connection refused") << address;
  }
}

TEST(HttpProbe, DoesNotFollowARedirect) {
  const HttpServer elsewhere("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const HttpServer server("HTTP/1.1 302 Found\r\nLocation: http://" + elsewhere.address() +
                          "/\r\nContent-Length: 0\r\n\r\n");

  const Finding finding = probe(server.address(), http_check());

  EXPECT_EQ(finding.detail, "status 302, wanted 200-299");
  EXPECT_TRUE(elsewhere.requests().empty());
}

// --- Bodies in pieces

TEST(HttpProbe, FindsATextThatComesByteByByte) {
  const HttpServer server([](test::Peer& peer) {
    peer.try_send("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n");
    for (const char byte : std::string("{\"status\":\"passing\"}")) {
      peer.stays_quiet(1ms);
      peer.try_send({&byte, 1});
    }
  });
  EXPECT_EQ(probe(server.address(), http_check(wants_body("\"passing\""))).outcome,
            Outcome::success);
}

TEST(HttpProbe, ReadsNoMoreThan64KiBOfABody) {
  const HttpServer server([](test::Peer& peer) {
    peer.try_send("HTTP/1.1 200 OK\r\n\r\nstarting");
    while (peer.try_send(std::string(16'384, '.'))) {
    }
  });

  EXPECT_EQ(probe(server.address(), http_check()).outcome, Outcome::success);
  EXPECT_EQ(probe(server.address(), http_check(wants_body("starting"))).outcome, Outcome::success);
  const Finding finding = probe(server.address(), http_check(kWantsOk));
  EXPECT_EQ(finding.outcome, Outcome::failure);
  EXPECT_EQ(finding.detail, "the first 64 KiB of the body lack \"ok\"");
}

// --- The timeout always wins

struct SlowCase {
  std::string name;
  HttpServer::Answer answer;
};

class SlowServers : public ::testing::TestWithParam<SlowCase> {};

TEST_P(SlowServers, FailAtTheTimeout) {
  const HttpServer server(GetParam().answer);

  const Finding finding = probe(server.address(), http_check({}, 150ms));

  EXPECT_EQ(finding.outcome, Outcome::failure);
  EXPECT_EQ(finding.detail, "no answer within 150 ms");
  // Less one: libcurl counts in whole milliseconds, from one that had begun already.
  EXPECT_GE(finding.duration_us, 149'000u);
}

INSTANTIATE_TEST_SUITE_P(
    HttpProbe, SlowServers,
    ::testing::Values(SlowCase{"Silent", [](test::Peer& peer) { peer.wait_for_end(); }},
                      SlowCase{"TricklingTheStatusLine",
                               [](test::Peer& peer) { trickle(peer, "HTTP/1.1 "); }},
                      SlowCase{"TricklingHeaders",
                               [](test::Peer& peer) {
                                 peer.try_send("HTTP/1.1 200 OK\r\n");
                                 trickle(peer, "X: y\r\n");
                               }},
                      SlowCase{"TricklingABody",
                               [](test::Peer& peer) {
                                 peer.try_send("HTTP/1.1 200 OK\r\n\r\n");
                                 trickle(peer, ".");
                               }}),
    [](const auto& each) { return each.param.name; });

TEST(HttpProbe, TheTimeoutCoversConnecting) {
  const test::BlackHole hole;

  const Finding finding = probe(hole.address(), http_check({}, 100ms));

  EXPECT_EQ(finding.outcome, Outcome::failure);
  EXPECT_EQ(finding.detail, "no answer within 100 ms");
  EXPECT_GE(finding.duration_us, 100'000u);
}

// --- Requests

struct RequestCase {
  config::HttpCheck http;
  std::string line;
  std::string host;  // empty: the address
};

TEST(HttpProbe, AsksWhatTheCheckSays) {
  const HttpServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const RequestCase cases[] = {
      {{}, "GET /health HTTP/1.1\r\n", ""},
      {asks("HEAD", "/"), "HEAD / HTTP/1.1\r\n", ""},
      {asks("OPTIONS", "/a/../b?c=d"), "OPTIONS /a/../b?c=d HTTP/1.1\r\n", ""},
      {asks("GET", "/health", "web.example"), "GET /health HTTP/1.1\r\n", "web.example"},
  };
  for (const RequestCase& each : cases) {
    EXPECT_EQ(probe(server.address(), http_check(each.http)).outcome, Outcome::success);
    const std::string host = each.host.empty() ? server.address() : each.host;
    EXPECT_THAT(server.requests().back(),
                AllOf(StartsWith(each.line), HasSubstr("\r\nHost: " + host + "\r\n"),
                      HasSubstr("\r\nConnection: close\r\n"), HasSubstr("\r\nUser-Agent: sluice/"),
                      Not(HasSubstr("Authorization"))));
  }
}

TEST(HttpProbe, SpeaksToAUnixSocket) {
  const SocketPath path;
  const HttpServer server(
      [](test::Peer& peer) { peer.try_send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); },
      path.address());

  EXPECT_EQ(probe(path.address(), http_check()).outcome, Outcome::success);
  EXPECT_THAT(server.requests().back(), HasSubstr("\r\nHost: localhost\r\n"));
}

TEST(HttpProbe, GoesToTheInstanceWhateverProxyTheEnvironmentNames) {
  const test::DeadEnd proxy;
  ::setenv("http_proxy", ("http://" + proxy.address()).c_str(), 1);
  const HttpServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

  const Finding finding = probe(server.address(), http_check());

  ::unsetenv("http_proxy");
  EXPECT_EQ(finding.outcome, Outcome::success);
}

// The server would keep its connections open for more.
TEST(HttpProbe, EachProbeMakesAConnectionOfItsOwn) {
  const HttpServer server([](test::Peer& peer) {
    peer.try_send("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
    peer.wait_for_end();
  });
  ProbeRig rig;
  const config::Check check = http_check();
  for (int i = 0; i < 3; ++i) {
    start(rig, server.address(), check);
    EXPECT_EQ(rig.wait().outcome, Outcome::success);
  }
  EXPECT_EQ(server.requests().size(), 3u);
}

// --- Shortage and abandoning

TEST(HttpProbe, OurOwnLackOfDescriptorsIsNotTheInstancesFailure) {
  const HttpServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const config::Check check = http_check();
  ProbeRig rig;
  const NoMoreDescriptors shortage;
  start(rig, server.address(), check);

  EXPECT_EQ(rig.wait().outcome, Outcome::own_shortage);
}

TEST(HttpProbe, TellsNothingOnceItIsAbandoned) {
  const test::BlackHole hole;
  const HttpServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const config::Check check = http_check({}, 20ms);
  for (const std::string& address : {hole.address(), server.address()}) {
    ProbeRig rig;
    start(rig, address, check);
    rig.abandon();
    test::run_turns(rig.loop, 40);
    EXPECT_FALSE(rig.is_told()) << address;
  }
}

TEST(HttpProbe, IsAbandonedWhileItWaitsForTheAnswer) {
  std::atomic<bool> was_left{false};
  const HttpServer silent(
      [&](test::Peer& peer) { was_left = peer.wait_for_end() != test::End::open; });
  const config::Check check = http_check();
  ProbeRig rig;
  start(rig, silent.address(), check);
  ASSERT_TRUE(test::run_until(rig.loop, [&] { return !silent.requests().empty(); }));

  rig.abandon();

  EXPECT_TRUE(test::eventually([&] { return was_left.load(); }));
  EXPECT_FALSE(rig.is_told());
}

TEST(HttpProbe, ManyAtOnceEachHaveTheirOwnOutcome) {
  test::Backend healthy(test::http(std::make_shared<std::atomic<int>>(200)));
  test::Backend sick(test::http(std::make_shared<std::atomic<int>>(500)));
  test::Backend silent(test::hold());
  const test::DeadEnd dead_end;
  const config::Check patient = http_check();
  const config::Check impatient = http_check({}, 200ms);
  struct Kind {
    std::string address, detail;
    const config::Check& check;
    int found = 0;
  };
  Kind kinds[] = {{healthy.address(), "status 200 in ", patient},
                  {sick.address(), "status 500, wanted", patient},
                  {silent.address(), "no answer within 200 ms", impatient},
                  {dead_end.address(), "connection refused", patient}};
  ProbeRig rig;
  constexpr int kEach = 50;
  std::vector<std::unique_ptr<RunningProbe>> probes;
  for (int i = 0; i < kEach; ++i) {
    for (Kind& kind : kinds) {
      probes.push_back(std::make_unique<HttpProbe>(
          rig.transfers, endpoint(kind.address), kind.check, [&kind](const Finding& finding) {
            EXPECT_THAT(finding.detail, StartsWith(kind.detail));
            ++kind.found;
          }));
    }
  }
  for (const Kind& kind : kinds) {
    EXPECT_TRUE(test::run_until(rig.loop, [&] { return kind.found == kEach; })) << kind.detail;
  }
  probes.clear();
}

}  // namespace
}  // namespace sluice::health
