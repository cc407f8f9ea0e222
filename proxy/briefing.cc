#include "proxy/briefing.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "config/endpoint.h"

namespace sluice {

namespace {

using config::Severity;

config::Problem problem_of(const access::TokenProblem& found, const std::string& file) {
  return {Severity::error, file, static_cast<std::uint32_t>(found.line), 0, "", found.what};
}

Briefing without_tokens(config::Loaded loaded) {
  return {std::move(loaded.config), nullptr, std::move(loaded.problems)};
}

bool is_ours(const std::string& file) {
  struct stat status{};
  return ::stat(file.c_str(), &status) == 0 && status.st_uid == ::geteuid();
}

void drop_config_with_errors(Briefing& briefing) {
  const auto is_error = [](const auto& problem) { return problem.severity == Severity::error; };
  if (std::ranges::any_of(briefing.problems, is_error)) briefing.config.reset();
}

}  // namespace

bool is_exposed(const config::Admin& admin) {
  std::string why;
  const auto bind = config::Endpoint::parse(admin.bind, why);
  return bind && !bind->is_loopback();
}

Briefing brief(config::Loaded loaded) {
  Briefing briefing = without_tokens(std::move(loaded));
  if (!briefing.config || briefing.config->admin.tokens_file.empty()) return briefing;
  const config::Admin& admin = briefing.config->admin;
  std::vector<access::TokenProblem> problems;
  auto tokens = access::read_tokens_file(admin.tokens_file, problems);
  if (tokens && tokens->is_empty() && is_exposed(admin)) {
    problems.push_back({0, "holds no token, but the API is open to the network at " + admin.bind});
  }
  for (const auto& found : problems) {
    briefing.problems.push_back(problem_of(found, admin.tokens_file));
  }
  if (tokens) briefing.tokens = std::make_shared<const access::Tokens>(std::move(*tokens));
  drop_config_with_errors(briefing);
  return briefing;
}

Briefing brief_reader(config::Loaded loaded) {
  const std::optional<config::Config> config = loaded.config;
  Briefing briefing = brief(std::move(loaded));
  if (briefing.config || !config || is_ours(config->admin.tokens_file)) return briefing;
  for (config::Problem& problem : briefing.problems) {
    if (problem.file == config->admin.tokens_file) problem.severity = Severity::warning;
  }
  briefing.config = config;
  return briefing;
}

}  // namespace sluice
