// Where a listener's clients go by its routes, and what a split's fuse does.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

std::string service(const std::string& name, const std::string& address,
                    const std::string& more = "") {
  return "{name: " + name + ", instances: [\"" + address + "\"]" + more + "}";
}

std::string split(int stable, int canary, const std::string& fuse = "") {
  return "routes: [{split: [{service: s, weight: " + std::to_string(stable) +
         "}, {service: canary, weight: " + std::to_string(canary) + fuse + "}]}]";
}

ConnectOptions from(const std::string& source) {
  return {.source = source};
}

nlohmann::json explained(const Sluice& sluice, const std::string& client) {
  return sluice.admin().get("/v1/explain?listener=front&client=" + client).json();
}

// Asks until the fuse of the one split has blown; false: it has not.
bool asks_until_blown(const Sluice& sluice) {
  return eventually([&] {
    ask_times(sluice, 10);
    return sluice.admin().get("/v1/status").json()["fuses"][0]["state"] == "blown";
  });
}

TEST(Routes, GoByTheClientsAddressAndTheFirstThatMatchesCounts) {
  Backend s(ident("s")), lab(ident("lab")), office(ident("office"));
  Sluice sluice({.instances = {s.address()},
                 .listener = "timeouts: {idle: 20s}",
                 .leads_to =
                     "routes: [{name: lab, source: [127.0.0.9], service: lab}, {source: "
                     "[127.0.0.0/29, 127.0.9.0/24], service: office}, {source: [127.0.0.8], "
                     "service: s}]",
                 .services = {service("lab", lab.address()), service("office", office.address())}});
  Invariants invariants(sluice);
  const struct {
    std::string source, answer, route, service;
  } rows[] = {{"127.0.0.9", "lab", "lab", "lab"},
              {"127.0.0.7", "office", "1", "office"},
              {"127.0.9.9", "office", "1", "office"},
              {"127.0.0.8", "s", "2", "s"},
              {"127.0.7.7", "", "", ""}};
  for (const auto& row : rows) {
    EXPECT_EQ(ask(sluice, from(row.source)), row.answer) << row.source;
    const nlohmann::json told = explained(sluice, row.source);
    EXPECT_EQ(told["service"], row.service) << told;
    EXPECT_EQ(told["route"], row.route.empty() ? nlohmann::json() : nlohmann::json(row.route));
    EXPECT_TRUE(eventually([&] {
      return sluice.metric("sluice_connections_closed_total", {{"service", row.service}}) > 0;
    })) << row.service;
  }
  const auto sessions = sluice.sessions(std::size(rows));
  ASSERT_EQ(sessions.size(), std::size(rows));
  for (const nlohmann::json& session : sessions) {
    const auto row = std::ranges::find_if(rows, [&](const auto& each) {
      return session["client"].get<std::string>().starts_with(each.source + ":");
    });
    ASSERT_NE(row, std::end(rows)) << session;
    EXPECT_EQ(session["route"], row->route);
    EXPECT_EQ(session["service"], row->service);
    EXPECT_EQ(session["reason"], row->answer.empty() ? "denied" : "upstream_closed");
    EXPECT_EQ(session["detail"], row->answer.empty() ? "no route for 127.0.7.7" : "");
  }
  const nlohmann::json told = explained(sluice, "127.0.7.7");
  EXPECT_EQ(told["refused"], "no route for 127.0.7.7");
  EXPECT_EQ(told["routes"][0]["why"], "127.0.7.7 lies in nothing of its source");
  EXPECT_EQ(explained(sluice, "127.0.0.9")["routes"][1]["why"],
            "a route before it takes the client");
  invariants.expect_hold();
}

TEST(Routes, GoByTheClientThatAProxyHeaderNames) {
  Backend s(echo()), lab(echo());
  Sluice sluice({.instances = {s.address()},
                 .listener = "proxy_protocol: {accept: required, trusted: [127.0.0.0/8]}, access: "
                             "{deny: [198.51.100.0/24]}",
                 .leads_to = "routes: [{source: [203.0.113.0/24], service: lab}, {source: "
                             "[192.0.2.0/24], service: s}]",
                 .process = "workers: 1",
                 .services = {service("lab", lab.address(), ", proxy_protocol: {send: v1}")}});
  Invariants invariants(sluice);
  const auto say = [&](const std::string& client) {
    Peer peer = sluice.connect();
    peer.try_send("PROXY TCP4 " + client + " 10.0.0.1 4711 443\r\nhello");
    peer.finish();
    return peer.receive_rest().text;
  };
  EXPECT_EQ(say("192.0.2.1"), "hello");
  EXPECT_TRUE(say("203.0.113.7").starts_with("PROXY TCP4 203.0.113.7 "));
  EXPECT_EQ(say("10.0.0.9"), "");
  EXPECT_EQ(say("198.51.100.1"), "");
  {
    Peer peer = sluice.connect();
    peer.send("no header at all\r\n");
    EXPECT_EQ(peer.receive_rest().text, "");
  }
  const auto sessions = sluice.sessions(5);
  ASSERT_EQ(sessions.size(), 5u);
  const std::vector<std::string> routes = {"1", "0", "", "", ""};
  const std::vector<std::string> reasons = {"client_closed", "client_closed", "denied", "denied",
                                            "proxy_header_invalid"};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(sessions[i]["route"], routes[i]) << sessions[i];
    EXPECT_EQ(sessions[i]["reason"], reasons[i]) << sessions[i];
  }
  EXPECT_EQ(sessions[2]["detail"], "no route for 10.0.0.9");
  // Before a route was taken: under no service.
  EXPECT_EQ(sluice.metric("sluice_connections_closed_total", {{"service", ""}}), 3);
  EXPECT_EQ(sluice.metric("sluice_connections_closed_total", {{"service", "lab"}}), 1);

  Peer waiting = sluice.connect();  // for its header
  EXPECT_TRUE(eventually([&] {
    const auto list = sluice.admin().get("/v1/connections").json()["connections"];
    return list.size() == 1 && list[0]["state"] == "preface" && list[0]["route"] == "" &&
           list[0]["service"] == "";
  }));
  waiting.close();
  invariants.expect_hold();
}

TEST(Routes, SplitByWeightAndAReloadChangesTheWeightsLive) {
  Backend stable(ident("stable")), canary(ident("canary"));
  Backend held(echo());
  const auto scene = [&](const std::string& routes) {
    return Scene{
        .instances = {stable.address()},
        .leads_to = routes,
        .services = {service("canary", canary.address()), service("held", held.address())}};
  };
  const std::string first = "{name: live, source: [127.0.0.77], service: held}, ";
  const auto with_live = [&](int a, int b) {
    std::string routes = split(a, b);
    return scene(routes.insert(routes.find('[') + 1, first));
  };
  Sluice sluice(with_live(75, 25));
  Invariants invariants(sluice);
  Peer live = sluice.connect(from("127.0.0.77"));
  EXPECT_TRUE(echoes(live, "before"));

  auto answers = ask_times(sluice, 400);
  EXPECT_NEAR(answers["canary"], 100, 45);  // five sigma
  EXPECT_EQ(answers["stable"] + answers["canary"], 400);
  EXPECT_EQ(sluice.metric("sluice_split_connections_total", {{"part", "canary"}}),
            answers["canary"]);
  EXPECT_EQ(sluice.metric("sluice_split_weight", {{"route", "default"}, {"part", "canary"}}), 25);
  EXPECT_EQ(sluice.metric("sluice_split_failures_total"), 0);

  EXPECT_EQ(sluice.reload(with_live(0, 1)).status, 200);
  EXPECT_EQ(ask_times(sluice, 50)["canary"], 50);
  // The route of the live one is gone, and it lives on by it.
  EXPECT_EQ(sluice.reload(scene(split(1, 0))).status, 200);
  EXPECT_EQ(ask_times(sluice, 50)["stable"], 50);
  EXPECT_TRUE(echoes(live, "after"));
  const auto list = sluice.admin().get("/v1/connections").json()["connections"];
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["route"], "live");
  EXPECT_EQ(list[0]["service"], "held");
  // A plain service in their place, and back.
  EXPECT_EQ(sluice.reload(scene("service: canary")).status, 200);
  EXPECT_EQ(ask(sluice), "canary");
  EXPECT_EQ(sluice.reload(scene(split(1, 0))).status, 200);
  EXPECT_EQ(ask(sluice), "stable");
  live.close();
  invariants.expect_hold();
}

TEST(Routes, PassOverAPartWithoutAnybody) {
  Backend stable(ident("stable"));
  Sluice sluice(
      {.instances = {stable.address()}, .leads_to = split(1, 9), .services = {"{name: canary}"}});
  Invariants invariants(sluice);
  EXPECT_EQ(ask_times(sluice, 60)["stable"], 60);
  EXPECT_GT(sluice.metric("sluice_split_passed_over_total", {{"part", "canary"}}), 30);
  EXPECT_EQ(sluice.metric("sluice_split_connections_total", {{"part", "canary"}}), 0);
  const nlohmann::json told = explained(sluice, "127.0.0.1");
  EXPECT_EQ(told["routes"][0]["ways"][1]["out"], "nobody is there to take it");
  EXPECT_EQ(told["routes"][0]["ways"][0]["share"], 1.0);

  Backend canary(ident("canary"));
  const Response registered =
      sluice.admin().put("/v1/services/canary/instances/c?wait=applied",
                         "{\"address\": \"" + canary.address() + "\", \"ttl\": \"0s\"}");
  EXPECT_EQ(registered.status, 200) << registered.body;
  EXPECT_GT(ask_times(sluice, 20)["canary"], 5);
  invariants.expect_hold();
}

TEST(Fuse, TakesAFailingPartOutAndHoldsUntilTheRoutesChange) {
  Backend stable(ident("stable"));
  Backend canary(reset_on_accept());
  const auto scene = [&](const std::string& routes, const std::string& more = "") {
    return Scene{.instances = {stable.address()},
                 .listener = more,
                 .leads_to = routes,
                 .services = {service("canary", canary.address())}};
  };
  const std::string fuse = ", fuse: {min_connections: 10}";
  Sluice sluice(scene(split(60, 40, fuse)));
  Invariants invariants(sluice);
  EXPECT_EQ(sluice.metric("sluice_split_fuse_blown", {{"part", "canary"}}), 0);
  EXPECT_TRUE(asks_until_blown(sluice));
  EXPECT_EQ(ask_times(sluice, 40)["stable"], 40);
  EXPECT_EQ(sluice.metric("sluice_split_fuse_blown", {{"part", "canary"}}), 1);
  EXPECT_EQ(sluice.metric("sluice_split_weight", {{"part", "canary"}}), 0);
  EXPECT_EQ(sluice.metric("sluice_split_failures_total", {{"part", "canary"}}),
            sluice.metric("sluice_split_connections_total", {{"part", "canary"}}));

  const auto lines = sluice.log("fuse blown");
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["part"], "canary");
  EXPECT_EQ(lines[0]["listener"], "front");
  int told = 0;
  const nlohmann::json events = sluice.admin().get("/v1/events").json();
  for (const auto& event : events["events"]) {
    if (event["kind"] == "fuse_blown") ++told;
  }
  EXPECT_EQ(told, 1);
  const nlohmann::json way = explained(sluice, "127.0.0.1")["routes"][0]["ways"][1];
  EXPECT_EQ(way["out"], "its fuse has blown");
  EXPECT_EQ(way["share"], 0.0);
  EXPECT_EQ(way["weight"], 40);

  // The operator has its cause mended, or thinks so.
  const std::string reset = "/v1/fuses/front/default/canary/reset";
  EXPECT_EQ(sluice.admin().post(reset).status, 204);
  EXPECT_EQ(sluice.metric("sluice_split_fuse_blown", {{"part", "canary"}}), 0);
  EXPECT_EQ(sluice.metric("sluice_split_weight", {{"part", "canary"}}), 40);
  EXPECT_EQ(sluice.admin().get("/v1/status").json()["fuses"][0]["state"], "whole");
  EXPECT_TRUE(explained(sluice, "127.0.0.1")["routes"][0]["ways"][1]["out"].is_null());
  EXPECT_EQ(sluice.log("fuse reset").size(), 1u);
  EXPECT_EQ(sluice.admin().get("/v1/events").json()["events"].back()["kind"], "fuse_reset");
  EXPECT_EQ(sluice.admin().post("/v1/fuses/front/default/s/reset").status, 404);
  EXPECT_TRUE(asks_until_blown(sluice));

  // Something else of the listener changes: it stays blown.
  EXPECT_EQ(sluice.reload(scene(split(60, 40, fuse), "backlog: 99")).status, 200);
  EXPECT_EQ(ask_times(sluice, 40)["stable"], 40);
  // Its routes do: it is whole again, and would blow again.
  EXPECT_EQ(sluice.reload(scene(split(50, 50, fuse))).status, 200);
  EXPECT_EQ(sluice.metric("sluice_split_weight", {{"part", "canary"}}), 50);
  EXPECT_TRUE(asks_until_blown(sluice));
  invariants.expect_hold();
}

TEST(Fuse, StaysWholeWhereAllFail) {
  DeadEnd stable, canary;
  Sluice sluice({.instances = {stable.address()},
                 .leads_to = split(1, 1, ", fuse: {min_connections: 10}"),
                 .services = {service("canary", canary.address())}});
  Invariants invariants(sluice);
  ask_times(sluice, 100);
  const auto failures = [&](const std::string& part) {
    return sluice.metric("sluice_split_failures_total", {{"part", part}});
  };
  EXPECT_EQ(failures("s") + failures("canary"), 100);
  EXPECT_EQ(sluice.admin().get("/v1/status").json()["fuses"][0]["state"], "whole");
  invariants.expect_hold();
}

// As an operator begins with it.
TEST(Fuse, OfTheExampleGuardsTheShop) {
  Backend shop(ident("shop"));
  DeadEnd canary;
  Sluice sluice({.instances = {shop.address()}});
  std::string text = read_file(std::string(SOURCE_DIR) + "/config/examples/canary.yaml");
  const auto put = [&text](const std::string& what, const std::string& with) {
    ASSERT_NE(text.find(what), std::string::npos) << what;
    text = std::regex_replace(text, std::regex(what), with);
  };
  put("127.0.0.1:8080", sluice.front());
  put("10.0.5.1:8080\", \"10.0.5.2:8080", shop.address());
  put("10.0.5.9:8080", canary.address());
  put("10.0.9.0/24", "127.0.9.0/24");
  text += "admin: {bind: \"" + sluice.admin().address() + "\"}\nregistry: {store: {path: \"" +
          sluice.path("sluice.db") +
          "\"}}\ndefaults: {check: {type: none}, retry: {max_retries: 0}}\n";
  const Response reloaded = sluice.reload_text(text);
  ASSERT_EQ(reloaded.status, 200) << reloaded.body;
  EXPECT_EQ(ask(sluice, from("127.0.9.1")), "") << "testers see what there is to see";
  EXPECT_TRUE(eventually([&] {
    ask_times(sluice, 50);
    return sluice.metric("sluice_split_fuse_blown", {{"part", "shop-canary"}}) == 1;
  }));
  EXPECT_EQ(ask_times(sluice, 100)["shop"], 100);
  EXPECT_EQ(ask(sluice, from("127.0.9.1")), "") << "and still go there";
}

}  // namespace
}  // namespace sluice::test
