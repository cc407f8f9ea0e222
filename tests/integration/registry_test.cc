// Services that register themselves, on the real binary: scenarios Y.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "tests/integration/load.h"
#include "tests/integration/sluice_command.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

const std::string kInstances = "/v1/services/s/instances/";

class RegistryService : public testing::Test {
 protected:
  static Scene scene() { return {.instances = {}, .registry = "on_expire: {verify: none}"}; }

  Response enroll(const std::string& id, const std::string& address, const std::string& more = "",
                  const std::string& query = "?wait=applied") {
    return sluice_.admin().put(kInstances + id + query,
                               R"({"address":")" + address + '"' + more + "}");
  }
  Response beat(const std::string& id, const std::string& body = "") {
    return sluice_.admin().put(kInstances + id + "/heartbeat", body);
  }
  Response leave(const std::string& id, const std::string& query = "") {
    return sluice_.admin().del(kInstances + id + query);
  }
  std::vector<Json> listed() {
    return sluice_.admin().get("/v1/services/s").json()["instances"].get<std::vector<Json>>();
  }

  Sluice sluice_{scene()};
  Invariants invariants_{sluice_};
};

// Y01: registered is in rotation, deregistered is out of it, at once both ways.
TEST_F(RegistryService, RegisteredMeansInRotationAndDeregisteredMeansDrained) {
  Backend first(ident("first")), second(ident("second"));
  EXPECT_EQ(ask(sluice_), "") << "nobody is there yet";
  ASSERT_EQ(enroll("a", first.address()).status, 200);
  EXPECT_EQ(ask(sluice_), "first");
  Backend lasting(echo());
  for (int round = 0; round < 20; ++round) {
    ASSERT_EQ(leave("a").status, 200);
    ASSERT_EQ(enroll("b", second.address()).status, 200);
    EXPECT_EQ(ask(sluice_), "second") << round;
    ASSERT_EQ(leave("b").status, 200);
    ASSERT_EQ(enroll("a", first.address()).status, 200);
    EXPECT_EQ(ask(sluice_), "first") << round;
  }
  EXPECT_EQ(leave("a").status, 200);
  EXPECT_EQ(leave("a").status, 404);
  EXPECT_EQ(sluice_.admin().del("/v1/services/nowhere/instances/a").status, 404);
  invariants_.expect_hold();
}

TEST_F(RegistryService, CountsWhoCameAndHowLongItTook) {
  Backend server(echo());
  ASSERT_EQ(enroll("a", server.address()).status, 200);
  ASSERT_EQ(enroll("a", server.address()).status, 200);
  ASSERT_EQ(enroll("b", "0.0.0.0:1").status, 403);
  ASSERT_EQ(leave("a").status, 200);
  EXPECT_EQ(sluice_.metric("sluice_registered_services_total"), 1);
  EXPECT_EQ(sluice_.metric("sluice_deregistered_services_total"), 1);
  EXPECT_EQ(sluice_.metric("sluice_registration_duration_seconds_count"), 2) << "those that were";
  EXPECT_TRUE(eventually(
      [&] { return sluice_.metric("sluice_discovery_to_dataplane_seconds_count") >= 2; }));
  EXPECT_EQ(sluice_.metric("sluice_store_up"), 1);
  EXPECT_EQ(sluice_.metric("sluice_store_transactions_total"), 3);
  EXPECT_FALSE(sluice_.metrics().has("sluice_instance_up", {{"instance", "a"}}))
      << "its series have gone with it";
}

TEST_F(RegistryService, LeavingConnectionsGoOnAndAreWaitedFor) {
  Backend server(echo());
  ASSERT_EQ(enroll("a", server.address()).status, 200);
  Peer client = sluice_.connect();
  ASSERT_TRUE(echoes(client, "before"));
  Response left;
  std::atomic<bool> answered{false};
  std::thread leaving([&] {
    left = leave("a", "?drain=20s&wait=true");
    answered = true;
  });
  EXPECT_TRUE(eventually([&] { return listed().empty(); }));
  EXPECT_TRUE(echoes(client, "and after"));
  EXPECT_FALSE(answered);
  client.close();
  leaving.join();
  EXPECT_EQ(left.status, 200);
  EXPECT_EQ(left.json()["connections"], 0);
  invariants_.expect_hold();
}

TEST_F(RegistryService, ADrainThatIsOverSaysHowManyAreLeftAndClosesThem) {
  Backend server(echo());
  ASSERT_EQ(enroll("a", server.address()).status, 200);
  Peer client = sluice_.connect();
  ASSERT_TRUE(echoes(client, "before"));
  const Response left = leave("a", "?drain=200ms&wait=true");
  EXPECT_EQ(left.json()["connections"], 1);
  EXPECT_NE(client.wait_for_end(), End::open);
  EXPECT_EQ(sluice_.sessions(1)[0]["reason"], "instance_removed");
  client.close();
  invariants_.expect_hold();
}

// A drain takes as long as it takes, whatever the deadline of a request.
TEST(RegistryDrain, MayTakeLongerThanARequest) {
  Backend server(echo());
  Sluice sluice({.instances = {}, .admin = "limits: {deadline: 500ms}"});
  const std::string body = R"({"address":")" + server.address() + "\"}";
  ASSERT_EQ(sluice.admin().put(kInstances + "a?wait=applied", body).status, 200);
  Peer client = sluice.connect();
  ASSERT_TRUE(echoes(client, "before"));
  const Stopwatch watch;
  const Response left = sluice.admin().del(kInstances + "a?drain=1500ms&wait=true");
  EXPECT_EQ(left.status, 200) << left.body;
  EXPECT_GE(watch.elapsed(), 1400ms);
}

// Y02
TEST_F(RegistryService, ALeaseLastsItsTtlAndNotTwice) {
  Backend server(echo());
  ASSERT_EQ(enroll("silent", server.address(), R"(,"ttl":"1s")").status, 200);
  const Stopwatch watch;
  EXPECT_TRUE(eventually([&] { return sluice_.instance_state("silent") == "down"; }));
  EXPECT_GE(watch.elapsed(), 900ms);
  EXPECT_LT(watch.elapsed(), kSanitized ? 2500ms : 1300ms);
  EXPECT_EQ(ask(sluice_), "");
  EXPECT_EQ(beat("silent").status, 200) << "it is not forgotten yet";
  EXPECT_EQ(sluice_.instance_state("silent"), "up");
  invariants_.expect_hold();
}

TEST_F(RegistryService, HeartbeatsKeepALeaseForEver) {
  Backend server(echo());
  ASSERT_EQ(enroll("a", server.address(), R"(,"ttl":"1s")").status, 200);
  const Stopwatch watch;
  const auto lasting = size_of_run(6s, 20s);
  while (watch.elapsed() < lasting) {
    ASSERT_EQ(beat("a").status, 200);
    pause_between_looks(300ms);
  }
  for (const Json& line : sluice_.log("instance state")) EXPECT_NE(line["instance"], "a") << line;
}

// Y03
TEST_F(RegistryService, AHeartbeatResurrectsNobodyAndMovesNobody) {
  EXPECT_EQ(beat("never").status, 404);
  Backend server(echo());
  ASSERT_EQ(enroll("a", server.address()).status, 200);
  EXPECT_EQ(beat("a", R"({"address":"127.0.0.1:1"})").status, 400);
  ASSERT_EQ(leave("a").status, 200);
  const Response late = beat("a");
  EXPECT_EQ(late.status, 404);
  EXPECT_EQ(late.json()["error"]["code"], "unknown_instance");
  EXPECT_TRUE(listed().empty());
  ASSERT_EQ(enroll("a", server.address()).status, 200);
  EXPECT_EQ(listed().size(), 1u);
}

TEST_F(RegistryService, HeartbeatsSayWhatTheProxyThinks) {
  Backend server(echo());
  ASSERT_EQ(enroll("a", server.address()).status, 200);
  Peer client = sluice_.connect();
  ASSERT_TRUE(echoes(client, "x"));
  const Json view = beat("a", R"({"weight":7,"load":0.5})").json();
  EXPECT_EQ(view["state"], "up");
  EXPECT_EQ(view["reason"], "ok");
  EXPECT_EQ(view["connections"], 1);
  EXPECT_EQ(view["weight"], 7);
  EXPECT_EQ(beat("a", R"({"status":"stopping"})").json()["state"], "draining");
  EXPECT_EQ(sluice_.instance_status("a")["weight"], 7);
  EXPECT_TRUE(echoes(client, "a live connection is not touched"));
  client.close();
  invariants_.expect_hold();
}

TEST_F(RegistryService, LateWordsOfAReplacedProcessAreRefused) {
  Backend old_one(ident("old")), new_one(ident("new"));
  const auto first = enroll("a", old_one.address()).json()["incarnation"].get<int>();
  const auto second = enroll("a", new_one.address()).json()["incarnation"].get<int>();
  EXPECT_GT(second, first);
  const std::string late = std::to_string(first);
  EXPECT_EQ(beat("a", R"({"incarnation":)" + late + "}").status, 409);
  EXPECT_EQ(leave("a", "?incarnation=" + late).status, 409);
  EXPECT_EQ(ask(sluice_), "new");
  EXPECT_EQ(leave("a", "?incarnation=" + std::to_string(second)).status, 200);
}

// Y05: many fight for one id. The list never holds two, and at the end holds what the last answer
// said.
TEST_F(RegistryService, OneIdIsOneEntryHoweverManyFightForIt) {
  Backend server(echo());
  const int threads = kSanitized ? 8 : 50;
  const auto lasting = size_of_run(kSanitized ? 2s : 3s, 10s);
  std::atomic<bool> is_over{false};
  std::atomic<int> answered{0};
  std::vector<std::thread> fighters;
  for (int i = 0; i < threads; ++i) {
    fighters.emplace_back([&, i] {
      std::minstd_rand dice(static_cast<unsigned>(i + 1));
      while (!is_over) {
        const int what = static_cast<int>(dice() % 3);
        const Response response = what == 0   ? enroll("a", server.address(), "", "")
                                  : what == 1 ? beat("a")
                                              : leave("a");
        EXPECT_TRUE(response.status == 200 || (what != 0 && response.status == 404))
            << what << ": " << response.status << response.body;
        ++answered;
      }
    });
  }
  const Stopwatch watch;
  while (watch.elapsed() < lasting) EXPECT_LE(listed().size(), 1u);
  is_over = true;
  for (std::thread& fighter : fighters) fighter.join();
  EXPECT_GT(answered, threads);
  ASSERT_EQ(enroll("a", server.address()).status, 200);
  EXPECT_EQ(listed().size(), 1u);
  ASSERT_EQ(leave("a").status, 200);
  EXPECT_TRUE(listed().empty());
  invariants_.expect_hold(16 << 20);
}

// Y11
TEST_F(RegistryService, TakesNoAddressThatItMustNotConnectTo) {
  const std::string own_api = sluice_.admin().address();
  const std::string api_port = own_api.substr(own_api.find(':') + 1);
  const std::string front_port = sluice_.front().substr(sluice_.front().find(':') + 1);
  const std::vector<std::string> addresses = {
      "0.0.0.0:80",
      "[::]:80",
      "127.0.0.1:0",
      "224.0.0.1:80",
      "255.255.255.255:80",
      "169.254.169.254:80",
      "169.254.1.1:80",
      "[fe80::1]:80",
      own_api,
      "[::1]:" + api_port,
      "[::ffff:127.0.0.1]:" + api_port,
      "127.1:" + api_port,
      "0x7f.1:" + api_port,
      "017700000001:" + api_port,
      sluice_.front(),
      "127.0.0.2:" + front_port,
      "[fe80::1%lo]:80",
      "localhost:80",
      "web.example:80",
      "web\\nexample:80",
      "unix:/tmp/x.sock",
  };
  for (const std::string& address : addresses) {
    const Response response = enroll("a", address, "", "");
    EXPECT_TRUE(response.status == 400 || response.status == 403)
        << address << ": " << response.status << " " << response.body;
  }
  EXPECT_TRUE(listed().empty());
}

// A pause of our own ends nobody's lease.
TEST_F(RegistryService, StoppedForThreeTtlsNobodyExpires) {
  Backend server(echo());
  for (const std::string id : {"a", "b", "c"}) {
    ASSERT_EQ(sluice_.admin()
                  .put(kInstances + id, R"({"address":"127.0.0.)" +
                                            std::to_string(id[0] - 'a' + 2) + R"(:9","ttl":"2s"})")
                  .status,
              200);
  }
  sluice_.signal(SIGSTOP);
  pause_between_looks(6s);
  sluice_.signal(SIGCONT);
  for (const std::string id : {"a", "b", "c"}) EXPECT_EQ(beat(id).status, 200);
  for (const Json& line : sluice_.log("instance state")) {
    EXPECT_NE(line.value("to", ""), "down") << line;
  }
}

TEST_F(RegistryService, TheOperatorsWordOutlivesARestart) {
  Backend server(ident("a"));
  ASSERT_EQ(enroll("a", server.address()).status, 200);
  const Json answer = sluice_.admin()
                          .put(kInstances + "a/state", R"({"admin":"drain","reason":"disk swap"})")
                          .json();
  EXPECT_EQ(answer["state"], "draining");
  EXPECT_EQ(answer["reason"], "admin: drain: disk swap");
  EXPECT_EQ(ask(sluice_), "");
  sluice_.kill();
  sluice_.start();
  EXPECT_EQ(sluice_.instance_status("a")["reason"], "admin: drain: disk swap");
  EXPECT_EQ(sluice_.admin().put(kInstances + "a/state", R"({"admin":"ready"})").status, 200);
  EXPECT_EQ(ask(sluice_), "a");
}

// 10.0.0.1 and on, which nobody connects to.
std::string numbered(int n) {
  return "10.0." + std::to_string(n / 250) + '.' + std::to_string(n % 250 + 1) + ":9";
}
int number_of(const std::string& address) {
  int third = 0, last = 0;
  std::sscanf(address.c_str(), "10.0.%d.%d", &third, &last);
  return third * 250 + last - 1;
}

// What was acknowledged is there after kill -9 at any moment, and nothing else is.
TEST_F(RegistryService, KilledAtAnyMomentForgetsNothingAcknowledged) {
  const int rounds = size_of_run(kSanitized ? 10 : 100, 500);
  std::mt19937 dice(42);
  std::map<std::string, int> acknowledged;  // id to the number of its address
  int number = 0;
  for (int round = 0; round < rounds; ++round) {
    std::map<std::string, std::set<int>> in_doubt;  // asked for and not answered; 0: to be gone
    std::atomic<bool> is_killed{false};
    std::thread killer([&, delay = std::chrono::milliseconds(1 + dice() % 60)] {
      pause_between_looks(delay);
      sluice_.kill();
      is_killed = true;
    });
    while (!is_killed) {
      const std::string id = "i" + std::to_string(dice() % 30);
      const bool leaves = dice() % 4 == 0;
      const int at = leaves ? 0 : ++number;
      Response response;
      try {
        response = leaves ? leave(id) : enroll(id, numbered(at), "", "");
      } catch (const std::exception&) {
      }
      if (response.status == 200) {
        if (leaves) acknowledged.erase(id);
        if (!leaves) acknowledged[id] = at;
      } else if (response.status == 0) {
        in_doubt[id].insert(at);
      } else {
        EXPECT_TRUE(leaves && response.status == 404) << response.status << response.body;
      }
    }
    killer.join();
    sluice_.start();
    std::map<std::string, int> found;
    for (const Json& each : listed()) found[each["id"]] = number_of(each["address"]);
    for (const auto& [id, asked] : in_doubt) {
      const int is = found.contains(id) ? found[id] : 0;
      const int was = acknowledged.contains(id) ? acknowledged[id] : 0;
      EXPECT_TRUE(is == was || asked.contains(is)) << id << ": " << is << ", and it was " << was;
      if (is == 0) acknowledged.erase(id);
      if (is != 0) acknowledged[id] = is;
    }
    ASSERT_EQ(found, acknowledged) << "round " << round;
  }
}

// Two live processes never share a port: the newer word at an address wins.
TEST_F(RegistryService, ANewcomerAtAnAddressSupersedesTheGhost) {
  Backend server(ident("x"));
  ASSERT_EQ(enroll("ghost", server.address()).status, 200);
  ASSERT_EQ(enroll("newcomer", server.address()).status, 200);
  const auto now = listed();
  ASSERT_EQ(now.size(), 1u);
  EXPECT_EQ(now[0]["id"], "newcomer");
  EXPECT_EQ(beat("ghost").status, 404);
  EXPECT_EQ(ask(sluice_), "x");
}

// Silence is verified before it is believed, where that is wanted (it is by default).
TEST(RegistryLeases, AnInstanceThatIsThereOutlivesItsLease) {
  Backend server(ident("a"));
  Sluice sluice({.instances = {}});
  const std::string quiet = R"({"ttl":"1s","address":")";
  ASSERT_EQ(sluice.admin().put(kInstances + "there", quiet + server.address() + "\"}").status, 200);
  ASSERT_EQ(
      sluice.admin().put(kInstances + "gone", quiet + loopback(reserve_port()) + "\"}").status,
      200);
  EXPECT_TRUE(eventually([&] { return sluice.instance_state("gone") == "down"; }));
  EXPECT_TRUE(
      eventually([&] { return sluice.instance_status("there")["reason"] == "lease_missed"; }));
  EXPECT_EQ(sluice.instance_state("there"), "up");
  EXPECT_EQ(ask(sluice), "a");
}

// Static and registered instances stand side by side, and a reload touches neither's connections.
TEST(RegistryAndFile, ShareAServiceAcrossReloads) {
  Backend fixed(echo()), registered(echo());
  const Scene scene{.instances = {instance(fixed.address(), "id: fixed")}};
  Sluice sluice(scene);
  ASSERT_EQ(
      sluice.admin()
          .put(kInstances + "r?wait=applied", R"({"address":")" + registered.address() + "\"}")
          .status,
      200);
  EXPECT_EQ(sluice.admin().put(kInstances + "fixed", R"({"address":"127.0.9.9:9"})").status, 409);
  EXPECT_EQ(
      sluice.admin().put(kInstances + "other", R"({"address":")" + fixed.address() + "\"}").status,
      409);
  std::vector<Peer> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(sluice.connect());
    ASSERT_TRUE(echoes(clients.back(), "x"));
  }
  EXPECT_EQ(sluice.instance_status("fixed")["connections"], 5);
  EXPECT_EQ(sluice.instance_status("r")["connections"], 5);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sluice.reload(scene).status, 200);
  for (Peer& client : clients) EXPECT_TRUE(echoes(client, "still here"));
  EXPECT_EQ(sluice.instance_status("r")["state"], "up");
}

// A listener that wants the primary follows the label, whoever carries it.
TEST(RegistrySelectors, AListenerLeadsToWhoCarriesItsLabels) {
  Backend one(ident("one")), two(ident("two"));
  Sluice sluice({.instances = {}, .listener = "selector: \"role=primary,!retired\""});
  const auto enroll = [&](const std::string& id, const Backend& server, const std::string& labels) {
    const std::string body =
        R"({"address":")" + server.address() + R"(","labels":{)" + labels + "}}";
    EXPECT_EQ(sluice.admin().put(kInstances + id + "?wait=applied", body).status, 200);
  };
  enroll("one", one, R"("role":"primary")");
  enroll("two", two, R"("role":"replica")");
  EXPECT_EQ(ask_times(sluice, 4), (std::map<std::string, int>{{"one", 4}}));
  enroll("one", one, R"("role":"replica")");
  EXPECT_EQ(ask(sluice), "") << "nobody is the primary";
  enroll("two", two, R"("role":"primary")");
  EXPECT_EQ(ask_times(sluice, 4), (std::map<std::string, int>{{"two", 4}}));
  enroll("two", two, R"("role":"primary","retired":"yes")");
  EXPECT_EQ(ask(sluice), "");
  const auto sessions = sluice.sessions(10);
  EXPECT_EQ(std::ranges::count(sessions, "no_instance",
                               [](const Json& line) { return line["reason"].get<std::string>(); }),
            2);
}

// What is explained is what happens.
TEST(RegistryExplains, WhereAConnectionGoesAndWhyNotElsewhere) {
  Backend one(ident("one")), two(ident("two")), three(ident("three"));
  Sluice sluice({.instances = {instance(one.address(), "id: one, labels: {role: a}"),
                               instance(two.address(), "id: two, labels: {role: a}"),
                               instance(three.address(), "id: three, labels: {role: b}")},
                 .service = "balance: {policy: hash}",
                 .listener = "selector: \"role=a\""});
  const auto explain = [&] {
    return sluice.admin().get("/v1/explain?listener=front&client=127.0.0.1").json();
  };
  const std::string winner = explain()["winner"];
  EXPECT_EQ(ask(sluice), winner);
  ASSERT_EQ(sluice.admin().put(kInstances + winner + "/state", R"({"admin":"maint"})").status, 200);
  const Json told = explain();
  const std::string other = winner == "one" ? "two" : "one";
  EXPECT_EQ(told["winner"], other);
  EXPECT_EQ(ask(sluice), other);
  std::map<std::string, Json> out;
  for (const Json& candidate : told["candidates"]) out[candidate["id"]] = candidate["out"];
  EXPECT_EQ(out[winner], "admin: maint");
  EXPECT_EQ(out[other], nullptr);
  EXPECT_EQ(out["three"], "its labels are not those of the selector");
  EXPECT_EQ(sluice.metric("sluice_instance_selected_total", {{"instance", other}}), 1)
      << "asking picks nobody";
}

TEST(RegistryExplains, ItselfOnTheCommandLine) {
  Backend one(ident("one")), two(ident("two"));
  Sluice sluice({.instances = {instance(one.address(), "id: one, weight: 5"),
                               instance(two.address(), "id: two, labels: {role: a}")},
                 .listener = "selector: \"role=a\""});
  const Finished told =
      command(sluice, {"explain", "--listener", "front", "--client", "127.0.0.1"});
  EXPECT_TRUE(told.is_success()) << told.errors;
  for (const char* part : {"selector       role=a\n", "goes to        two\n",
                           "its labels are not those of the selector\n"}) {
    EXPECT_THAT(told.output, HasSubstr(part));
  }
  const Finished as_json = command(sluice, {"explain", "--listener", "front", "--json"});
  EXPECT_EQ(Json::parse(as_json.output)["winner"], "two");
  const Finished none = command(sluice, {"explain", "--listener", "back"});
  EXPECT_FALSE(none.is_success());
  EXPECT_EQ(none.errors, "sluice: there is no listener back\n");
}

// As a listener with that selector would, whether there is one or not.
TEST(RegistryChooses, AmongThoseThatASelectorHoldsFor) {
  Backend one(ident("one")), two(ident("two")), three(ident("three"));
  Sluice sluice({.instances = {instance(one.address(), "id: one, labels: {role: a}"),
                               instance(two.address(), "id: two, labels: {role: a}"),
                               instance(three.address(), "id: three, labels: {role: b}")},
                 .listener = "selector: \"role=b\""});
  const auto chosen = [&](const std::string& selector) {
    std::map<std::string, int> times;
    for (int i = 0; i < 6; ++i) {
      const Response answer = sluice.admin().get("/v1/services/s/instance?selector=" + selector);
      const bool found = answer.status == 200;
      times[found ? answer.json()["id"].get<std::string>() : std::to_string(answer.status)]++;
    }
    return times;
  };
  using Times = std::map<std::string, int>;
  EXPECT_EQ(chosen("role%3Da"), (Times{{"one", 3}, {"two", 3}}));
  EXPECT_EQ(chosen("role%3Db"), (Times{{"three", 6}}));
  EXPECT_EQ(chosen("role%3Dc"), (Times{{"404", 6}}));
  EXPECT_EQ(chosen("role%3D("), (Times{{"400", 6}}));
  ASSERT_EQ(sluice.admin().put(kInstances + "one/state", R"({"admin":"drain"})").status, 200);
  EXPECT_EQ(chosen("role%3Da"), (Times{{"two", 6}}));
}

TEST(RegistryAndFile, MayKeepAServiceToItself) {
  Backend fixed(echo());
  Sluice sluice({.instances = {fixed.address()}, .service = "registration: false"});
  const Response refused = sluice.admin().put(kInstances + "a", R"({"address":"127.0.9.9:9"})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.json()["error"]["code"], "registration_closed");
}

// Y12, in small: whoever comes and goes, those that stay are connected to.
TEST_F(RegistryService, ChurnFailsNoConnection) {
  Backend stays(echo()), comes_and_goes(echo());
  ASSERT_EQ(enroll("stays", stays.address(), R"(,"ttl":"0s")").status, 200);
  ShortConnections load(sluice_, 4, kSanitized ? 100 : 1000);
  const Stopwatch watch;
  int rounds = 0;
  while (watch.elapsed() < size_of_run(3s, 60s)) {
    const std::string id = "i" + std::to_string(rounds % 7);
    EXPECT_EQ(enroll(id, comes_and_goes.address(), "", "").status, 200);
    EXPECT_EQ(leave(id).status, 200);
    ++rounds;
  }
  load.stop();
  EXPECT_EQ(load.failed(), 0) << "of " << load.made() << " beside " << rounds << " rounds";
  EXPECT_GT(rounds, 10);
  invariants_.expect_hold(16 << 20);
}

}  // namespace
}  // namespace sluice::test
