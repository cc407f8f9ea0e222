#include "registry/records.h"

#include <gtest/gtest.h>

#include "tests/registry/sample.h"

namespace sluice::registry {
namespace {

Registration whole() {
  std::string why;
  Registration said;
  said.service = "web";
  said.id = "a";
  said.address = *config::Endpoint::parse("[2001:db8::1]:8080", why);
  said.weight = 3;
  said.priority = 2;
  said.zone = "z1";
  said.labels = {{"role", "primary"}};
  said.meta = {{"owner", "J\u00fcrgen \"J\""}};
  said.version = "1.2";
  said.protocol = "http";
  said.ttl_ms = 45'000;
  said.status = State::draining;
  said.check = *config::OwnCheck::parse(R"({"rise": 1, "http": {"body": "\"\u00fc\n"}})", why);
  return said;
}

TEST(Records, KeepAnInstanceWhole) {
  Registry registry("e1");
  registry.reconcile({sample::service("web", {})}, true, sample::at(0));
  const Receipt receipt = registry.enroll(whole(), false, sample::at(0));
  std::string why;
  const auto stored =
      read_instance_record(instance_record(*receipt.instance), "web", "a", access::Bounds(), why);
  ASSERT_TRUE(stored) << why;
  EXPECT_EQ(stored->registration, whole());
  EXPECT_EQ(stored->incarnation, receipt.instance->incarnation);
}

TEST(Records, SayNothingOfACheckThatIsTheServices) {
  Registry registry("e1");
  registry.reconcile({sample::service("web", {})}, true, sample::at(0));
  Registration said = whole();
  EXPECT_NE(instance_record(*registry.enroll(said, false, sample::at(0)).instance).find("check"),
            std::string::npos);
  said.check.clear();
  EXPECT_EQ(instance_record(*registry.enroll(said, false, sample::at(0)).instance).find("check"),
            std::string::npos);
}

TEST(Records, OfOlderVersionsHaveDefaultsForWhatTheyDoNotSay) {
  std::string why;
  const auto stored = read_instance_record(
      R"({"address": "10.0.0.7:80", "incarnation": 9, "of_later": {"x": [1]}})", "web", "a",
      access::Bounds(), why);
  ASSERT_TRUE(stored) << why;
  EXPECT_EQ(stored->registration.weight, 1u);
  EXPECT_EQ(stored->registration.ttl_ms, 0u);
  EXPECT_EQ(stored->registration.status, State::up);
  EXPECT_TRUE(stored->registration.check.empty());
}

TEST(Records, ThatAreNoneAreRefused) {
  for (const char* bytes :
       {"", "x", "[]", "{}", R"({"address": "10.0.0.7:80"})",
        R"({"address": "nowhere", "incarnation": 1})", R"({"address": 1, "incarnation": 1})",
        R"({"address": "10.0.0.7:80", "incarnation": "1"})",
        R"({"address": "10.0.0.7:80", "incarnation": 1, "labels": {"a b": "x"}})",
        R"({"address": "10.0.0.7:80", "incarnation": 1, "weight": 4000000000})",
        R"({"address": "10.0.0.7:80", "incarnation": 1, "weight": 4294967297})",
        R"({"address": "10.0.0.7:80", "incarnation": 1, "weight": -4294967295})",
        R"({"address": "10.0.0.7:80", "incarnation": 1, "weight": 1.5})",
        R"({"address": "10.0.0.7:80", "incarnation": 1, "weight": true})",
        R"({"address": "10.0.0.7:80", "incarnation": 1, "check": []})",
        R"({"address": "10.0.0.7:80", "incarnation": 1, "check": {"rise": 101}})",
        R"({"address": "10.0.0.7:80", "incarnation": -1})",
        R"({"address": "10.0.0.7:80", "incarnation": 1e300})"}) {
    std::string why;
    EXPECT_FALSE(read_instance_record(bytes, "web", "a", access::Bounds(), why)) << bytes;
    EXPECT_NE(why, "") << bytes;
  }
}

TEST(Records, KeepTheOperatorsWord) {
  Inputs inputs;
  inputs.admin = Admin::drain;
  inputs.admin_reason = "disk swap";
  std::string why;
  EXPECT_EQ(read_admin_record(admin_record(inputs), why), (StoredAdmin{Admin::drain, "disk swap"}));
  EXPECT_FALSE(read_admin_record(R"({"admin": "off"})", why));
  EXPECT_FALSE(read_admin_record(R"({"reason": "off"})", why));
}

TEST(Records, KeepTheLastIncarnation) {
  std::string why;
  EXPECT_EQ(read_incarnation_record(incarnation_record(UINT64_MAX), why), UINT64_MAX);
  for (const char* bytes :
       {R"({"last": "7"})", R"({"last": -1})", R"({"last": 1e300})", R"({"last": true})"}) {
    EXPECT_FALSE(read_incarnation_record(bytes, why)) << bytes;
  }
}

}  // namespace
}  // namespace sluice::registry
