// A service that `sluice exec` runs in a scenario: a mode of the scenarios' own program.
//
//   integration_tests serve-child PORT [WORD...]
//
// Prints "pid N" when it starts, then "signal N" for each SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH,
// SIGCONT and SIGINT that it is sent. It echoes; the words change that:
//
//   speak=NAME   greets each client with the name, then echoes
//   after=FILE   listens once there is such a file
//   never        listens to nobody
//   exit=CODE    SIGTERM ends it at once with this code; otherwise the signal itself does
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::test {

// The line that starts one.
std::vector<std::string> child_program(std::uint16_t port,
                                       const std::vector<std::string>& words = {});

// What main() does when it is started as one.
[[noreturn]] void serve_as_child(const std::vector<std::string>& arguments);

}  // namespace sluice::test
