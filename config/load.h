// From a YAML file to a Config, or to the list of everything that is wrong with it.
//
// The stations: screen (are these bytes affordable?), document (YAML as a tree of texts),
// substitute
// (${NAME} from the environment), reader (the tree into the structs), complete (what follows from
// the rest), check (does it make sense?). Each tells its problems with their places and goes on, so
// that an operator sees all of them at once.
//
// Pure but for reading the file: no clock, no network, no global state; environment variables come
// in as a function. Safe on any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace sluice::config {

enum class Severity : std::uint8_t { warning, error };

// One thing that is wrong, at its place. Lines and columns count from 1; 0 where there is none (a
// file that cannot be read, a line that is wrong as a whole). `path` is that of the key,
// "services[2].check.interval".
struct Problem {
  Severity severity = Severity::error;
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string path;
  std::string message;

  // "pg.yaml:12:7: services[2].check.interval: error: ..." on one line, whatever bytes the file
  // holds.
  std::string text() const;
  friend bool operator==(const Problem&, const Problem&) = default;
};

struct Loaded {
  std::optional<Config> config;   // empty if any problem is an error
  std::vector<Problem> problems;  // in the order of the file, all of them at once
};

// Answers the value of an environment variable, or nothing.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

inline constexpr std::size_t kMaxFileBytes = 4u << 20;
inline constexpr std::size_t kMaxDepth = 32;

// Reads and checks a file: a regular file, a pipe or "-" for standard input.
Loaded load_file(const std::string& path, const Environment& environment);

// The same for text in memory; `file` is only a name for the problems.
Loaded load_text(std::string_view yaml, const std::string& file, const Environment& environment);

// The process's own environment.
std::optional<std::string> process_environment(std::string_view name);

}  // namespace sluice::config
