// A Config in words: as YAML for people and the reference file, as flat paths for a diff and the
// API. Pure; safe on any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"

namespace sluice::config {

// Every effective key, defaults spelled out; what load_text() reads back as an equal Config.
// Secrets are masked as "***" (this version's schema has none).
std::string to_yaml(const Config& config);

// The same as JSON text, for the API.
std::string to_json(const Config& config);

// One line of a diff. `path` names listeners and services by their names and instances by their ids
// ("services[pg].instances[a].weight"), so that reordering a list is no difference.
struct Difference {
  enum class Kind { added, removed, changed } kind;
  std::string path;
  std::string before;  // empty when added
  std::string after;   // empty when removed
  friend bool operator==(const Difference&, const Difference&) = default;
};

std::vector<Difference> diff(const Config& before, const Config& after);

// Keys that cannot change while the process runs ("process.workers", "admin.bind",
// "registry.store.path"): a reload that would change one goes through for the rest, and says so.
bool needs_restart(std::string_view path);

}  // namespace sluice::config
