// What the operator has written, in all of his files: the configuration, and the tokens that it
// names. They count together or not at all.
//
// Reads the tokens file, so it may wait for a disk; any thread.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "config/load.h"
#include "registry/access/tokens.h"

namespace sluice {

struct Briefing {
  std::optional<config::Config> config;          // empty if any problem is an error
  std::shared_ptr<const access::Tokens> tokens;  // null: no file of them, everything is allowed
  std::vector<config::Problem> problems;         // of the configuration, then of the tokens file
};

// Adds the tokens to a configuration. What is wrong with their file is an error at its line, and so
// is one without a token where the API is open to other machines.
Briefing brief(config::Loaded loaded);

// The same for whoever only looks at the files, perhaps as another user than the one who will run
// them: that a tokens file is not there, or not his, is only a warning.
Briefing brief_reader(config::Loaded loaded);

// Whether other machines can reach the API. Requires: a bind that can be read.
bool is_exposed(const config::Admin& admin);

}  // namespace sluice
