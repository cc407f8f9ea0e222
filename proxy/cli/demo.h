// `sluice demo`: the proxy with three backends of its own, nothing to prepare.
//
// Listener `spread` gives each connection to the backend with the fewest, listener `sticky` each
// client to one and the same backend. The backends register over the proxy's own API and take turns
// at leaving it (DemoRota). What to type next is printed once they are up. A backend's name, typed,
// stops that backend or starts it again, so that leases, health checks and retries can be watched.
// What is registered is kept in memory alone.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "proxy/cli/cli.h"
#include "proxy/cli/demo_backends.h"

namespace sluice::cli {

// Where the demo listens; a port 0 is one that the kernel chooses.
struct DemoBinds {
  std::string spread = "127.0.0.1:8080";
  std::string sticky = "127.0.0.1:8081";
  std::string admin = "127.0.0.1:9901";
};

// The defaults, with port 0 in place of each port that is taken.
DemoBinds free_demo_binds();

// The demo's configuration, in YAML. Pure.
std::string demo_config(const DemoBinds& binds);

// The lines that the reader may type next: `open` are the addresses that were really opened in
// place of those that were `wanted`. Pure.
std::string demo_instructions(const std::string& program, const DemoBinds& wanted,
                              const DemoBinds& open,
                              const std::vector<DemoBackends::Address>& backends);

// Runs until `serve` returns, and returns its exit code. `program`: how this one was called, for
// the lines to type. `input` is where names are typed (a descriptor; -1: nowhere).
int run_demo(const std::string& program, const DemoBinds& binds, int input, std::ostream& out,
             const Serve& serve);

}  // namespace sluice::cli
