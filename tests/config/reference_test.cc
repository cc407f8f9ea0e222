// The files that operators read mean what they say.

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "config/document.h"
#include "config/file.h"
#include "config/render.h"
#include "config/schema.h"
#include "tests/config/yaml.h"

namespace sluice::config {
namespace {

const std::string kFolder = std::string(SOURCE_DIR) + "/config/";

Config loaded_file(const std::string& file) {
  const Loaded result = load_file(kFolder + file, testing::environment({}));
  EXPECT_TRUE(result.config) << ::testing::PrintToString(testing::lines(result));
  EXPECT_TRUE(result.problems.empty()) << ::testing::PrintToString(testing::lines(result));
  return result.config.value_or(Config{});
}

// A visitor that notes the path of every key of the schema: "services[].instances[].weight".
class Paths {
 public:
  Paths(std::string prefix, std::set<std::string>& paths)
      : prefix_(std::move(prefix)), paths_(paths) {}

  template <class F>
  void operator()(std::string_view name, F& field) {
    note(prefix_ + std::string(name), field);
  }
  void one_or_list(std::string_view name, std::vector<std::string>&) {
    paths_.insert(prefix_ + std::string(name));
  }
  template <class T>
  void inheriting(std::string_view name, std::vector<T>& list, const T&) {
    note(prefix_ + std::string(name), list);
  }

 private:
  template <class F>
  void note(const std::string& path, F&) {
    paths_.insert(path);
  }
  template <Section F>
  void note(const std::string& path, F& section) {
    Paths inner(path + '.', paths_);
    section.fields(inner);
  }
  template <Section T>
  void note(const std::string& path, std::vector<T>&) {
    T item;
    note(path + "[]", item);
  }

  std::string prefix_;
  std::set<std::string>& paths_;
};

std::set<std::string> keys_of_the_schema() {
  std::set<std::string> paths;
  Paths visitor("", paths);
  Config config;
  walk(config, visitor);
  return paths;
}

void note_keys(const Node& node, const std::string& path, std::set<std::string>& paths) {
  paths.insert(path);
  if (node.kind == Node::Kind::list) {
    for (const Node& item : node.children) note_keys(item, path + "[]", paths);
  } else if (node.kind == Node::Kind::map) {
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      note_keys(node.children[i + 1], (path.empty() ? "" : path + '.') + node.children[i].text,
                paths);
    }
  }
}

std::set<std::string> keys_of(const std::string& file) {
  std::string why;
  const auto text = read_file(kFolder + file, kMaxFileBytes, why);
  EXPECT_TRUE(text) << why;
  Report report(file);
  const auto root = parse_document(text.value_or(""), report);
  std::set<std::string> paths;
  if (root) note_keys(*root, "", paths);
  return paths;
}

// "listeners[].check" stands under "defaults" for every listener.
std::string in_defaults(std::string path) {
  for (const std::string list : {"listeners[].", "services[]."}) {
    if (path.starts_with(list)) return "defaults." + path.substr(list.size());
  }
  return path;
}

TEST(Reference, HoldsEveryKeyOfTheSchema) {
  const auto schema = keys_of_the_schema();
  const auto reference = keys_of("reference.yaml");
  EXPECT_TRUE(reference.contains("listeners[].routes"));
  EXPECT_GT(schema.size(), 60u);
  for (const std::string& key : schema) {
    if (key.starts_with("listeners[].routes[].")) continue;  // instead of a service: in a comment
    EXPECT_TRUE(reference.contains(key) || reference.contains(in_defaults(key))) << key;
  }
}

TEST(Reference, HoldsEveryDefault) {
  const Config reference = loaded_file("reference.yaml");
  EXPECT_TRUE(diff(loaded_file("examples/smallest.yaml"), reference).empty());
  EXPECT_EQ(reference, loaded_file("examples/smallest.yaml"));
}

TEST(Reference, SaysTheDefaultsOfTheStructs) {
  const Config reference = loaded_file("reference.yaml");
  EXPECT_EQ(reference.version, Config{}.version);
  EXPECT_EQ(reference.process, Process{});
  EXPECT_EQ(reference.log, Log{});
  EXPECT_EQ(reference.admin, Admin{});
  EXPECT_EQ(resolve_timeouts(reference, {}, {}), Timeouts{});
  EXPECT_EQ(resolve_relay(reference, {}, {}), Relay{});
  EXPECT_EQ(client_tcp(reference, {}), Tcp{});
  EXPECT_EQ(instance_tcp(reference, {}), Tcp{});

  Listener listener = reference.listener_defaults;
  listener.timeouts = {};
  listener.tcp = {};
  listener.relay = {};
  EXPECT_EQ(listener, Listener{});
  Service service = reference.service_defaults;
  service.timeouts = {};
  service.tcp = {};
  service.relay = {};
  EXPECT_EQ(service, Service{});

  Instance instance;
  instance.address = instance.id = "10.0.0.1:5432";
  EXPECT_EQ(reference.services.at(0).instances.at(0), instance);
}

TEST(Examples, LoadWithoutAWarningAndSurviveARoundTrip) {
  for (const char* const file :
       {"examples/smallest.yaml", "examples/postgres-read-pool.yaml", "examples/web-maglev.yaml",
        "examples/cache-by-hash.yaml", "examples/one-instance.yaml",
        "examples/behind-a-cloud-balancer.yaml", "examples/postgres-primary.yaml",
        "examples/redis-pool.yaml", "examples/canary.yaml"}) {
    const Config config = loaded_file(file);
    EXPECT_EQ(testing::load(to_yaml(config)).config, config) << file;
  }
}

TEST(Examples, SayWhatTheyAreFor) {
  const Config pool = loaded_file("examples/postgres-read-pool.yaml");
  EXPECT_EQ(pool.services.at(0).balance.policy, Policy::least_connections);
  EXPECT_EQ(pool.services.at(0).instances.at(2).priority, 1u);
  const Config web = loaded_file("examples/web-maglev.yaml");
  EXPECT_EQ(web.services.at(0).balance.policy, Policy::maglev);
  EXPECT_EQ(web.services.at(1).check.type, CheckType::http);
  EXPECT_EQ(loaded_file("examples/cache-by-hash.yaml").services.at(0).balance.policy, Policy::hash);
  const Config primary = loaded_file("examples/postgres-primary.yaml");
  EXPECT_EQ(primary.listeners.at(0).selector, "role=primary");
  EXPECT_EQ(primary.listeners.at(1).service, primary.listeners.at(0).service);
  EXPECT_TRUE(primary.services.at(0).balance.zone.prefer_local);
  EXPECT_EQ(primary.registry.zone, "a");
  const Balance redis = loaded_file("examples/redis-pool.yaml").services.at(0).balance;
  EXPECT_EQ(redis.hash.max_load, 1.25);
  EXPECT_EQ(redis.panic.threshold, 0.3);
  EXPECT_EQ(redis.slow_start.window, 1min);
  const Config canary = loaded_file("examples/canary.yaml");
  EXPECT_EQ(canary.listeners.at(0).routes.at(1).split.at(1).fuse, Fuse{});
}

}  // namespace
}  // namespace sluice::config
