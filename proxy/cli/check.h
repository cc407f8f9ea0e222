// `sluice check FILE`: is this configuration good, and how much is in it?
#pragma once

#include <iosfwd>
#include <string>

namespace sluice::cli {

struct CheckRequest {
  std::string file;     // "-": standard input
  bool strict = false;  // warnings count as errors
  bool json = false;    // {"ok", "problems": [...]} on `out`, in the API's shape
};

// Prints every problem on `err`, a line each, and on success "FILE: ok, 1 listener, 2 services, 5
// instances" on `out`. Returns kFailure if there is an error, or with `strict` a warning. Opens
// nothing but the file and the tokens file that it names; if that is not there, or not this user's,
// it says so as a warning. Ports in use are found by `run` alone.
int check_config(const CheckRequest& request, std::ostream& out, std::ostream& err);

}  // namespace sluice::cli
