// `sluice exec`: runs a program and keeps it registered for as long as it runs.
//
// The program is started at once, and registered when its port takes connections. From then on it
// is reported at a third of its ttl, and registered anew when the registry has forgotten it. A
// registry that is away changes nothing for the program: it is asked again until it answers.
//
// SIGTERM, SIGINT or SIGQUIT: deregisters, waits until the last connection through the proxy has
// gone or the drain is over, and only then passes the signal on; the next one is passed on at once.
// SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH and SIGCONT are passed on as they come. When the program ends,
// it is deregistered if it still is registered, and its exit code is ours.
//
// One line on `err` at each change: registered, cannot reach the registry, draining.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/endpoint.h"
#include "proxy/client/admin_address.h"
#include "proxy/client/instance_requests.h"

namespace sluice::cli {

struct ExecRequest {
  client::Announcement instance;     // with its id and address
  config::Endpoint listens;          // where the program does: the address once more
  std::vector<std::string> program;  // and its arguments
  config::Duration drain{};
  config::Duration look_every{};  // until the port listens
};

// Blocks until the program has ended. Returns its exit code, 128+N if signal N ended it, 127 if
// there is no such program and 126 if it cannot be run. Takes over the process's signals.
// Requires: no other thread runs, and `program` is not empty.
int run_exec(const client::AdminAddress& where, const ExecRequest& request, std::ostream& err);

}  // namespace sluice::cli
