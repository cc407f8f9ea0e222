// The real binary, running, with one listener and one service unless a test says more.
//
// What all scenarios share unless they say otherwise: a connect timeout of 300 ms, an idle timeout
// of 30 s, no retries, no checks, no ejections, two workers. The binary is the one that
// SLUICE_BINARY of the environment names.
//
// A Sluice is ready (GET /readyz is 200) when its constructor returns, or the constructor throws
// with what the process said. Its destructor ends it and fails the test if it had died unasked,
// exits badly, or if a sanitizer wrote a report. One thread at a time, but for connect(), front()
// and admin().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/admin.h"
#include "tests/support/peer.h"
#include "tests/support/process.h"

namespace sluice::test {

// Pieces of YAML in flow style, "retry: {max_retries: 2}, balance: {policy: hash}".
struct Scene {
  std::vector<std::string> instances = {};  // of service "s": addresses, or what instance() returns
  std::string service = "";                 // more keys of service "s"
  std::string listener = "";                // more keys of listener "front"
  std::string leads_to = "service: s";      // where listener "front" leads
  std::string process = "workers: 2";
  std::string admin = "";                   // more keys of admin
  std::string registry = "";                // more keys of registry
  std::vector<std::string> listeners = {};  // further listeners and services, as maps
  std::vector<std::string> services = {};
  std::uint64_t fd_limit = 0;  // RLIMIT_NOFILE of the process; 0: as ours
};

// One entry of `instances` with more keys: instance(address, "id: a, weight: 5").
std::string instance(const std::string& address, const std::string& keys);

std::string sluice_binary();  // throws if the environment names none

class Sluice {
 public:
  explicit Sluice(Scene scene);
  ~Sluice();
  Sluice(const Sluice&) = delete;
  Sluice& operator=(const Sluice&) = delete;

  const std::string& front() const { return front_; }  // the listener's address
  Peer connect(const ConnectOptions& options = {}) const { return Peer::connect(front_, options); }

  const Admin& admin() const { return admin_; }
  MetricsPage metrics() const;  // throws if there is no page
  double metric(std::string_view name, const MetricsPage::Labels& labels = {}) const;
  nlohmann::json instance_status(const std::string& id) const;  // of service "s"; null: none
  std::string instance_state(const std::string& id) const;      // "up", "down", ...; "": none

  // A configuration with this one's own addresses.
  std::string configuration(const Scene& scene) const;
  std::string config_path() const { return files_.path("sluice.yaml"); }
  void write_config(const std::string& text) const { write_file(config_path(), text); }
  Response reload(const Scene& scene) const;  // writes it and posts /v1/reload
  Response reload_text(const std::string& text) const;
  std::string path(const std::string& name) const { return files_.path(name); }

  // Lines of the log whose message is this, so far.
  std::vector<nlohmann::json> log(std::string_view message) const;
  // Waits for n session lines and returns all that are there.
  std::vector<nlohmann::json> sessions(std::size_t n) const;
  std::string errors() const { return read_file(files_.path("stderr")); }

  pid_t pid() const { return process_->pid(); }
  bool is_running() { return process_->is_running(); }
  void signal(int number) { process_->signal(number); }
  std::optional<ExitStatus> wait_for_exit(Milliseconds within = kPatience);
  void kill();   // SIGKILL
  void start();  // again, after it has ended, with the configuration that the file holds

  // Writes the file and starts the binary on it without waiting for anything.
  std::unique_ptr<Process> launch(const std::string& config_path,
                                  const std::string& errors_path) const;

 private:
  void stop();
  void expect_no_sanitizer_report() const;

  const std::string front_;
  const Admin admin_;
  const std::uint64_t fd_limit_;
  TempDir files_;
  std::unique_ptr<Process> process_;
  bool is_expected_to_run_ = false;
};

}  // namespace sluice::test
