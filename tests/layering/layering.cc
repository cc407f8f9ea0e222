#include "tests/layering/layering.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <regex>
#include <set>
#include <utility>

namespace sluice::layering {
namespace {

namespace fs = std::filesystem;

// From left to right; places within one step are neighbours.
const std::vector<std::set<std::string>> kOrder = {
    {"config", "proxy/client/examples"},  // these know the installed headers alone
    {"registry/access", "registry/store"},
    {"registry"},
    {"proxy/net"},
    {"proxy/balance", "proxy/metrics", "proxy/log"},
    {"proxy/session", "proxy/health", "proxy/admin"},
    {"proxy/plan", "proxy/client"},
    {"proxy/worker"},
    {"proxy"},
    {"proxy/cli"},
    {"proxy/main"},
};

std::string place_of(const fs::path& file) {
  const std::string folder = file.parent_path().generic_string();
  const std::string stem = file.stem().string();
  const bool stands_apart =
      folder == "proxy" && (stem == "plan" || stem == "worker" || stem == "main");
  return stands_apart ? folder + "/" + stem : folder;
}

std::optional<std::size_t> step_of(const std::string& place) {
  const auto step =
      std::ranges::find_if(kOrder, [&](const auto& places) { return places.contains(place); });
  if (step == kOrder.end()) return std::nullopt;
  return static_cast<std::size_t>(step - kOrder.begin());
}

bool may_include(const std::string& from, const std::string& to) {
  return from == to || step_of(to) < step_of(from);
}

// One file, line by line.
class Inspection {
 public:
  Inspection(const fs::path& root, fs::path file, std::vector<std::string>& violations)
      : root_(root), file_(std::move(file)), place_(place_of(file_)), violations_(violations) {}

  void run() {
    if (!step_of(place_)) return object("stands in a folder that has no place in the order");
    std::ifstream text(root_ / file_);
    for (std::string line; std::getline(text, line);) {
      ++line_;
      look_at(line.substr(0, line.find("//")));
    }
  }

 private:
  void look_at(const std::string& code) {
    static const std::regex kQuoted(R"re(^\s*#\s*include\s*"([^"]*)")re");
    static const std::regex kUv(R"re(^\s*#\s*include\s*<uv(\.h|/))re");
    static const std::regex kClock(
        R"re(\b(steady_clock|system_clock|high_resolution_clock)\s*::\s*now\b)re"
        R"re(|\b(clock_gettime|gettimeofday|timespec_get|ftime)\s*\()re"
        R"re(|(^|[^\w.>])(std::)?time\s*\(\s*(0|NULL|nullptr|&\s*\w+)\s*\))re");

    std::smatch match;
    if (std::regex_search(code, match, kQuoted)) look_at_include(match[1].str());
    if (place_.starts_with("proxy")) return;
    if (std::regex_search(code, kUv)) object("includes libuv, which belongs under proxy/");
    if (std::regex_search(code, kClock)) object("reads a clock; time is an argument here");
  }

  void look_at_include(const std::string& name) {
    const bool is_first = !std::exchange(has_included_, true);
    if (!fs::is_regular_file(root_ / name) || name.find("..") != std::string::npos) {
      return object("includes \"" + name + "\", which is no file seen from the root");
    }
    const std::string own = fs::path(file_).replace_extension(".h").generic_string();
    if (is_first && file_.extension() == ".cc" && name != own && fs::exists(root_ / own)) {
      object("includes " + name + " before its own " + own);
    }
    const std::string to = place_of(name);
    if (!may_include(place_, to)) {
      object("includes " + name + ", but " + place_ + " may not know " + to);
    }
  }

  void object(const std::string& what) {
    violations_.push_back(file_.generic_string() + ":" + std::to_string(line_) + ": " + what);
  }

  const fs::path& root_;
  const fs::path file_;  // seen from the root
  const std::string place_;
  std::vector<std::string>& violations_;
  std::size_t line_ = 0;
  bool has_included_ = false;
};

bool is_source(const fs::path& file) {
  return file.extension() == ".h" || file.extension() == ".cc";
}

}  // namespace

Report inspect(const fs::path& root) {
  Report report;
  for (const char* top : {"config", "registry", "proxy"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      if (!is_source(entry.path())) continue;
      ++report.files;
      Inspection(root, entry.path().lexically_relative(root), report.violations).run();
    }
  }
  std::ranges::sort(report.violations);
  return report;
}

}  // namespace sluice::layering
