// The admin API against browsers, slow clients, oversized and ambiguous requests: scenarios Z.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/procfs.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

class AdminApi : public testing::Test {
 protected:
  Backend server_{echo()};
  Sluice sluice_{{.instances = {server_.address()}, .admin = "limits: {deadline: 2s}"}};
  Invariants invariants_{sluice_};

  double reloads() { return sluice_.metric("sluice_reloads_total"); }
  std::string host() const { return "Host: " + sluice_.admin().address() + "\r\n"; }
};

// Z02: what changes things answers to POST and DELETE alone.
TEST_F(AdminApi, GetChangesNothing) {
  const Response response = sluice_.admin().get("/v1/reload");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.at("allow"), "POST");
  EXPECT_EQ(sluice_.admin().get("/v1/connections/1-1").status, 405);
  EXPECT_EQ(reloads(), 0);
  invariants_.expect_hold();
}

// Z02: a page in a browser can neither read nor change anything.
TEST_F(AdminApi, RefusesForeignPages) {
  const Admin& admin = sluice_.admin();
  EXPECT_EQ(admin.get("/v1/services", {{"Host", "evil.example"}}).status, 403);
  EXPECT_EQ(admin.get("/v1/services", {{"Host", "localhost"}}).status, 200);
  EXPECT_EQ(admin.post("/v1/reload", "", {{"Origin", "https://evil.example"}}).status, 403);
  EXPECT_EQ(admin.post("/v1/reload", "", {{"Sec-Fetch-Site", "cross-site"}}).status, 403);
  EXPECT_EQ(admin.post("/v1/reload", "{}", {{"Content-Type", "text/plain"}}).status, 415);
  const Response own = admin.get("/v1/services", {{"Origin", "http://" + admin.address()}});
  EXPECT_EQ(own.status, 200);
  EXPECT_FALSE(own.headers.contains("access-control-allow-origin"));
  EXPECT_EQ(reloads(), 0);
  invariants_.expect_hold();
}

// Z03: slow requests end at the total deadline however they trickle, and harm nobody meanwhile.
TEST_F(AdminApi, EndsSlowRequestsAtTheirDeadline) {
  const std::size_t clients = size_of_run<std::size_t>(60, 300);
  constexpr Milliseconds kDeadline = 2s;
  std::vector<Peer> slow;
  Stopwatch watch;
  for (std::size_t i = 0; i < clients; ++i) {
    slow.push_back(Peer::connect(sluice_.admin().address()));
    const std::string kinds[] = {
        "POST /v1/reload HTTP/1.1\r\n" + host() +
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n" + host() + "X-Slow: ", "G"};
    slow.back().send(kinds[i % 3]);
  }
  // A byte each now and then, until they are all closed; the last kind has said all that it will.
  std::thread trickling([&] {
    while (watch.elapsed() < kDeadline) {
      for (std::size_t i = 0; i < clients; ++i)
        if (i % 3 != 2) slow[i].try_send("x");
      pause_between_looks(200ms);
    }
  });
  std::vector<double> latencies;
  while (watch.elapsed() < kDeadline - 500ms) {
    Stopwatch health;
    EXPECT_EQ(sluice_.admin().get("/healthz").status, 200);
    latencies.push_back(health.seconds());
  }
  trickling.join();
  std::ranges::sort(latencies);
  EXPECT_LT(latencies[latencies.size() * 99 / 100], 0.500);
  Peer client = sluice_.connect();
  EXPECT_TRUE(echoes(client, "the data path does not notice"));

  for (Peer& peer : slow) EXPECT_NE(peer.wait_for_end(), End::open);
  EXPECT_GE(watch.elapsed(), kDeadline * 9 / 10);
  EXPECT_LE(watch.elapsed(), kDeadline * 2 + 1s);
  EXPECT_EQ(reloads(), 0);
  client.close();
  slow.clear();
  invariants_.expect_hold(16 << 20);
}

// Z03: and so do clients that never read their answer, nor keep the others waiting: however many
// long pages are asked for, whoever asks whether the process is alive is told.
TEST(AdminApiOfMany, EndsClientsThatNeverReadAtTheirDeadline) {
  // A page is written at low priority: beside others who want the processor it needs its time.
  const int kInstances = kSanitized ? 300 : 10'000;
  const std::string deadline = kSanitized ? "10s" : "2s";
  const std::size_t clients = size_of_run<std::size_t>(20, 100);
  std::string many = "{name: many, check: {type: none}, instances: [";
  for (int i = 0; i < kInstances; ++i)
    many += "\"127." + std::to_string(1 + i / 200) + ".0." + std::to_string(1 + i % 200) + ":9\",";
  Backend server(echo());
  Sluice sluice({.instances = {server.address()},
                 .admin = "limits: {deadline: " + deadline + "}",
                 .listeners = {"{bind: \"" + loopback(reserve_port()) + "\", service: many}"},
                 .services = {many + "]}"}});
  Invariants invariants(sluice);

  const char* const pages[] = {"/v1/services", "/v1/services/many", "/metrics", "/v1/config"};
  Stopwatch watch;
  std::vector<Peer> deaf;
  for (std::size_t i = 0; i < clients; ++i) {
    deaf.push_back(Peer::connect(sluice.admin().address(), {.receive_buffer = 4 << 10}));
    deaf.back().send("GET " + std::string(pages[i % 4]) + " HTTP/1.1\r\nHost: " +
                     sluice.admin().address() + "\r\nConnection: close\r\n\r\n");
  }
  const auto port = ntohs(Address::parse(sluice.admin().address()).ipv4.sin_port);
  const auto admin_sockets = [&] {
    const auto sockets = tcp_sockets(sluice.pid());
    return std::ranges::count_if(sockets, [&](const TcpSocket& socket) {
      return socket.local_port == port && socket.state != kListening;
    });
  };
  EXPECT_TRUE(eventually([&] { return admin_sockets() > 0; }));
  std::vector<double> latencies;
  do {
    Stopwatch health;
    EXPECT_EQ(sluice.admin().get("/healthz").status, 200);
    latencies.push_back(health.seconds());
    pause_between_looks();
  } while (watch.elapsed() < 2s);
  std::ranges::sort(latencies);
  if (!kSanitized) {
    EXPECT_LT(latencies[latencies.size() * 99 / 100], 0.500) << "of " << latencies.size();
  }
  Peer client = sluice.connect();
  EXPECT_TRUE(echoes(client, "the data path does not notice"));
  EXPECT_TRUE(eventually([&] { return admin_sockets() == 0; }));
  EXPECT_EQ(sluice.admin().get("/healthz").status, 200);
  client.close();
  deaf.clear();
  invariants.expect_hold(64 << 20);
}

// Z04
TEST_F(AdminApi, RefusesWhatIsTooLarge) {
  const std::string long_value(64 << 10, 'a');
  std::string many_headers;
  for (int i = 0; i < 1000; ++i) many_headers += "X-" + std::to_string(i) + ": 1\r\n";
  struct Case {
    std::string name, request;
    int status;
  };
  const std::vector<Case> cases = {
      {"header", "GET /healthz HTTP/1.1\r\n" + host() + "X: " + long_value + "\r\n\r\n", 431},
      {"headers", "GET /healthz HTTP/1.1\r\n" + host() + many_headers + "\r\n", 431},
      {"target", "GET /" + long_value + " HTTP/1.1\r\n" + host() + "\r\n", 414},
      {"body",
       "POST /v1/reload HTTP/1.1\r\n" + host() +
           "Content-Type: application/json\r\nContent-Length: 100000000\r\n\r\n{",
       413},
  };
  for (const Case& each : cases) {
    std::string answer = sluice_.admin().raw(each.request);
    EXPECT_EQ(parse_response(answer).status, each.status) << each.name;
  }
  EXPECT_EQ(reloads(), 0);
  invariants_.expect_hold(16 << 20);
}

// Z04
TEST_F(AdminApi, RefusesHostileJson) {
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {"deep", std::string(100'000, '[')},
      {"deep objects", std::string(100'000, '[') + std::string(100'000, ']')},
      {"duplicate keys", R"({"dry_run":true,"dry_run":false})"},
      {"a number beyond all bounds", R"({"dry_run":1e999})"},
      {"a lone surrogate", R"({"dry_run":"\ud800"})"},
      {"NaN", R"({"dry_run":NaN})"},
      {"not UTF-8", "{\"\xff\":true}"},
      {"a large array", "[" + std::string(400'000, '0') + "]"},
  };
  for (const auto& [name, body] : bodies)
    EXPECT_EQ(sluice_.admin().post("/v1/reload", body).status, 400) << name;
  EXPECT_EQ(reloads(), 0);
  invariants_.expect_hold(16 << 20);
}

// Z04: a file that grows when it is read is an error at once and costs nothing.
TEST_F(AdminApi, RefusesYamlBombs) {
  std::string laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 8; ++k) laughs += "," + before;
    laughs += "]\n";
  }
  const std::vector<std::pair<std::string, std::string>> texts = {
      {"billion laughs", laughs},
      {"cycle", "&x\n- *x\n"},
      {"depth", std::string(100'000, '[')},
      {"block depth",
       [] {
         std::string text;
         for (std::size_t i = 0; i < 1000; ++i) text += std::string(i, ' ') + "a:\n";
         return text;
       }()},
      {"size", std::string(50 << 20, 'a')},
      {"merge keys", "a: &a {b: 1}\nc: {<<: [*a, *a, *a]}\n"},
      {"tag", "version: !!python/object/apply:os.system [\"true\"]\n"},
  };
  for (const auto& [name, text] : texts) {
    Stopwatch watch;
    const Response response = sluice_.reload_text(text);
    EXPECT_EQ(response.status, 400) << name;
    EXPECT_LT(watch.elapsed(), kSanitized ? 10s : 1500ms) << name;
  }
  EXPECT_EQ(sluice_.instance_state(server_.address()), "up");
  invariants_.expect_hold(64 << 20);
}

// Z07: what can be read in two ways is refused, and what follows it on the connection is not read
// at all.
TEST_F(AdminApi, RefusesAmbiguousRequests) {
  const std::string second = "POST /v1/reload HTTP/1.1\r\n" + host() + "\r\n";
  const auto post = [&](const std::string& headers, const std::string& body) {
    return "POST /v1/reload?dry_run=true HTTP/1.1\r\n" + host() +
           "Content-Type: application/json\r\n" + headers + "\r\n" + body;
  };
  const std::vector<std::pair<std::string, std::string>> requests = {
      {"length and coding",
       post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"two lengths", post("Content-Length: 2\r\nContent-Length: 3\r\n", "{}")},
      {"length with a plus", post("Content-Length: +2\r\n", "{}")},
      {"length with a space inside", post("Content-Length: 2 2\r\n", "{}")},
      {"length beyond 64 bits", post("Content-Length: 18446744073709551616\r\n", "{}")},
      {"negative length", post("Content-Length: -1\r\n", "{}")},
      {"unknown coding", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")},
      {"space before the colon", post("Content-Length : 2\r\n", "{}")},
      {"folded header", post("X-A: 1\r\n folded\r\nContent-Length: 2\r\n", "{}")},
      {"bare line feeds", "GET /healthz HTTP/1.1\nHost: localhost\n\n"},
      {"NUL in a header",
       "GET /healthz HTTP/1.1\r\n" + host() + std::string("X: a\0b\r\n\r\n", 10)},
      {"no host", "GET /healthz HTTP/1.1\r\n\r\n"},
      {"two hosts", "GET /healthz HTTP/1.1\r\n" + host() + host() + "\r\n"},
      {"HTTP/0.9", "GET /healthz\r\n\r\n"},
      {"no such version", "GET /healthz HTTP/3.0\r\n" + host() + "\r\n"},
      {"lower-case method", "get /healthz HTTP/1.1\r\n" + host() + "\r\n"},
  };
  for (const auto& [name, request] : requests) {
    std::string answers = sluice_.admin().raw(request + second);
    const int status = parse_response(answers).status;
    EXPECT_TRUE(status >= 400 && status <= 505) << name << " was answered with " << status;
    EXPECT_EQ(answers, "") << name << " let the next request through";
  }
  EXPECT_EQ(reloads(), 0);
  invariants_.expect_hold();
}

// Z07
TEST_F(AdminApi, AnswersPipelinedRequestsInOrder) {
  constexpr int kRequests = 100;
  std::string requests;
  for (int i = 0; i < kRequests; ++i) {
    const std::string target = i % 2 == 0 ? "/healthz" : "/nothing-here";
    requests += "GET " + target + " HTTP/1.1\r\n" + host();
    requests += i == kRequests - 1 ? "Connection: close\r\n\r\n" : "\r\n";
  }
  std::string answers = sluice_.admin().raw(requests);
  for (int i = 0; i < kRequests; ++i)
    ASSERT_EQ(parse_response(answers).status, i % 2 == 0 ? 200 : 404) << "request " << i;
  EXPECT_EQ(answers, "");
  invariants_.expect_hold();
}

}  // namespace
}  // namespace sluice::test
