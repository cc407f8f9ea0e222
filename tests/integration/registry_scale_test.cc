// Many instances, many that go quiet at once, many that come and go: scenarios Y06, Y07 and Z06.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

using Json = nlohmann::json;

std::string service_name(int service) {
  return "pool" + std::to_string(service);
}

// Many services beside "s", none of which is checked.
Scene scene_of(int services, const std::string& registry) {
  Scene scene{.instances = {}, .registry = registry};
  for (int i = 0; i < services; ++i) {
    scene.services.push_back("{name: " + service_name(i) + ", check: {type: none}}");
  }
  return scene;
}

// The n-th of 127.16.0.0/12.
std::string address_of(int n) {
  return "127." + std::to_string(16 + (n >> 16)) + '.' + std::to_string(n >> 8 & 255) + '.' +
         std::to_string(n & 255) + ":9";
}

std::string put_request(const Sluice& sluice, const std::string& target, const std::string& body,
                        bool is_last) {
  return "PUT " + target + " HTTP/1.1\r\nHost: " + sluice.admin().address() +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         (is_last ? "\r\nConnection: close" : "") + "\r\n\r\n" + body;
}

std::size_t count_of(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
  return count;
}

class Pools {
 public:
  Pools(Sluice& sluice, int services, int instances)
      : sluice_(sluice), services_(services), instances_(instances) {}

  // All of them, over connections that ask many things each. Returns how many were granted.
  std::size_t enroll_all(const std::string& ttl) {
    constexpr int kOfConnection = 50;
    std::size_t granted = 0;
    for (int first = 0; first < instances_; first += kOfConnection) {
      std::string requests;
      const int end = std::min(first + kOfConnection, instances_);
      for (int n = first; n < end; ++n) {
        requests += put_request(sluice_, target(n),
                                R"({"address":")" + address_of(n) + R"(","ttl":")" + ttl + "\"}",
                                n + 1 == end);
      }
      granted += count_of(sluice_.admin().raw(requests), "HTTP/1.1 200");
    }
    return granted;
  }

  // Each service has just the instances that are its own, in this state.
  void expect_listed(const std::string& state) {
    std::size_t seen = 0;
    const Json all = sluice_.admin().get("/v1/services").json();
    for (const Json& service : all["services"]) {
      if (service["service"] == "s") continue;
      const int number = std::stoi(service["service"].get<std::string>().substr(4));
      for (const Json& instance : service["instances"]) {
        const int n = std::stoi(instance["id"].get<std::string>().substr(1));
        EXPECT_EQ(n % services_, number);
        EXPECT_EQ(instance["address"].get<std::string>() + ":9", address_of(n));
        EXPECT_EQ(instance["state"], state) << instance;
        ++seen;
      }
    }
    EXPECT_EQ(seen, static_cast<std::size_t>(instances_));
  }

  double counted(const std::string& state) {
    const MetricsPage page = sluice_.metrics();
    double sum = 0;
    for (int i = 0; i < services_; ++i) {
      sum +=
          page.value("sluice_registry_instances", {{"service", service_name(i)}, {"state", state}});
    }
    return sum;
  }

 private:
  std::string target(int n) const {
    return "/v1/services/" + service_name(n % services_) + "/instances/i" + std::to_string(n);
  }

  Sluice& sluice_;
  const int services_;
  const int instances_;
};

// Y06: each of many is where it belongs, through a kill and the end of all leases at once.
TEST(RegistryScale, ManyInstancesAreCountedListedKeptAndForgotten) {
  const int services = size_of_run(50, 1'000);
  const int instances = size_of_run(kSanitized ? 500 : 2'000, 100'000);
  const std::string ttl = size_of_run(std::string(kSanitized ? "25s" : "10s"), std::string("60s"));
  Sluice sluice(scene_of(services,
                         "on_expire: {verify: none, delete_after: 1s}, "
                         "self_preservation: {threshold: 1}"));
  Pools pools(sluice, services, instances);
  ASSERT_EQ(pools.enroll_all(ttl), static_cast<std::size_t>(instances));
  pools.expect_listed("up");
  EXPECT_EQ(pools.counted("up"), instances);

  sluice.kill();
  sluice.start();
  pools.expect_listed("up");

  const auto patience = size_of_run(Milliseconds(60s), Milliseconds(240s));
  EXPECT_TRUE(eventually([&] { return pools.counted("up") == 0; }, patience));
  EXPECT_TRUE(eventually([&] { return pools.counted("down") == 0; }, patience));
  EXPECT_EQ(sluice.metric("sluice_deregistered_services_total"), instances);
  Backend server(ident("after"));
  ASSERT_EQ(sluice.admin()
                .put("/v1/services/s/instances/a?wait=applied",
                     R"({"address":")" + server.address() + "\"}")
                .status,
            200);
  EXPECT_EQ(ask(sluice), "after") << "and the next one is served";
}

// Y07: most of a service goes quiet at once, and it is not they who are gone.
TEST(RegistryScale, WhoGoesQuietTogetherIsKeptWhileItAnswers) {
  constexpr int kAll = 20;
  constexpr int kBeating = 2;
  Sluice sluice({.instances = {}});
  std::vector<std::unique_ptr<Backend>> servers;
  const auto target = [](int n) { return "/v1/services/s/instances/i" + std::to_string(n); };
  for (int n = 0; n < kAll; ++n) {
    servers.push_back(std::make_unique<Backend>(echo()));
    const std::string body = R"({"address":")" + servers.back()->address() + R"(","ttl":"1s"})";
    ASSERT_EQ(sluice.admin().put(target(n), body).status, 200);
  }
  const auto count = [&](const std::string& key, const std::string& value) {
    int times = 0;
    const Json service = sluice.admin().get("/v1/services/s").json();
    for (const Json& instance : service["instances"]) times += instance[key] == value ? 1 : 0;
    return times;
  };
  const auto beat_until = [&](int who, const auto& condition) {
    return eventually([&] {
      for (int n = 0; n < who; ++n) {
        EXPECT_EQ(sluice.admin().put(target(n) + "/heartbeat").status, 200);
      }
      return condition();
    });
  };
  EXPECT_TRUE(beat_until(kBeating, [&] { return count("lease", "missed") == kAll - kBeating; }))
      << "what keeps them is there to be seen";
  EXPECT_EQ(count("reason", "lease_missed"), kAll - kBeating);
  EXPECT_EQ(count("state", "up"), kAll) << "none is out";
  EXPECT_EQ(sluice.metric("sluice_registry_instances", {{"service", "s"}, {"state", "up"}}), kAll);
  Peer client = sluice.connect();
  EXPECT_TRUE(echoes(client, "and they are connected to"));
  client.close();

  EXPECT_TRUE(beat_until(kAll, [&] { return count("lease", "held") == kAll; })) << "it is over";
  EXPECT_EQ(count("reason", "ok"), kAll);
  for (const Json& line : sluice.log("instance state")) EXPECT_NE(line["to"], "down") << line;
}

// Z06: who comes, serves and goes leaves no series behind.
TEST(RegistryScale, SeriesGoWithTheirInstances) {
  const int cycles = size_of_run(200, 10'000);
  Sluice sluice({.instances = {}});
  Invariants invariants(sluice);
  Backend server(echo());
  const auto cycle = [&](int n) {
    const std::string target = "/v1/services/s/instances/unique-" + std::to_string(n);
    ASSERT_EQ(sluice.admin()
                  .put(target + "?wait=applied", R"({"address":")" + server.address() + "\"}")
                  .status,
              200);
    Peer client = sluice.connect({.source = "127.0.2." + std::to_string(n % 250 + 1)});
    ASSERT_TRUE(echoes(client, "x"));
    client.close();
    ASSERT_EQ(sluice.admin().del(target + "?wait=true").status, 200);
  };
  cycle(0);
  ASSERT_TRUE(becomes_quiet(sluice));
  const std::size_t series = sluice.metrics().series().size();
  for (int n = 1; n <= cycles; ++n) cycle(n);
  ASSERT_TRUE(becomes_quiet(sluice));
  EXPECT_EQ(sluice.metrics().series().size(), series);
  EXPECT_EQ(sluice.admin().get("/metrics").body.find("unique-"), std::string::npos);
  EXPECT_EQ(sluice.admin().get("/metrics").body.find("127.0.2."), std::string::npos);
  invariants.expect_hold();
}

}  // namespace
}  // namespace sluice::test
