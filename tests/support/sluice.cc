#include "tests/support/sluice.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>

namespace sluice::test {
namespace {

constexpr int kSanitizerExitCode = 99;

std::string joined(const std::vector<std::string>& parts, const std::string& separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : separator) + part;
  return text;
}

std::string quoted_unless_map(const std::string& instance) {
  return instance.starts_with("{") ? instance : '"' + instance + '"';
}

std::string and_more(const std::string& keys) {
  return keys.empty() ? "" : ", " + keys;
}

// Keeps what the environment says already; ours comes last and wins.
std::string sanitizer_options(const char* name, const std::string& ours) {
  const char* said = std::getenv(name);
  return (said != nullptr ? std::string(said) + ":" : "") + ours;
}

}  // namespace

std::string instance(const std::string& address, const std::string& keys) {
  return "{address: \"" + address + "\", " + keys + "}";
}

std::string sluice_binary() {
  if (const char* path = std::getenv("SLUICE_BINARY")) return path;
  throw std::runtime_error("SLUICE_BINARY names no binary to test");
}

Sluice::Sluice(Scene scene)
    : front_(loopback(reserve_port())),
      admin_(loopback(reserve_port())),
      fd_limit_(scene.fd_limit) {
  write_config(configuration(scene));
  start();
}

Sluice::~Sluice() {
  stop();
  expect_no_sanitizer_report();
}

MetricsPage Sluice::metrics() const {
  const Response page = admin_.get("/metrics");
  if (page.status != 200) throw std::runtime_error("no metrics: " + page.body);
  return MetricsPage::parse(page.body);
}

double Sluice::metric(std::string_view name, const MetricsPage::Labels& labels) const {
  return metrics().value(name, labels);
}

nlohmann::json Sluice::instance_status(const std::string& id) const {
  const Response response = admin_.get("/v1/services/s");
  if (response.status != 200) return nullptr;
  const nlohmann::json service = response.json();
  for (const auto& status : service.at("instances"))
    if (status.at("id") == id) return status;
  return nullptr;
}

std::string Sluice::instance_state(const std::string& id) const {
  const nlohmann::json status = instance_status(id);
  return status.is_null() ? "" : status.at("state").get<std::string>();
}

std::string Sluice::configuration(const Scene& scene) const {
  std::vector<std::string> instances;
  for (const std::string& each : scene.instances) instances.push_back(quoted_unless_map(each));
  std::ostringstream yaml;
  yaml << "version: 1\n"
       << "process: {" << scene.process << "}\n"
       << "admin: {bind: \"" << admin_.address() << '"' << and_more(scene.admin) << "}\n"
       << "registry: {store: {path: \"" << files_.path("sluice.db") << "\"}"
       << and_more(scene.registry) << "}\n"
       << "log: {level: info, format: json, target: stderr}\n"
       << "defaults:\n"
       << "  timeouts: {connect: 300ms, idle: 30s}\n"
       << "  check: {type: none}\n"
       << "  retry: {max_retries: 0}\n"
       << "  outlier: {consecutive: 0}\n"
       << "listeners:\n"
       << "  - {name: front, bind: \"" << front_ << "\", " << scene.leads_to
       << and_more(scene.listener) << "}\n";
  for (const std::string& listener : scene.listeners) yaml << "  - " << listener << '\n';
  yaml << "services:\n"
       << "  - {name: s, instances: [" << joined(instances, ", ") << "]" << and_more(scene.service)
       << "}\n";
  for (const std::string& service : scene.services) yaml << "  - " << service << '\n';
  return yaml.str();
}

Response Sluice::reload(const Scene& scene) const {
  return reload_text(configuration(scene));
}

Response Sluice::reload_text(const std::string& text) const {
  write_config(text);
  return admin_.post("/v1/reload");
}

std::vector<nlohmann::json> Sluice::log(std::string_view message) const {
  std::vector<nlohmann::json> lines;
  std::istringstream all(errors());
  for (std::string line; std::getline(all, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_object() && json.value("msg", "") == message) lines.push_back(json);
  }
  return lines;
}

std::vector<nlohmann::json> Sluice::sessions(std::size_t n) const {
  std::vector<nlohmann::json> lines;
  const bool are_there = eventually([&] {
    lines = log("session");
    return lines.size() >= n;
  });
  if (!are_there)
    ADD_FAILURE() << "the log has " << lines.size() << " session lines instead of " << n;
  return lines;
}

std::unique_ptr<Process> Sluice::launch(const std::string& config_path,
                                        const std::string& errors_path) const {
  const std::string report =
      "log_path=" + files_.path("sanitizer") + ":exitcode=" + std::to_string(kSanitizerExitCode);
  return std::make_unique<Process>(
      Command{.arguments = {sluice_binary(), "run", config_path},
              .environment = {{"ASAN_OPTIONS", sanitizer_options("ASAN_OPTIONS", report)},
                              {"UBSAN_OPTIONS",
                               sanitizer_options("UBSAN_OPTIONS", report + ":print_stacktrace=1")},
                              {"TSAN_OPTIONS", sanitizer_options("TSAN_OPTIONS", report)}},
              .output = files_.path("stdout"),
              .errors = errors_path,
              .fd_limit = fd_limit_});
}

void Sluice::start() {
  process_ = launch(config_path(), files_.path("stderr"));
  const bool is_decided = eventually([this] {
    if (!process_->is_running()) return true;
    return connect_error(admin_.address()) == 0 && admin_.get("/readyz").status == 200;
  });
  if (!process_->is_running())
    throw std::runtime_error("sluice ended at its start with " + text(*process_->wait()) + ": " +
                             errors());
  if (!is_decided) throw std::runtime_error("sluice does not become ready: " + errors());
  is_expected_to_run_ = true;
}

std::optional<ExitStatus> Sluice::wait_for_exit(Milliseconds within) {
  is_expected_to_run_ = false;
  return process_->wait(within);
}

void Sluice::kill() {
  is_expected_to_run_ = false;
  process_->kill();
}

void Sluice::stop() {
  if (!is_expected_to_run_) return process_->kill();
  if (!process_->is_running()) {
    ADD_FAILURE() << "sluice died with " << text(*process_->wait()) << ": " << errors();
    return;
  }
  signal(SIGTERM);
  auto status = wait_for_exit(100ms);
  if (!status) signal(SIGTERM);  // connections of a test that has failed are not waited for
  status = wait_for_exit(kPatience);
  EXPECT_EQ(status, ExitStatus{}) << "after SIGTERM: " << errors();
}

void Sluice::expect_no_sanitizer_report() const {
  for (const auto& entry : std::filesystem::directory_iterator(files_.root()))
    if (entry.path().filename().string().starts_with("sanitizer"))
      ADD_FAILURE() << read_file(entry.path().string());
}

}  // namespace sluice::test
