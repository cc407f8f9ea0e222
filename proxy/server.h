// The process: control loop, workers, admin API, signals; from a loaded configuration to the exit
// code.
//
// Everything is built before anything is opened to clients: a port in use, a bad path or an
// unreadable file ends the start with one message and nothing half-started. run() returns when the
// process has drained.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/load.h"

namespace sluice {

struct ServerOptions {
  std::string config_file;  // shown in status
  std::function<config::Loaded()>
      load;  // reads the configuration; again at each reload, on another thread
  // Called once on the control loop when the listeners are open: the admin address and every bind.
  std::function<void(const std::string& admin, const std::vector<std::string>& listeners)> on_ready;
};

// Runs until SIGTERM or SIGINT has been obeyed. Returns the exit code: 0 after a drain or an
// ordered stop, 1 when the start failed (the message went to stderr).
int run_server(ServerOptions options);

}  // namespace sluice
