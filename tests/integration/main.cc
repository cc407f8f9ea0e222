// The scenarios' program. `integration_tests serve-echo PORT` is no test but an echo server until
// it is killed: the backend that a scenario ends with SIGKILL. `integration_tests serve-child ...`
// is the service that a scenario has `sluice exec` run.
//
// The binary that is tested is the one beside which this was built, or what SLUICE_BINARY names,
// or, if it was built with a sanitizer, SLUICE_SANITIZED_BINARY.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "tests/integration/echo_process.h"
#include "tests/integration/exec_child.h"

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "serve-echo")
    sluice::test::serve_echo_until_killed(argv[2]);
  if (argc >= 3 && std::string_view(argv[1]) == "serve-child")
    sluice::test::serve_as_child({argv + 2, argv + argc});
  ::setenv("SLUICE_BINARY", SLUICE_BINARY, 0);
  if (const char* sanitized = std::getenv("SLUICE_SANITIZED_BINARY"))
    ::setenv("SLUICE_BINARY", sanitized, 1);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
