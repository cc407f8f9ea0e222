// The binary as a command beside a running proxy: `sluice register ...`, asked of that proxy.
#pragma once

#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/sluice.h"

namespace sluice::test {

// Runs `sluice --admin ADDRESS ARGUMENTS` to its end.
inline Finished command(const Sluice& sluice, const std::vector<std::string>& arguments) {
  std::vector<std::string> line{sluice_binary(), "--admin", sluice.admin().address()};
  line.insert(line.end(), arguments.begin(), arguments.end());
  return run(line);
}

}  // namespace sluice::test
