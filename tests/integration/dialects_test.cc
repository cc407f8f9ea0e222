// Checks that speak as redis, pgsql, mysql and send_expect do, on the real binary: H05.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <thread>

#include "tests/integration/ask.h"
#include "tests/integration/sluice_command.h"
#include "tests/support/hex.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::StartsWith;

std::string check_of(const std::string& what) {
  return "check: {" + what +
         ", interval: 50ms, fast_interval: 50ms, timeout: 400ms, rise: 1, fall: 1}";
}

// Says these texts, one when it is connected to and one whenever it is spoken to ("": nothing);
// after the last of them it closes, unless it is patient.
struct Line : Backend::Script {
  Line(std::vector<std::string> said, bool patient)
      : texts(said.begin(), said.end()), is_patient(patient) {}
  void on_accept(Backend::Connection& connection) override { say_next(connection); }
  void on_data(Backend::Connection& connection, std::string_view) override { say_next(connection); }
  void say_next(Backend::Connection& connection) {
    if (texts.empty()) return;
    connection.send(texts.front());
    texts.pop_front();
    if (texts.empty() && !is_patient) connection.close();
  }
  std::deque<std::string> texts;
  const bool is_patient;
};

Backend::MakeScript says(std::vector<std::string> texts) {
  return [texts] { return std::make_unique<Line>(texts, true); };
}
Backend::MakeScript says_and_closes(std::vector<std::string> texts) {
  return [texts] { return std::make_unique<Line>(texts, false); };
}

// Says a text byte by byte to whoever connects, each in a segment of its own.
class Dribble {
 public:
  explicit Dribble(std::string text) : text_(std::move(text)) {}
  ~Dribble() {
    is_over_ = true;
    Peer::connect(address());
    thread_.join();
  }
  const std::string& address() const { return acceptor_.address(); }

 private:
  void serve() {
    while (true) {
      Peer peer = acceptor_.accept(1min);
      if (is_over_) return;
      for (const char byte : text_) {
        if (!peer.try_send({&byte, 1})) break;
        pause_between_looks(1ms);
      }
      peer.wait_for_end();
    }
  }

  const std::string text_;
  Acceptor acceptor_;
  std::atomic<bool> is_over_{false};
  std::thread thread_{[this] { serve(); }};
};

std::string packet(char number, const std::string& payload) {
  return static_cast<char>(payload.size()) + "\0\0"s + number + payload;
}

const std::string kAsksForAPassword = "R\0\0\0\x17\0\0\0\nSCRAM-SHA-256\0\0"s;
const std::string kStartsUp =
    "E\0\0\0\x3eSFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"s;
const std::string kGreeting =
    packet(0,
           "\x0a"
           "8.0.36\0\1\0\0\0abcdefgh\0\xff\xf7\x08\2\0\0\0\x15"s +
               std::string(10, '\0') + "ijklmnopqrst\0mysql_native_password\0"s);
const std::string kDenied = packet(2, "\xff\x15\x04#28000Access denied for user 'sluice'"s);
const std::string kTooMany = packet(0, "\xff\x10\x04#08004Too many connections"s);

struct Situation {
  const char* what;
  const char* type;
  Backend::MakeScript behave;
  const char* state;
  const char* reason;
};

// Each in a service of its own, all of them at once.
TEST(Dialects, AreJudgedByWhatIsAnswered) {
  const std::string huge = "\xff\xff\xff\xff\xff"s;
  const Situation table[] = {
      {"redis", "redis", says({"", "+PONG\r\n"}), "up", "ok"},
      {"redis loads", "redis", says({"", "-LOADING Redis is loading\r\n"}), "down",
       "check: answered \"-LOADING Redis is loading\""},
      {"no redis", "redis", says({"HTTP/1.1 400 Bad Request\r\n"}), "down",
       "check: no answer of Redis: \"HTTP/1.1 400 Bad Request\\r\\n\""},
      {"redis breaks off", "redis", says_and_closes({"", "+PO"}), "down",
       "check: closed after \"+PO\""},
      {"pgsql", "pgsql", says({"", kAsksForAPassword}), "up", "ok"},
      {"pgsql starts", "pgsql", says_and_closes({"", kStartsUp}), "down",
       "check: answered 57P03 \"the database system is starting up\""},
      {"pgsql huge", "pgsql", says({"", "R" + huge}), "down",
       "check: no answer of PostgreSQL: \"R\\xff\\xff\\xff\\xff\\xff\""},
      {"no pgsql", "pgsql", echo(), "down", "check: no answer of PostgreSQL: \"\\x00\\x00\\x00'"},
      {"pgsql is silent", "pgsql", hold(), "down", "check: no answer within 400 ms"},
      {"pgsql hangs", "pgsql", says({"", kAsksForAPassword.substr(0, 9)}), "down",
       "check: no answer within 400 ms but \"R\\x00\\x00\\x00\\x17"},
      {"pgsql closes", "pgsql", says_and_closes({"", ""}), "down",
       "check: closed without an answer"},
      {"pgsql resets", "pgsql", reset_on_accept(), "down", "check: connection reset"},
      {"mysql", "mysql", says({kGreeting, kDenied}), "up", "ok"},
      {"mysql is full", "mysql", says_and_closes({kTooMany}), "down",
       "check: answered 1040 \"Too many connections\""},
      {"mysql huge", "mysql", says({huge}), "down", "check: no answer of MySQL: \"\\xff"},
      {"no mysql", "mysql", says({"220 mail.example\r\n"}), "down",
       "check: no answer of MySQL: \"220 mail.example\\r\\n\""},
      {"mysql is silent", "mysql", hold(), "down", "check: no answer within 400 ms"},
      {"mysql hangs", "mysql", says({kGreeting}), "down", "check: no answer within 400 ms but \""},
      {"mysql closes", "mysql", says_and_closes({""}), "down", "check: closed without an answer"},
      {"banner", "send_expect, expect: \"220 \"", says({"220 mail.example\r\n"}), "up", "ok"},
      {"question", "send_expect, send: \"a\\r\\n\", expect: \"a\\r\\n\"", echo(), "up", "ok"},
      {"other banner", "send_expect, expect: \"220 \"", says_and_closes({"554 no\r\n"}), "down",
       "check: closed after \"554 no\\r\\n\", wanted \"220 \""},
      {"any byte", "send_expect, send: x", echo(), "up", "ok"},
      {"other beginning", "send_expect, send: \"a\", expect: \"ab\"", says_and_closes({"", "ba"}),
       "down", "check: closed after \"ba\", wanted \"ab\""},
      {"reset", "send_expect, send: \"a\", expect: \"ab\"", reset_on_accept(), "down",
       "check: connection reset"},
  };
  std::vector<std::unique_ptr<Backend>> servers;
  Scene scene;
  for (const Situation& row : table) {
    servers.push_back(std::make_unique<Backend>(row.behave));
    scene.services.push_back("{name: s" + std::to_string(servers.size()) + ", instances: [\"" +
                             servers.back()->address() + "\"], " + check_of("type: "s + row.type) +
                             "}");
  }
  const Dribble torn_pgsql("N\0\0\0\x1eSNOTICE\0C00000\0Mgood day\0\0"s + kAsksForAPassword);
  const Dribble torn_mysql(kGreeting + kDenied);
  scene.services.push_back("{name: torn-pgsql, instances: [\"" + torn_pgsql.address() + "\"], " +
                           check_of("type: pgsql") + "}");
  scene.services.push_back("{name: torn-mysql, instances: [\"" + torn_mysql.address() + "\"], " +
                           check_of("type: mysql") + "}");
  const Dribble torn_banner("220 mail.example ESMTP ready\r\n");
  scene.services.push_back("{name: torn-banner, instances: [\"" + torn_banner.address() + "\"], " +
                           check_of("type: send_expect, expect: \"ready\\r\\n\"") + "}");
  Backend own(echo());
  scene.instances = {own.address()};
  const Sluice sluice(scene);

  const auto status = [&](const std::string& service) {
    return sluice.admin().get("/v1/services/" + service).json()["instances"][0];
  };
  for (std::size_t i = 0; i < std::size(table); ++i) {
    const Situation& row = table[i];
    nlohmann::json told;
    EXPECT_TRUE(eventually([&] {
      told = status("s" + std::to_string(i + 1));
      return told["state"] == row.state;
    })) << row.what;
    EXPECT_THAT(told["reason"].get<std::string>(), StartsWith(row.reason)) << row.what;
  }
  EXPECT_EQ(status("torn-pgsql")["state"], "up") << status("torn-pgsql");
  EXPECT_EQ(status("torn-mysql")["state"], "up") << status("torn-mysql");
  EXPECT_EQ(status("torn-banner")["state"], "up") << status("torn-banner");
}

// What MySQL hears: a login and no more to one that refuses it.
TEST(Dialects, AreIntroducedToInstancesThatWantItAndLeftPolitely) {
  for (const std::string version : {"v1", "v2"}) {
    Acceptor mysql;
    std::string heard;
    std::jthread server([&] {
      Peer peer = mysql.accept();
      peer.send(kGreeting);
      const std::string header = version == "v1" ? "PROXY TCP4 127.0.0.1 127.0.0.1 " : "\r\n\r\n";
      heard = peer.receive(header.size());
      while (!heard.ends_with("mysql_native_password\0"s)) heard += peer.receive(1);
      peer.send(packet(2,
                       "\xfe"
                       "caching_sha2_password\0abcdefghijklmnopqrst\0"s));
      heard += peer.receive(4);
      peer.send(packet(4, "\0\0\0\2\0\0\0"s));
      heard += peer.receive_rest().text;
    });
    const Sluice sluice({.instances = {mysql.address()},
                         .service = "proxy_protocol: {send: " + version +
                                    "}, check: {type: mysql, interval: 10m}"});
    EXPECT_EQ(sluice.instance_state(mysql.address()), "up");
    server.join();
    EXPECT_THAT(heard, StartsWith(version == "v1" ? "PROXY TCP4 127.0.0.1 127.0.0.1 "s
                                                  : bytes_of("0d0a0d0a 000d0a51 5549540a 20")));
    EXPECT_THAT(heard, testing::EndsWith("sluice\0\0mysql_native_password\0\0\0\0\3\1\0\0\0\1"s));
  }
}

TEST(Dialects, MayBeAnInstancesOwn) {
  Backend redis(says({"", "+PONG\r\n"})), banner(speak("220 mail\r\n")),
      other(says({"220 mail\r\n"}));
  Sluice sluice({.instances = {}, .service = check_of("type: tcp")});
  const std::string path = "/v1/services/s/instances/";
  const auto enroll = [&](const std::string& id, const Backend& server, const std::string& own) {
    return sluice.admin().put(path + id,
                              R"({"address":")" + server.address() + R"(","check":)" + own + "}");
  };
  EXPECT_EQ(enroll("a", redis, R"({"type":"redis"})").status, 200);
  EXPECT_EQ(enroll("b", banner, R"({"type":"send_expect","expect":"220 "})").status, 200);
  EXPECT_EQ(enroll("c", other, R"({"type":"redis"})").status, 200);
  EXPECT_TRUE(eventually([&] {
    return sluice.instance_state("a") == "up" && sluice.instance_state("b") == "up" &&
           sluice.instance_state("c") == "down";
  })) << sluice.admin().get("/v1/services/s").body;
  EXPECT_EQ(sluice.instance_status("c")["reason"], "check: no answer of Redis: \"220 mail\\r\\n\"");
  const Response refused = enroll("d", other, R"({"type":"redis","expect":"220 "})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("only a check of type send_expect looks at it"));
}

// A real Redis.
std::unique_ptr<Process> start_redis(const std::string& address, const TempDir& files,
                                     const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {find_program("redis-server"),
                                        "--port",
                                        address.substr(address.rfind(':') + 1),
                                        "--bind",
                                        "127.0.0.1",
                                        "--save",
                                        "",
                                        "--dir",
                                        files.root().string(),
                                        "--rdbcompression",
                                        "no",
                                        "--enable-debug-command",
                                        "yes"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  auto redis = std::make_unique<Process>(Command{.arguments = arguments});
  EXPECT_TRUE(eventually([&] { return connect_error(address) == 0; }));
  return redis;
}

class RealRedis : public testing::Test {
 protected:
  void start(const std::vector<std::string>& more = {}) {
    redis_.reset();
    redis_ = start_redis(address_, files_, more);
  }
  Scene scene() const { return {.instances = {address_}, .service = check_of("type: redis")}; }
  // What the first check finds.
  void expect(const std::string& state, const std::string& reason) const {
    const Sluice sluice(scene());
    EXPECT_TRUE(eventually([&] { return sluice.instance_state(address_) == state; }));
    EXPECT_THAT(sluice.instance_status(address_)["reason"].get<std::string>(), StartsWith(reason));
  }

  const std::string address_ = loopback(reserve_port());
  const TempDir files_;
  std::unique_ptr<Process> redis_;
};

TEST_F(RealRedis, IsDownWhileItServesNobody) {
  start();
  Peer client = Peer::connect(address_);
  client.send("DEBUG POPULATE 1000 key 100\r\nSAVE\r\n");
  ASSERT_EQ(client.receive(10), "+OK\r\n+OK\r\n");

  // It loads for ten seconds, with a word to others every 90 ms.
  start({"--key-load-delay", "10000", "--loading-process-events-interval-bytes", "1024"});
  expect("down", "check: answered \"-LOADING Redis is loading the dataset in memory\"");
  start({"--replicaof", "127.0.0.1 1", "--replica-serve-stale-data", "no"});
  expect("down", "check: answered \"-MASTERDOWN Link with MASTER is down");
  start({"--requirepass", "secret"});
  expect("up", "ok");
}

// What it is down for stays the reason of its state; its checks tell the rest.
TEST_F(RealRedis, IsFoundDeadAndBackAndItsChecksAreRemembered) {
  start();
  const Sluice sluice(scene());
  const auto checks = [&] {
    return sluice.admin().get("/v1/services/s/instances/" + address_ + "/checks").json()["checks"];
  };
  const auto last_is = [&](const std::string& reason) {
    return eventually([&] {
      const auto told = checks();
      return !told.empty() && told.back()["ok"] == reason.empty() &&
             told.back()["reason"] == reason;
    });
  };
  ASSERT_TRUE(last_is(""));
  redis_->kill();
  ASSERT_TRUE(eventually([&] { return sluice.instance_state(address_) == "down"; }));
  EXPECT_TRUE(last_is("connection refused"));
  start({"--maxclients", "1", "--tcp-backlog", "5"});
  EXPECT_TRUE(last_is(""));
  std::unique_ptr<Peer> in_the_way;
  ASSERT_TRUE(eventually([&] {  // unless a check is
    in_the_way = std::make_unique<Peer>(Peer::connect(address_));
    return in_the_way->try_send("PING\r\n") && in_the_way->receive(7) == "+PONG\r\n";
  }));
  EXPECT_TRUE(last_is("answered \"-ERR max number of clients reached\""));
  EXPECT_LE(checks().size(), 10u);

  const Finished table = command(sluice, {"checks", "s", address_});
  EXPECT_TRUE(table.is_success()) << table.errors;
  EXPECT_THAT(table.output,
              HasSubstr("  failed  answered \"-ERR max number of clients reached\"\n"));
  EXPECT_FALSE(command(sluice, {"checks", "s", "nobody"}).is_success());
}

// config/examples/redis-pool.yaml, with addresses of its own.
TEST(RedisPool, AHotClientOverflowsWithinTheBound) {
  const TempDir files;
  const std::string front = loopback(reserve_port());
  std::string text = read_file(SOURCE_DIR "/config/examples/redis-pool.yaml");
  const auto replace = [&text](const std::string& said, const std::string& ours) {
    ASSERT_NE(text.find(said), std::string::npos) << said;
    text.replace(text.find(said), said.size(), ours);
  };
  replace("127.0.0.1:6379", front);
  std::vector<std::unique_ptr<Process>> nodes;
  for (int i = 1; i <= 4; ++i) {
    const std::string address = loopback(reserve_port());
    replace("10.0.6." + std::to_string(i) + ":6379", address);
    nodes.push_back(start_redis(address, files));
  }
  Sluice sluice({.instances = {loopback(1)}});
  ASSERT_EQ(sluice.reload_text(text).status, 200);
  const auto instances = [&] {
    return sluice.admin().get("/v1/services/redis").json()["instances"];
  };
  ASSERT_TRUE(eventually([&] {
    const auto all = instances();
    return std::ranges::all_of(all, [](const auto& each) { return each["verdict"] == "eligible"; });
  })) << instances();

  std::vector<Peer> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(Peer::connect(front));
    clients.back().send("PING\r\n");
    EXPECT_EQ(clients.back().receive(7), "+PONG\r\n");
  }
  int used = 0, connections = 0;
  for (const auto& each : instances()) {
    const int bound = each["weight"] == 2 ? 5 : 3;  // 1.25 times its share of ten, rounded up
    EXPECT_LE(each["connections"], bound) << each;
    connections += each["connections"].get<int>();
    if (each["connections"] > 0) ++used;
  }
  EXPECT_EQ(connections, 10);
  EXPECT_GE(used, 3) << "one client's connections would all be at its home";
}

}  // namespace
}  // namespace sluice::test
