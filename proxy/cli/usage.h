// Command lines that were not understood: what was wrong, and what was probably meant.
#pragma once

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace sluice::cli {

// One line for the operator. For an unknown command or option it names the nearest known one:
// "unknown command 'stauts'; the nearest is 'status'". Requires: `app` has just thrown `error`.
std::string explain(const CLI::App& app, const CLI::ParseError& error);

}  // namespace sluice::cli
