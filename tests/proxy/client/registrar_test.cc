#include "proxy/client/registrar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/proxy/client/fake_registry.h"

namespace sluice::client {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::HasSubstr;
using testing::StartsWith;
using Stage = Registrar::Stage;

const std::string kPath = "PUT /v1/services/s/instances/a";
const std::string kEnrolled = R"({"incarnation":7,"ttl":"10m","state":"up","reason":"ok"})";
constexpr const char* kBeaten = R"({"incarnation":7,"state":"up","reason":"ok","connections":3})";

Registrar::Options instance_at(const FakeRegistry& registry) {
  Registrar::Options options;
  options.server = registry.address();
  options.service = "s";
  options.id = "a";
  options.port = 80;
  return options;
}

bool is_a_beat(const std::string& request) {
  return request.starts_with(kPath + "/heartbeat ");
}

FakeRegistry::Reply well(const std::string& request, std::size_t) {
  if (request.starts_with("DELETE")) return {.body = "{}"};
  return {.body = is_a_beat(request) ? kBeaten : kEnrolled};
}

nlohmann::json body_of(const std::string& request) {
  return nlohmann::json::parse(request.substr(request.find("\r\n\r\n") + 4));
}

TEST(Registrar, RefusesWhatCanNeverBeRight) {
  struct Row {
    std::function<void(Registrar::Options&)> spoil;
    const char* why;
  };
  for (const Row& row : {
           Row{[](auto& o) { o.server = "nowhere"; }, "server: expected host:port"},
           Row{[](auto& o) { o.server = "https://127.0.0.1:1"; }, "server: the admin API speaks"},
           Row{[](auto& o) { o.token = "a\r\nb"; }, "token: is not the secret of a token"},
           Row{[](auto& o) { o.service = ""; }, "service: must be said"},
           Row{[](auto& o) { o.address = "web.example"; }, "address: "},
           Row{[](auto& o) { o.port = 0; }, "port: must be said"},
           Row{[](auto& o) { o.weight = 65536; }, "weight: must be at most 65535"},
           Row{[](auto& o) { o.priority = 65536; }, "priority: must be at most 65535"},
           Row{[](auto& o) { o.labels = {{"", "x"}}; }, "labels: a key"},
           Row{[](auto& o) { o.meta = {{"a=b", "x"}}; }, "meta: a key"},
           Row{[](auto& o) { o.ttl = -1ms; }, "ttl: must not be negative"},
           Row{[](auto& o) { o.check = "tcp"; }, "check: is no valid JSON"},
           Row{[](auto& o) { o.check = R"({"rise": 0})"; }, "check.rise: 0 is below 1"},
           Row{[](auto& o) { o.drain = -1ms; }, "drain: must be 0 to ten years"},
       }) {
    Registrar::Options options;
    options.service = "s";
    options.port = 80;
    row.spoil(options);
    try {
      const Registrar registrar(options);
      ADD_FAILURE() << row.why;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), StartsWith(row.why));
    }
  }
}

TEST(Registrar, SaysAllThatItWasTold) {
  FakeRegistry registry(well);
  Registrar::Options options = instance_at(registry);
  options.id = "";
  options.token = "slu_1";
  options.address = "::1";
  options.weight = 3;
  options.priority = 2;
  options.zone = "z";
  options.labels = {{"role", "a=b"}};
  options.meta = {{"k", "v"}};
  options.version = "1.2";
  options.protocol = "http";
  options.ttl = 15s;
  options.status = Registrar::Status::warming;
  options.check = R"({"type": "http"})";
  {
    Registrar registrar(options);
    ASSERT_TRUE(registrar.wait_until_registered(test::kPatience));
    EXPECT_EQ(registrar.state().stage, Stage::registered);
    EXPECT_EQ(registrar.state().incarnation, 7u);
  }
  const std::string enrolled = registry.requests().front();
  EXPECT_THAT(enrolled,
              StartsWith("PUT /v1/services/s/instances/%5B%3A%3A1%5D%3A80?wait=applied HTTP/1.1"));
  EXPECT_THAT(enrolled, HasSubstr("\r\nAuthorization: Bearer slu_1\r\n"));
  EXPECT_EQ(body_of(enrolled), nlohmann::json::parse(R"({"address":"[::1]:80","weight":3,
      "priority":2,"zone":"z","labels":{"role":"a=b"},"meta":{"k":"v"},"version":"1.2",
      "protocol":"http","ttl":"15s","status":"warming","check":{"type":"http"}})"));
  EXPECT_THAT(registry.requests().back(), StartsWith("DELETE /v1/services/s/instances/"));
}

TEST(Registrar, TellsNewsAtOnceButNotMoreThanItShould) {
  FakeRegistry registry(well);
  Registrar registrar(instance_at(registry));
  ASSERT_TRUE(registrar.wait_until_registered(test::kPatience));
  const test::Stopwatch watch;
  int said = 0;
  const auto has_said = [&](int load) {
    const auto requests = registry.requests();
    return is_a_beat(requests.back()) && body_of(requests.back()).value("load", -1) == load;
  };
  registrar.set_weight(9);
  registrar.set_status(Registrar::Status::draining);
  while (registry.requests().size() < 4) registrar.set_load(++said);  // for three beats
  registrar.set_load(++said);
  ASSERT_TRUE(test::eventually([&] { return has_said(said); })) << "the last word counts";
  EXPECT_GT(said, 10);
  const auto beats = registry.requests().size() - 1;
  EXPECT_LE(static_cast<double>(beats), 2 + watch.seconds() * 5) << said;
  const auto last = body_of(registry.requests().back());
  EXPECT_EQ(last["weight"], 9);
  EXPECT_EQ(last["status"], "draining");
  EXPECT_EQ(last["incarnation"], 7);
  EXPECT_TRUE(test::eventually([&] { return registrar.state().connections == 3; }));
  EXPECT_THROW(registrar.set_weight(65536), std::invalid_argument);
  EXPECT_THROW(registrar.set_load(-1), std::invalid_argument);
}

TEST(Registrar, RegistersAnewWithWhatItHasSaidSince) {
  FakeRegistry registry([](const std::string& request, std::size_t n) -> FakeRegistry::Reply {
    if (is_a_beat(request) && n < 3) return {404, R"({"error":{"message":"no such instance"}})"};
    return well(request, n);
  });
  Registrar registrar(instance_at(registry));
  ASSERT_TRUE(registrar.wait_until_registered(test::kPatience));
  registrar.set_weight(5);
  registrar.set_load(0.5);
  ASSERT_TRUE(registry.is_asked(4));
  const auto requests = registry.requests();
  EXPECT_TRUE(is_a_beat(requests[1]));
  EXPECT_EQ(body_of(requests[2])["weight"], 5) << requests[2];
  EXPECT_TRUE(is_a_beat(requests[3])) << "for the load, which is no part of a registration";
  EXPECT_EQ(body_of(requests[3])["load"], 0.5);
}

TEST(Registrar, AWrongTokenIsSaidAndNotTriedAgainAndAgain) {
  FakeRegistry registry([](const std::string&, std::size_t) -> FakeRegistry::Reply {
    return {401, R"({"error":{"code":"unauthorized","message":"unknown token"}})"};
  });
  const test::Stopwatch watch;
  std::vector<std::string> lines;
  Registrar::Options options = instance_at(registry);
  options.token = "slu_wrong";
  options.log = [&](const std::string& line) { lines.push_back(line); };
  {
    Registrar registrar(options);
    ASSERT_TRUE(registry.is_asked(4));
    EXPECT_GE(watch.elapsed(), 100ms + 200ms + 400ms) << "the least that three pauses last";
    ASSERT_TRUE(test::eventually([&] { return registrar.state().trouble == "unknown token"; }));
    EXPECT_EQ(registrar.state().stage, Stage::registering);
    EXPECT_FALSE(registrar.wait_until_registered(0ms));
  }
  EXPECT_EQ(lines, std::vector<std::string>{"s/a: unknown token"}) << "once";
  EXPECT_THAT(registry.requests(), Each(StartsWith("PUT"))) << "what it has not, it does not end";
}

TEST(Registrar, LeavesOnceAndCanBeWaitedFor) {
  FakeRegistry registry(well);
  Registrar::Options options = instance_at(registry);
  options.drain = 20s;
  Registrar registrar(options);
  ASSERT_TRUE(registrar.wait_until_registered(test::kPatience));
  registrar.leave();
  registrar.leave();
  EXPECT_TRUE(registrar.wait_until_left(test::kPatience));
  EXPECT_FALSE(registrar.wait_until_registered(test::kPatience)) << "and does not wait for it";
  EXPECT_EQ(registrar.state().stage, Stage::left);
  EXPECT_EQ(registry.requests().size(), 2u);
  EXPECT_THAT(registry.requests().back(),
              StartsWith("DELETE /v1/services/s/instances/a?drain=20s&wait=true&incarnation=7 "));
}

TEST(Registrar, ARegistryThatIsNotThereHoldsUpNobodysEnd) {
  const test::DeadEnd nobody;
  Registrar::Options options;
  options.server = nobody.address();
  options.service = "s";
  options.port = 80;
  options.drain = 1h;
  const test::Stopwatch watch;
  {
    Registrar registrar(options);
    EXPECT_FALSE(registrar.wait_until_registered(1ms));
    EXPECT_TRUE(test::eventually([&] {
      return registrar.state().trouble ==
             "cannot reach the admin API at " + nobody.address() + ": connection refused";
    }));
  }
  EXPECT_LT(watch.elapsed(), 10s);
}

}  // namespace
}  // namespace sluice::client
