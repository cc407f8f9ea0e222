// The scenarios' program. `integration_tests serve-echo PORT` is no test but an echo server until
// it is killed: the backend that a scenario ends with SIGKILL. `integration_tests serve-child ...`
// is the service that a scenario has `sluice exec` run.
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
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
