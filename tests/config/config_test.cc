#include "config/config.h"

#include <gtest/gtest.h>

#include "tests/config/yaml.h"

namespace sluice::config {
namespace {

TEST(Config, FindsAServiceByItsName) {
  Config config;
  config.services.resize(2);
  config.services[0].name = "a";
  config.services[1].name = "b";
  EXPECT_EQ(config.find_service("b"), &config.services[1]);
  EXPECT_EQ(config.find_service("c"), nullptr);
}

TEST(Resolve, FallsBackToTheBuiltInDefaults) {
  EXPECT_EQ(resolve_timeouts({}, {}, {}), Timeouts{});
  EXPECT_EQ(resolve_relay({}, {}, {}), Relay{});
  EXPECT_EQ(client_tcp({}, {}), Tcp{});
  EXPECT_EQ(instance_tcp({}, {}), Tcp{});
}

// The service's word before the listener's before that of the defaults, key by key.
class Said : public ::testing::Test {
 protected:
  Said() {
    const Loaded loaded = testing::load(R"(
defaults:
  timeouts: {connect: 10s, idle: 10m, half_close: 10s}
  tcp: {nodelay: false, keepalive: {idle: 10s, count: 10}}
  relay: {buffer: 8KiB, splice: off}
listeners:
  - bind: "127.0.0.1:80"
    service: a
    timeouts: {connect: 20s, idle: 20m}
    tcp: {keepalive: {idle: 20s}}
    relay: {buffer: 16KiB}
services:
  - name: a
    instances: ["10.0.0.1:80"]
    timeouts: {connect: 30s}
    tcp: {user_timeout: 5s}
    relay: {splice: auto}
)");
    EXPECT_TRUE(loaded.config) << ::testing::PrintToString(testing::lines(loaded));
    config_ = loaded.config.value_or(Config{});
  }
  const Listener& listener() const { return config_.listeners.at(0); }
  const Service& service() const { return config_.services.at(0); }

  Config config_;
};

TEST_F(Said, TimeoutsAreResolvedKeyByKey) {
  const Timeouts timeouts = resolve_timeouts(config_, listener(), service());
  EXPECT_EQ(timeouts.connect, 30s) << "the service";
  EXPECT_EQ(timeouts.idle, 20min) << "the listener";
  EXPECT_EQ(timeouts.half_close, 10s) << "the defaults";
  EXPECT_EQ(timeouts.max_age, 0s) << "built in";
}

TEST_F(Said, RelayIsResolvedKeyByKey) {
  const Relay relay = resolve_relay(config_, listener(), service());
  EXPECT_EQ(relay.splice, SpliceMode::automatic);
  EXPECT_EQ(relay.buffer, Bytes{16u << 10});
}

TEST_F(Said, EachSideOfAConnectionHasItsOwnTcp) {
  const Tcp client = client_tcp(config_, listener());
  EXPECT_EQ(client.keepalive.idle, 20s);
  EXPECT_EQ(client.keepalive.count, 10u);
  EXPECT_EQ(client.user_timeout, 30s) << "the service's word is not for the client";
  const Tcp instance = instance_tcp(config_, service());
  EXPECT_EQ(instance.keepalive.idle, 10s) << "the listener's word is not for the instance";
  EXPECT_EQ(instance.user_timeout, 5s);
  EXPECT_FALSE(instance.nodelay);
}

}  // namespace
}  // namespace sluice::config
