#include "proxy/cli/usage.h"

#include <CLI/CLI.hpp>
#include <string_view>
#include <vector>

#include "config/nearest.h"
#include "config/printable.h"

namespace sluice::cli {
namespace {

std::string nearest_of(const std::string& said, const std::vector<std::string>& known) {
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  return "; the nearest is '" + std::string(config::nearest(said, candidates)) + "'";
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  return names;
}

void add_option_names(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
}

}  // namespace

std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> unexpected = app.remaining(true);
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  if (unexpected.empty()) {
    return chosen.empty() ? "which command?" : config::one_line(error.what());
  }
  const std::string said = unexpected.front().substr(0, unexpected.front().find('='));
  if (said.starts_with('-')) {
    std::vector<std::string> names;
    add_option_names(app, names);
    if (!chosen.empty()) add_option_names(*chosen.front(), names);
    return "unknown option '" + config::one_line(said) + "'" + nearest_of(said, names);
  }
  if (!chosen.empty()) {
    return "'" + chosen.front()->get_name() + "' does not take '" + config::one_line(said) + "'";
  }
  return "unknown command '" + config::one_line(said) + "'" + nearest_of(said, command_names(app));
}

}  // namespace sluice::cli
