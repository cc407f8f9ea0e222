// The command line: `sluice COMMAND ...`, from argv to the exit code.
//
//   run FILE              the proxy
//   check FILE            is this configuration good?
//   demo                  the proxy with backends of its own
//   status | services | instances SERVICE | connections | explain | events | watch [SERVICE] |
//   reload
//                         ask a running proxy through its admin API (proxy/cli/remote.h)
//   register | deregister | heartbeat | drain | maint | ready
//                         change an instance of a running proxy (proxy/cli/instance_orders.h)
//   token NAME            a new token for the admin API
//   exec ... -- CMD       a program that is registered while it runs (proxy/cli/exec.h)
//   version
//
// Results go to `out`, errors and usage to `err`, in one line where one will do.
#pragma once

#include <functional>
#include <iosfwd>

#include "proxy/server.h"

namespace sluice::cli {

enum ExitCode : int {
  kOk = 0,
  kFailure = 1,  // the command was understood, but what it was to do failed or found errors
  kUsage = 2,    // the command line was not understood; nothing was done
};

// Runs the proxy until it ends; sluice::run_server in the program, a fake in tests.
using Serve = std::function<int(ServerOptions)>;

// Requires: argv[0] is the program as it was called. Blocks until the command is done. Reads
// SLUICE_ADMIN and SLUICE_TOKEN from the environment.
int run_cli(int argc, const char* const* argv, std::ostream& out, std::ostream& err,
            const Serve& serve);

}  // namespace sluice::cli
