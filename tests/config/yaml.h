// Configurations for tests: the smallest legal one with something more, and problems as lines.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace sluice::config::testing {

// A listener and the service "a" with one instance. `top` goes before them; `service` holds further
// keys of the service, in lines of four blanks.
inline std::string with(std::string_view top, std::string_view service = "") {
  return std::string(top) +
         "listeners:\n"
         "  - {bind: \"127.0.0.1:80\", service: a}\n"
         "services:\n"
         "  - name: a\n"
         "    instances: [\"10.0.0.1:80\"]\n" +
         std::string(service);
}

inline std::string with_service(std::string_view service) {
  return with("", service);
}

inline Environment environment(std::map<std::string, std::string, std::less<>> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

inline Loaded load(std::string_view yaml) {
  return load_text(yaml, "f", environment({}));
}

// "f:1:7: path: error: message", as an operator sees them.
inline std::vector<std::string> lines(const Loaded& loaded) {
  std::vector<std::string> out;
  for (const Problem& problem : loaded.problems) out.push_back(problem.text());
  return out;
}

}  // namespace sluice::config::testing
