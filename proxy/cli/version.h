// `sluice version`.
#pragma once

#include <iosfwd>

namespace sluice::cli {

// "sluice 0.1.0"; `verbose` adds the compiler and the libraries, as they are at run time where they
// tell.
void show_version(std::ostream& out, bool verbose);

}  // namespace sluice::cli
