#include "proxy/cli/check.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "config/load.h"
#include "config/printable.h"
#include "proxy/briefing.h"
#include "proxy/cli/cli.h"

namespace sluice::cli {
namespace {

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string summary(const config::Config& config) {
  std::size_t instances = 0;
  for (const config::Service& service : config.services) instances += service.instances.size();
  return counted(config.listeners.size(), "listener") + ", " +
         counted(config.services.size(), "service") + ", " + counted(instances, "instance");
}

nlohmann::json to_json(const config::Problem& problem) {
  return {{"severity", problem.severity == config::Severity::error ? "error" : "warning"},
          {"file", problem.file},
          {"line", problem.line},
          {"column", problem.column},
          {"path", problem.path},
          {"message", problem.message}};
}

}  // namespace

int check_config(const CheckRequest& request, std::ostream& out, std::ostream& err) {
  const Briefing loaded =
      brief_reader(config::load_file(request.file, config::process_environment));
  const bool is_good = loaded.config.has_value() && (loaded.problems.empty() || !request.strict);
  if (request.json) {
    nlohmann::json problems = nlohmann::json::array();
    for (const config::Problem& problem : loaded.problems) problems.push_back(to_json(problem));
    const nlohmann::json report{{"ok", is_good}, {"problems", std::move(problems)}};
    out << report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return is_good ? kOk : kFailure;
  }
  for (const config::Problem& problem : loaded.problems) err << problem.text() << '\n';
  if (!is_good) return kFailure;
  out << config::one_line(request.file) << ": ok, " << summary(*loaded.config) << '\n';
  return kOk;
}

}  // namespace sluice::cli
