#include "config/load.h"

#include <cstdlib>
#include <utility>

#include "config/check.h"
#include "config/complete.h"
#include "config/document.h"
#include "config/file.h"
#include "config/reader.h"
#include "config/report.h"
#include "config/substitute.h"

namespace sluice::config {
namespace {

std::optional<Config> build(std::string_view yaml, const Environment& environment, Report& report) {
  std::optional<Node> root = parse_document(yaml, report);
  if (!root) return std::nullopt;
  substitute_all(*root, environment, report);
  const Site site(*root, report);
  if (root->kind != Node::Kind::map) {
    site.error(root->kind == Node::Kind::null
                   ? "holds nothing; a configuration needs at least \"listeners\" and \"services\""
                   : "expected a map of keys such as \"listeners\" and \"services\", found " +
                         std::string(word(root->kind)));
    return std::nullopt;
  }
  Config config;
  expect_map(site);
  Reader reader(site);
  walk(config, reader);
  reader.refuse_the_rest();
  complete(config, site);
  check(config, site);
  return config;
}

Loaded finish(std::optional<Config> config, Report& report) {
  if (report.has_errors()) config.reset();
  return {std::move(config), report.take()};
}

}  // namespace

Loaded load_text(std::string_view yaml, const std::string& file, const Environment& environment) {
  Report report(file);
  auto config = build(yaml, environment, report);
  return finish(std::move(config), report);
}

Loaded load_file(const std::string& path, const Environment& environment) {
  std::string why;
  const auto text = read_file(path, kMaxFileBytes, why);
  if (text) return load_text(*text, path, environment);
  Report report(path);
  report.add(Severity::error, {}, "", why);
  return finish(std::nullopt, report);
}

std::optional<std::string> process_environment(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

}  // namespace sluice::config
