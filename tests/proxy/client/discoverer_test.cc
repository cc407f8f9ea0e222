#include "proxy/client/discoverer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <mutex>

#include "tests/proxy/client/fake_registry.h"
#include "tests/support/process.h"

namespace sluice::client {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string snapshot(const std::string& ids) {
  std::string list;
  for (const char id : ids) {
    list += std::string(list.empty() ? "" : ",") + R"({"id":")" + id +
            R"(","address":"10.0.0.1","port":80,"state":"up","weight":1,"verdict":"eligible"})";
  }
  return "event: snapshot\nid: e-7\ndata: {\"services\":[{\"instances\":[" + list + "]}]}\n\n";
}

std::string added(const std::string& id, int index) {
  return "event: change\nid: e-" + std::to_string(index) +
         "\ndata: {\"kind\":\"added\",\"instance\":{\"id\":\"" + id +
         "\",\"address\":\"10.0.0.2\",\"port\":80,\"state\":\"up\",\"weight\":1,"
         "\"verdict\":\"eligible\"}}\n\n";
}

FakeRegistry::Reply stream(const std::string& events) {
  return {.body = events, .is_stream = true};
}

Discoverer::Options watch_of(const FakeRegistry& registry) {
  Discoverer::Options options;
  options.server = registry.address();
  options.service = "s";
  return options;
}

std::string ids(const Discoverer& discoverer) {
  std::string ids;
  for (const auto& each : discoverer.instances()) ids += each->id;
  return ids;
}

bool shows(const Discoverer& discoverer, const std::string& wanted) {
  return test::eventually([&] { return ids(discoverer) == wanted && !discoverer.is_stale(); });
}

TEST(Discoverer, RefusesWhatCanNeverBeRight) {
  struct Row {
    std::function<void(Discoverer::Options&)> spoil;
    const char* why;
  };
  for (const Row& row : {
           Row{[](auto& o) { o.server = ""; }, "server: "},
           Row{[](auto& o) { o.token = "a b"; }, "token: "},
           Row{[](auto& o) { o.service = ""; }, "service: must be said"},
           Row{[](auto& o) { o.selector = "a==(b"; }, "selector: at byte"},
           Row{[](auto& o) { o.policy = static_cast<Discoverer::Policy>(99); }, "policy: "},
       }) {
    Discoverer::Options options;
    options.service = "s";
    row.spoil(options);
    try {
      const Discoverer discoverer(options);
      ADD_FAILURE() << row.why;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), StartsWith(row.why));
    }
  }
}

TEST(Discoverer, GoesOnAfterTheLastEventThatItHasSeen) {
  FakeRegistry registry([](const std::string&, std::size_t n) -> FakeRegistry::Reply {
    if (n == 0) return stream(snapshot("a") + added("b", 8));
    return stream(added("c", 9));
  });
  const Discoverer discoverer(watch_of(registry));
  EXPECT_TRUE(discoverer.wait_until_ready(test::kPatience));
  ASSERT_TRUE(shows(discoverer, "ab"));
  registry.hang_up();
  ASSERT_TRUE(shows(discoverer, "abc"));
  EXPECT_THAT(registry.requests()[0], StartsWith("GET /v1/watch?service=s HTTP/1.1\r\n"));
  EXPECT_THAT(registry.requests()[1],
              StartsWith("GET /v1/watch?service=s&epoch=e&since=8 HTTP/1.1\r\n"));
  EXPECT_TRUE(discoverer.last_heard());
}

TEST(Discoverer, AStreamWithoutNewsIsNotStale) {
  FakeRegistry registry([](const std::string&, std::size_t n) -> FakeRegistry::Reply {
    return stream(n == 0 ? snapshot("a") : "");
  });
  const Discoverer discoverer(watch_of(registry));
  ASSERT_TRUE(shows(discoverer, "a"));
  registry.hang_up();
  ASSERT_TRUE(registry.is_asked(2));
  EXPECT_TRUE(shows(discoverer, "a"));
  EXPECT_EQ(discoverer.trouble(), "");
}

TEST(Discoverer, BeginsAnewWhereItCannotUnderstand) {
  FakeRegistry registry([](const std::string&, std::size_t n) -> FakeRegistry::Reply {
    if (n == 0)
      return stream(snapshot("a") + "event: change\nid: e-8\ndata: {\n\n" + added("b", 9));
    return stream(snapshot("z"));
  });
  const Discoverer discoverer(watch_of(registry));
  ASSERT_TRUE(test::eventually(
      [&] { return discoverer.trouble() == "the registry says what cannot be understood"; }));
  EXPECT_TRUE(test::eventually([&] { return ids(discoverer) == "a"; })) << "what it knew before";
  EXPECT_TRUE(shows(discoverer, "z"));
  EXPECT_THAT(registry.requests()[1], StartsWith("GET /v1/watch?service=s HTTP/1.1\r\n"));
}

TEST(Discoverer, ARefusalIsSaidAndNotTriedAgainAndAgain) {
  FakeRegistry registry([](const std::string&, std::size_t) -> FakeRegistry::Reply {
    return {403, R"({"error":{"message":"not for you"}})"};
  });
  const test::Stopwatch watch;
  const Discoverer discoverer(watch_of(registry));
  ASSERT_TRUE(registry.is_asked(4));
  EXPECT_GE(watch.elapsed(), 100ms + 200ms + 400ms) << "the least that three pauses last";
  EXPECT_TRUE(test::eventually([&] { return discoverer.trouble() == "not for you"; }));
  EXPECT_FALSE(discoverer.wait_until_ready(0ms));
  EXPECT_TRUE(discoverer.is_stale());
  EXPECT_FALSE(discoverer.last_heard());
  EXPECT_FALSE(discoverer.pick());
}

TEST(Discoverer, StartsWithWhatItKnewTheLastTime) {
  const test::TempDir files;
  std::mutex mutex;
  std::vector<std::string> told;
  FakeRegistry registry([](const std::string&, std::size_t) { return stream(snapshot("ab")); });
  Discoverer::Options options = watch_of(registry);
  options.selector = "role==x";
  options.cache_file = files.path("cache");
  options.on_change = [&](const Change& change) {
    const std::lock_guard lock(mutex);
    told.push_back(change.instance->id);
  };
  {
    const Discoverer first(options);
    ASSERT_TRUE(shows(first, "ab"));
  }
  const test::DeadEnd nobody;
  told.clear();
  options.server = nobody.address();
  const Discoverer second(options);
  EXPECT_TRUE(second.wait_until_ready(0ms)) << "at once";
  EXPECT_TRUE(second.is_stale());
  EXPECT_TRUE(second.last_heard());
  EXPECT_EQ(ids(second), "ab");
  EXPECT_TRUE(second.pick());
  EXPECT_TRUE(test::eventually([&] {
    const std::lock_guard lock(mutex);
    return told == std::vector<std::string>{"a", "b"};
  }));

  options.selector = "";
  options.on_change = {};
  EXPECT_FALSE(Discoverer(options).wait_until_ready(0ms)) << "what it knew is another question's";
}

}  // namespace
}  // namespace sluice::client
