// PROXY headers, taken and sent, and who is let in: scenarios P01, P02, P04 to P06 and P08.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "tests/integration/ask.h"
#include "tests/support/hex.h"
#include "tests/support/invariants.h"
#include "tests/support/procfs.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

const std::string kLine = "PROXY TCP4 203.0.113.7 198.51.100.1 4711 443\r\n";

// Log lines of one worker are in order.
const std::string kOneWorker = "workers: 1";

std::string v2(const std::string& rest) {
  return bytes_of("0d0a0d0a000d0a515549540a" + rest);
}

std::string accepting(const std::string& how, const std::string& more = "") {
  return "proxy_protocol: {accept: " + how + ", trusted: [127.0.0.0/8]}" + more;
}

// What a client gets back that sends this and then finishes: an echo, or nothing.
Rest tell(const Sluice& sluice, const std::string& bytes, const ConnectOptions& options = {}) {
  Peer client = sluice.connect(options);
  client.try_send(bytes);
  client.finish();
  return client.receive_rest();
}

// P02, P04
TEST(ProxyProtocol, OfEveryKindIsTakenAndWhatFollowsIsPayload) {
  Backend server(echo());
  Sluice sluice(
      {.instances = {server.address()}, .listener = accepting("required"), .process = kOneWorker});
  Invariants invariants(sluice);
  const struct {
    std::string header, client;  // as it is logged; "": the sender itself
  } rows[] = {
      {kLine, "203.0.113.7:4711"},
      {"PROXY TCP6 2001:Db8::7 2001:DB8::1 4711 443\r\n", "[2001:db8::7]:4711"},
      {"PROXY UNKNOWN\r\n", ""},
      {"PROXY UNKNOWN 1 2 3 4 5 6\r\n", ""},
      {v2("21 11 000c c0000201 c0000202 007b 162e"), "192.0.2.1:123"},
      {v2("21 21 0024 20010db8000000000000000000000001 20010db8000000000000000000000002 007b 162e"),
       "[2001:db8::1]:123"},
      {v2("21 11 0014 7f000001 7f000001 002a 0539 02 0005 3132333435"), "127.0.0.1:42"},
      {v2("21 11 0013 c0000201 c0000202 007b 162e 03 0004 1c2b486c"), "192.0.2.1:123"},
      {v2("20 00 0000"), ""},
      {v2("20 11 000c c0000201 c0000202 007b 162e"), ""},
      {v2("21 00 0000"), ""},
  };
  const std::string payloads[] = {std::string(4096, 'p'),
                                  "\x02\x00\x05"
                                  "54321",
                                  "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n", ""};
  for (const auto& row : rows) {
    for (const std::string& payload : payloads) {
      EXPECT_EQ(tell(sluice, row.header + payload).text, payload) << row.header;
    }
  }
  const auto sessions = sluice.sessions(std::size(rows) * std::size(payloads));
  ASSERT_EQ(sessions.size(), std::size(rows) * std::size(payloads));
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    const auto& row = rows[i / std::size(payloads)];
    const std::string client = sessions[i]["client"];
    if (row.client.empty()) {
      EXPECT_TRUE(client.starts_with("127.0.0.1:")) << sessions[i];
    } else {
      EXPECT_EQ(client, row.client);
    }
    EXPECT_EQ(sessions[i]["bytes_up"], payloads[i % std::size(payloads)].size())
        << "the header is no payload";
  }
  // The header and its payload byte by byte.
  Peer slow = sluice.connect();
  for (const char c : kLine + "x") slow.send(std::string(1, c));
  EXPECT_EQ(slow.receive(1), "x");
  slow.close();
  invariants.expect_hold();
}

// P05
TEST(ProxyProtocol, ThatIsMalformedReachesNobody) {
  Backend server(echo());
  Sluice sluice(
      {.instances = {server.address()}, .listener = accepting("required"), .process = kOneWorker});
  Invariants invariants(sluice);
  const std::string tcp4 = "PROXY TCP4 192.0.2.1 198.51.100.1 ";
  const std::string rows[] = {
      "GET / HTTP/1.1\r\n\r\n",
      "PROX ",
      "PROXZ TCP4",
      "PROXY TCP4\r\n",
      "PROXY TCP1 192.0.2.1 198.51.100.1 50000 443\r\n",
      tcp4 + "50000\r\n",
      tcp4 + "50000 443 \r\n",
      tcp4 + "50000  443\r\n",
      tcp4 + "65536 443\r\n",
      tcp4 + "50000 443\n",
      tcp4 + "50000 443\r",  // and then its end
      std::string("PROXY UNKNOWN ") + std::string(200, 'a'),
      v2("22 11 000c c0000201 c0000202 007b 162e"),
      v2("21 41 0004 01020304"),
      v2("21 11 000b c0000201 c0000202 007b 16"),
      v2("21 11 0013 c0000201 c0000202 007b 162e 03 0004 1c2b486d"),
      v2("21 11 0014 7f000001 7f000001 002a 0539 02 000a 31323334353132333435"),
      v2("21 11 0014 7f000001 7f000001 002a 0539 02 0004 31323334 00"),
      v2("21 11 ffff"),
  };
  for (const std::string& row : rows) {
    Peer client = sluice.connect();
    client.try_send(row);
    if (row.ends_with("443\r")) client.finish();
    const Rest rest = client.receive_rest();
    EXPECT_EQ(rest.end, End::fin) << row;
    EXPECT_EQ(rest.text, "") << row;
  }
  const auto sessions = sluice.sessions(std::size(rows));
  EXPECT_EQ(sessions.size(), std::size(rows)) << "one line each";
  for (const auto& session : sessions) {
    EXPECT_EQ(session["reason"], "proxy_header_invalid") << session;
    EXPECT_NE(session["detail"], "") << session;
    EXPECT_EQ(session["attempts"], 0) << session;
  }
  EXPECT_EQ(server.accepted(), 0u);
  EXPECT_EQ(sluice.metric("sluice_connections_closed_total", {{"reason", "proxy_header_invalid"}}),
            static_cast<double>(std::size(rows)));
  invariants.expect_hold();
}

// P06
TEST(ProxyProtocol, ThatDoesNotComeIsWaitedForOnce) {
  Backend server(echo());
  Sluice sluice({.instances = {server.address()},
                 .listener = accepting("required", ", timeouts: {first_bytes: 400ms}"),
                 .process = kOneWorker});
  Invariants invariants(sluice);
  Stopwatch watch;
  Peer silent = sluice.connect();
  EXPECT_EQ(silent.wait_for_end(), End::fin);
  EXPECT_GE(watch.elapsed(), 390ms);
  EXPECT_EQ(sluice.sessions(1).back()["reason"], "proxy_header_timeout");

  watch = Stopwatch();
  Peer slow = sluice.connect();
  for (const char c : kLine) {
    if (!slow.try_send(std::string(1, c))) break;
    if (!slow.stays_quiet(50ms)) break;
  }
  EXPECT_EQ(slow.wait_for_end(), End::fin);
  EXPECT_GE(watch.elapsed(), 390ms);
  EXPECT_LT(watch.elapsed(), kSanitized ? 5000ms : 1500ms) << "not longer for each byte";
  EXPECT_EQ(sluice.sessions(2).back()["reason"], "proxy_header_timeout");

  Peer gone = sluice.connect();
  gone.finish();
  EXPECT_EQ(gone.wait_for_end(), End::fin);
  EXPECT_EQ(sluice.sessions(3).back()["reason"], "client_closed");
  Peer torn = sluice.connect();
  torn.send("PROXY ");
  torn.reset();
  EXPECT_EQ(sluice.sessions(4).back()["reason"], "client_reset");
  EXPECT_EQ(server.accepted(), 0u);
  invariants.expect_hold();
}

TEST(ProxyProtocol, ThatIsWaitedForCostsLittle) {
  constexpr int kClients = 1000;
  Backend server(echo());
  Sluice sluice({.instances = {server.address()},
                 .listener = accepting("required", ", timeouts: {first_bytes: 60s}")});
  tell(sluice, kLine + "warm");
  const std::uint64_t before = resident_bytes(sluice.pid());
  std::vector<Peer> waiting;
  for (int i = 0; i < kClients; ++i) {
    waiting.push_back(sluice.connect());
    waiting.back().send("PROXY TCP4 203.0.113.7 ");
  }
  ASSERT_TRUE(eventually([&] {
    return sluice.metric("sluice_connections_active", {{"listener", "front"}}) == kClients;
  }));
  const auto shown = sluice.admin().get("/v1/connections?limit=1").json()["connections"][0];
  EXPECT_EQ(shown["state"], "preface");
  const std::uint64_t grown = resident_bytes(sluice.pid()) - before;
  EXPECT_LE(grown, kClients * (kSanitized ? 65536u : 4096u));
}

// P08
TEST(ProxyProtocol, IsTakenOnlyFromWhoIsTrusted) {
  Backend server(echo());
  const std::string doors[] = {loopback(reserve_port()), loopback(reserve_port())};
  Sluice sluice({.instances = {server.address()},
                 .listener = "proxy_protocol: {accept: required, trusted: [127.0.0.2/32]}",
                 .process = kOneWorker,
                 .listeners = {"{name: plain, bind: \"" + doors[0] + "\", service: s}",
                               "{name: either, bind: \"" + doors[1] +
                                   "\", service: s, proxy_protocol: {accept: optional, trusted: "
                                   "[127.0.0.2/32]}}"}});
  Invariants invariants(sluice);
  EXPECT_EQ(tell(sluice, kLine + "x", {.source = "127.0.0.2"}).text, "x");
  EXPECT_EQ(tell(sluice, "x", {.source = "127.0.0.2"}).text, "");
  EXPECT_EQ(sluice.sessions(2).back()["reason"], "proxy_header_invalid");
  EXPECT_EQ(tell(sluice, kLine + "x", {.source = "127.0.0.3"}).text, "");
  EXPECT_EQ(sluice.sessions(3).back()["reason"], "denied");
  EXPECT_EQ(sluice.sessions(3).back()["detail"], "127.0.0.3 is not one of proxy_protocol.trusted");
  EXPECT_EQ(tell(sluice, "x", {.source = "127.0.0.3"}).text, "");

  const auto through = [](const std::string& door, const std::string& source,
                          const std::string& bytes) {
    Peer client = Peer::connect(door, {.source = source});
    client.try_send(bytes);
    client.finish();
    return client.receive_rest().text;
  };
  EXPECT_EQ(through(doors[0], "127.0.0.2", kLine + "x"), kLine + "x") << "payload like any other";
  EXPECT_EQ(through(doors[1], "127.0.0.2", kLine + "x"), "x");
  EXPECT_EQ(through(doors[1], "127.0.0.2", "plain"), "plain");
  EXPECT_EQ(through(doors[1], "127.0.0.3", kLine + "x"), kLine + "x") << "not believed";
  EXPECT_EQ(through(doors[1], "127.0.0.3", "plain"), "plain");
  invariants.expect_hold();
}

// P01: an echo server shows what it was sent.
TEST(ProxyProtocol, IsSentBeforeTheClientsFirstByte) {
  Backend server(echo());
  const auto scene = [&](const std::string& how) {
    return Scene{.instances = {server.address()}, .service = "proxy_protocol: " + how};
  };
  Sluice sluice(scene("{send: v1}"));
  Invariants invariants(sluice);
  Peer silent = sluice.connect({.source = "127.0.0.9"});
  const std::string line = "PROXY TCP4 127.0.0.9 127.0.0.1 " + std::to_string(silent.port()) + ' ' +
                           sluice.front().substr(sluice.front().rfind(':') + 1) + "\r\n";
  EXPECT_EQ(silent.receive(line.size()), line);
  EXPECT_TRUE(echoes(silent, "and then the payload"));
  silent.close();
  EXPECT_EQ(sluice.sessions(1).back()["bytes_up"], 20);

  ASSERT_EQ(sluice.reload(scene("{send: v2}")).status, 200);
  Peer binary = sluice.connect({.source = "127.0.0.9"});
  const std::string head = binary.receive(28);
  EXPECT_EQ(head.substr(0, 20), v2("21 11 000c 7f000009")) << "28 bytes, whose connection it is";
  EXPECT_TRUE(echoes(binary, "and then the payload"));
  binary.close();

  ASSERT_EQ(sluice
                .reload(scene("{send: v2, tlvs: {alpn: h2, authority: a.example, unique_id: auto, "
                              "crc32c: \"on\", \"0xE1\": own}}"))
                .status,
            200);
  Peer rich = sluice.connect();
  const std::string fixed = rich.receive(16);
  const std::string rest =
      rich.receive(static_cast<std::size_t>(static_cast<unsigned char>(fixed[15])));
  EXPECT_NE(rest.find(bytes_of("01 0002") + "h2"), std::string::npos);
  EXPECT_NE(rest.find(bytes_of("02 0009") + "a.example"), std::string::npos);
  EXPECT_NE(rest.find(bytes_of("e1 0003") + "own"), std::string::npos);
  EXPECT_NE(rest.find(bytes_of("03 0004")), std::string::npos);
  EXPECT_TRUE(std::regex_search(rest, std::regex("[0-9a-f]{16}-[01]-[0-9]+"))) << "a unique id";
  rich.close();
  invariants.expect_hold();
}

// Two proxies in a row: what the first was told, the second is told.
TEST(ProxyProtocol, IsPassedOnAlongAChain) {
  Backend server(echo());
  Sluice inner({.instances = {server.address()},
                .service = "proxy_protocol: {send: v1}",
                .listener = accepting("required")});
  Sluice outer({.instances = {inner.front()},
                .service = "proxy_protocol: {send: v2, tlvs: {crc32c: \"on\"}}",
                .listener = accepting("optional")});
  EXPECT_EQ(tell(outer, kLine + "x").text, kLine + "x");
  EXPECT_EQ(inner.sessions(1).back()["client"], "203.0.113.7:4711");
  const auto told = tell(outer, "PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\nx").text;
  EXPECT_EQ(told, "PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\nx");
}

// It is the client of the header by whom is hashed.
TEST(ProxyProtocol, NamesWhomIsBalancedBy) {
  std::vector<std::unique_ptr<Backend>> servers;
  Scene scene{.service = "balance: {policy: hash}", .listener = accepting("required")};
  for (const char* name : {"a", "b", "c", "d"}) {
    servers.push_back(std::make_unique<Backend>(ident(name)));
    scene.instances.push_back(instance(servers.back()->address(), std::string("id: ") + name));
  }
  Sluice sluice(scene);
  std::set<std::string> seen;
  for (int i = 1; i <= 40; ++i) {
    const std::string client = "203.0.113." + std::to_string(i);
    const std::string header = "PROXY TCP4 " + client + " 198.51.100.1 4711 443\r\n";
    const auto chosen = sluice.admin().get("/v1/services/s/instance?client=" + client).json()["id"];
    EXPECT_EQ(tell(sluice, header + "?").text, chosen) << client;
    seen.insert(chosen);
  }
  EXPECT_EQ(seen.size(), 4u);
}

// config/examples/behind-a-cloud-balancer.yaml, with addresses of its own.
TEST(CloudBalancer, ShowsItsClientsAndEachHasItsShare) {
  Backend one(echo()), two(echo());
  const std::string front = loopback(reserve_port());
  std::string text = read_file(SOURCE_DIR "/config/examples/behind-a-cloud-balancer.yaml");
  for (const auto& [said, ours] : {std::pair{std::string("127.0.0.1:8443"), front},
                                   {"10.0.5.1:8443", one.address()},
                                   {"10.0.5.2:8443", two.address()}}) {
    ASSERT_NE(text.find(said), std::string::npos) << said;
    text.replace(text.find(said), said.size(), ours);
  }
  Sluice sluice({.instances = {one.address()}});
  ASSERT_EQ(sluice.reload_text(text).status, 200);
  const auto say = [&](const std::string& bytes) {
    Peer client = Peer::connect(front);
    client.try_send(bytes);
    client.finish();
    return client.receive_rest().text;
  };
  const auto line_of = [](const std::string& client) {
    return "PROXY TCP4 " + client + " 198.51.100.1 4711 443\r\n";
  };
  const auto closed = [&](const std::string& reason) {
    return sluice.metric("sluice_connections_closed_total",
                         {{"listener", "shop"}, {"reason", reason}});
  };

  ASSERT_TRUE(eventually([&] {
    const auto all = sluice.admin().get("/v1/services/shop").json()["instances"];
    return std::ranges::all_of(all, [](const auto& each) { return each["verdict"] == "eligible"; });
  }));
  // An echo of the header that the instance got, and of what followed.
  const std::string back = say(line_of("203.0.113.7") + "hello");
  EXPECT_TRUE(back.starts_with(v2("21 11"))) << back;
  EXPECT_EQ(back.substr(16, 4), bytes_of("cb007107"));
  EXPECT_TRUE(back.ends_with("hello"));
  EXPECT_EQ(say(line_of("192.0.2.9") + "hello"), "");
  EXPECT_EQ(closed("denied"), 1);
  EXPECT_EQ(say("GET / HTTP/1.0\r\n\r\n"), "");
  EXPECT_EQ(closed("proxy_header_invalid"), 1);

  std::vector<Peer> greedy;
  for (int i = 0; i < 150; ++i) {
    greedy.push_back(Peer::connect(front));
    greedy.back().try_send(line_of("203.0.113.8"));
  }
  EXPECT_TRUE(eventually([&] { return closed("limit_source") >= 50; }));
  EXPECT_TRUE(say(line_of("203.0.113.9") + "hello").ends_with("hello"));
}

TEST(Access, IsByTheClientsAddress) {
  Backend server(echo());
  const std::string door = loopback(reserve_port());
  const std::string lists =
      "access: {allow: [127.0.0.0/8, 203.0.113.0/24], deny: [127.0.0.8/30, "
      "203.0.113.66]}";
  Sluice sluice({.instances = {server.address()},
                 .listener = lists,
                 .process = kOneWorker,
                 .listeners = {"{name: header, bind: \"" + door + "\", service: s, " + lists +
                               ", proxy_protocol: {accept: required, trusted: [127.0.0.0/8]}}"}});
  Invariants invariants(sluice);
  EXPECT_EQ(tell(sluice, "x", {.source = "127.0.0.7"}).text, "x");
  EXPECT_EQ(tell(sluice, "x", {.source = "127.0.0.9"}).text, "");
  EXPECT_EQ(sluice.sessions(2).back()["reason"], "denied");
  EXPECT_EQ(sluice.sessions(2).back()["detail"], "127.0.0.9 lies in 127.0.0.8/30 of access.deny");
  const auto explained = [&](const std::string& listener, const std::string& client) {
    return sluice.admin().get("/v1/explain?listener=" + listener + "&client=" + client).json();
  };
  EXPECT_EQ(explained("front", "127.0.0.7")["winner"], server.address());
  EXPECT_EQ(explained("front", "127.0.0.7")["refused"], nullptr);
  EXPECT_EQ(explained("front", "127.0.0.9")["refused"], sluice.sessions(2).back()["detail"]);
  EXPECT_EQ(explained("front", "127.0.0.9")["winner"], nullptr);
  const auto as = [&](const std::string& client) {
    Peer peer = Peer::connect(door);
    peer.try_send("PROXY TCP4 " + client + " 198.51.100.1 4711 443\r\nx");
    peer.finish();
    return peer.receive_rest().text;
  };
  EXPECT_EQ(as("203.0.113.65"), "x");
  EXPECT_EQ(as("203.0.113.66"), "");
  EXPECT_EQ(as("127.0.0.9"), "");
  EXPECT_EQ(as("192.0.2.1"), "");
  EXPECT_EQ(sluice.sessions(6).back()["detail"], "192.0.2.1 lies in nothing of access.allow");
  EXPECT_EQ(explained("header", "192.0.2.1")["why"], sluice.sessions(6).back()["detail"]);
  EXPECT_EQ(explained("header", "192.0.2.1")["notes"].size(), 1u) << "the header is required";
  EXPECT_EQ(sluice.metric("sluice_connections_closed_total", {{"reason", "denied"}}), 4);
  EXPECT_EQ(server.accepted(), 2u);
  invariants.expect_hold();
}

}  // namespace
}  // namespace sluice::test
