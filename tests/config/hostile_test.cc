// Files that are written to hurt: each is refused within a second and 64 MiB, and nothing crashes.

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "config/screen.h"
#include "tests/config/yaml.h"

namespace sluice::config {
namespace {

std::string times(std::string_view text, std::size_t bytes) {
  std::string out;
  out.reserve(bytes + text.size());
  while (out.size() + text.size() <= bytes) out += text;
  return out;
}

std::string billion_laughs() {
  std::string out = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name <= 'j'; ++name) {
    const std::string before = std::string("*") + static_cast<char>(name - 1);
    out += std::string(1, name) + ": &" + name + " [" + before;
    for (int i = 1; i < 9; ++i) out += ", " + before;
    out += "]\n";
  }
  return out;
}

std::string merge_bomb() {
  std::string out = "a: &a {x: 1}\n";
  for (char name = 'b'; name <= 'z'; ++name) {
    const std::string before = std::string("*") + static_cast<char>(name - 1);
    out += std::string(1, name) + ": &" + name + "\n  <<: [" + before + ", " + before + "]\n";
  }
  return out;
}

std::string staircase(std::size_t depth) {
  std::string out;
  for (std::size_t i = 0; i < depth; ++i) out += std::string(i, ' ') + "a:\n";
  return out;
}

struct Hostile {
  const char* what;
  std::function<std::string()> yaml;
  const char* reason;  // in the text of some problem
};

const std::vector<Hostile>& hostile() {
  constexpr std::size_t kFull = kMaxFileBytes - 100;
  static const std::vector<Hostile> files = {
      {"billion laughs", billion_laughs, "an alias"},
      {"a cycle in a list", [] { return "&x\n- *x\n"; }, "an alias"},
      {"a cycle in a map", [] { return "&x {a: *x}\n"; }, "an alias"},
      {"an alias of nothing", [] { return "a: *x\n"; }, "not valid YAML"},
      {"merge keys", merge_bomb, "an alias"},
      {"a python object", [] { return "!!python/object/apply:os.system [ls]\n"; }, "a tag"},
      {"lists 70 000 deep", [] { return times("[", 70'000); }, "nested deeper than 32"},
      {"lists 100 000 deep", [] { return times("[", 100'000); }, "of the marks"},
      {"lists as deep as they go", [=] { return times("[", kFull); }, "of the marks"},
      {"maps 70 000 deep", [] { return times("{a: ", 280'000); }, "nested deeper than 32"},
      {"dashes", [=] { return times("- ", kFull); }, "nested deeper than 32"},
      {"a staircase", [] { return staircase(2000); }, "nested deeper than 32"},
      {"depth on many lines", [=] { return times("[\n", kFull); }, "of the marks"},
      {"flow keys", [=] { return "{" + times("a: 1, ", kFull); }, "of the marks"},
      {"as many as are let through", [] { return "{" + times("a: 1, ", 440'000); }, "not valid"},
      {"quotes", [=] { return times("\"\" ", kFull); }, "quotes"},
      {"anchors", [=] { return times("&a ", kFull); }, "of the marks"},
      {"question marks", [=] { return times("? ", kFull); }, "keys"},
      {"lines", [=] { return times("a\n", kFull); }, "lines"},
      {"keys", [=] { return times("a: 1\n", kFull); }, "keys"},
      {"one long word", [=] { return times("a", kFull); }, "expected a map"},
      {"one long key", [=] { return times("a", kFull) + ": 1\n"; }, "not valid YAML"},
      {"50 MB", [] { return times("a: 1\n", 50'000'000); }, "larger than 4 MiB"},
      {"10 MB of binary", [] { return times(std::string("\x7f\0ELF\xff", 6), 10'000'000); },
       "larger"},
      {"4 MB of binary", [] { return times(std::string("\x7f\0ELF\xff", 6), 4'000'000); },
       "not UTF-8"},
      {"unknown keys",
       [] {
         std::string out;
         for (int i = 0; i < 50'000; ++i) out += "key" + std::to_string(i) + ": 1\n";
         return out;
       },
       "the list ends here, after 1000 problems"},
      {"one key again and again", [] { return times("log:\n", 400'000); }, "duplicate key"},
      {"keys of a megabyte", [] { return "? " + times("k", 1'000'000) + "\n: 1\n"; },
       "unknown key"},
      {"missing services",
       [] {
         std::string out = "listeners:\n";
         for (int i = 0; i < 10'000; ++i) {
           out += "- service: s" + std::to_string(i) + "\n  bind: \"10.0.0.1:1\"\n";
         }
         out += "services:\n";
         for (int i = 0; i < 10'000; ++i) out += "- name: t" + std::to_string(i) + "\n";
         return out;
       },
       "there is no service"},
  };
  return files;
}

TEST(HostileFiles, AreRefusedForWhatTheyAre) {
  for (const Hostile& file : hostile()) {
    const Loaded loaded = testing::load(file.yaml());
    EXPECT_FALSE(loaded.config) << file.what;
    std::string all;
    for (const std::string& line : testing::lines(loaded)) {
      EXPECT_LT(line.size(), 1000u) << file.what;
      all += line + '\n';
    }
    EXPECT_NE(all.find(file.reason), std::string::npos) << file.what << ":\n"
                                                        << all.substr(0, 1000);
  }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

struct Cost {
  double seconds = 0;  // of the processor
  long kib = 0;
};

double seconds(const timeval& time) {
  return double(time.tv_sec) + double(time.tv_usec) / 1e6;
}

Cost usage() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return {seconds(used.ru_utime) + seconds(used.ru_stime), used.ru_maxrss};
}

// In a process of its own, so that the peak of its memory is that of the one file, and with no free
// memory left over from earlier to hide in.
Cost cost_of_loading_once(const std::string& yaml) {
  malloc_trim(0);
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const Cost before = usage();
    testing::load(yaml);
    const Cost after = usage();
    const Cost cost{after.seconds - before.seconds, after.kib - before.kib};
    _exit(write(ends[1], &cost, sizeof cost) == sizeof cost ? 0 : 1);
  }
  Cost cost;
  EXPECT_EQ(read(ends[0], &cost, sizeof cost), static_cast<ssize_t>(sizeof cost));
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  close(ends[0]);
  close(ends[1]);
  return cost;
}

// The least of three, as others may be busy on the machine.
Cost cost_of_loading(const std::string& yaml) {
  Cost least = cost_of_loading_once(yaml);
  for (int i = 0; i < 2 && least.seconds >= 0.5; ++i) {
    least.seconds = std::min(least.seconds, cost_of_loading_once(yaml).seconds);
  }
  return least;
}

TEST(HostileFiles, CostLessThanASecondAnd64MiB) {
  for (const Hostile& file : hostile()) {
    const Cost cost = cost_of_loading(file.yaml());
    EXPECT_LT(cost.seconds, 1.0) << file.what;
    EXPECT_LT(cost.kib, 64 * 1024) << file.what;
  }
}

TEST(LargeFiles, OfTenThousandInstancesLoadInUnderASecond) {
  std::string yaml =
      "listeners:\n  - {bind: \"127.0.0.1:80\", service: a}\nservices:\n  - name: a\n    "
      "instances:\n";
  for (int i = 0; i < 10'000; ++i) {
    yaml += "      - {address: \"10.0." + std::to_string(i / 250) + '.' +
            std::to_string(i % 250 + 1) + ":80\", id: n" + std::to_string(i) + ", weight: 2}\n";
  }
  const Loaded loaded = testing::load(yaml);
  ASSERT_TRUE(loaded.config) << testing::lines(loaded)[0];
  EXPECT_EQ(loaded.config->services[0].instances.size(), 10'000u);
  EXPECT_LT(cost_of_loading(yaml).seconds, 1.0);
}

#endif

}  // namespace
}  // namespace sluice::config
