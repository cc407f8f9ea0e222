// The arrows between the folders, as a function from a source tree to what breaks them.
//
//   config <- registry/access, store <- registry <- proxy/net <- balance, metrics, log
//          <- session, health, admin <- proxy/plan, client <- proxy/worker
//          <- proxy (server and its parts) <- proxy/cli <- proxy/main
//
// A file may include its own folder and what stands to the left; neighbours between two arrows do
// not know each other. Files directly under proxy/ are the server's, but for plan, worker and main,
// which have places of their own. config/ and registry/ use neither libuv nor a clock.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sluice::layering {

struct Report {
  std::size_t files = 0;                // that were read
  std::vector<std::string> violations;  // "registry/a.cc:3: includes proxy/net/loop.h, ..."
};

// Reads every .h and .cc under config, registry and proxy of `root`. Besides the arrows it holds
// that a quoted include is written from the root and names a file that is there, that thing.cc
// includes thing.h first, and that no folder is without a place in the order.
Report inspect(const std::filesystem::path& root);

}  // namespace sluice::layering
