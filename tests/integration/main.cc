// The scenarios' program. `integration_tests serve-echo PORT` is no test but an echo server until
// it is killed: the backend that a scenario ends with SIGKILL.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "tests/integration/echo_process.h"

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "serve-echo")
    sluice::test::serve_echo_until_killed(argv[2]);
  ::setenv("SLUICE_BINARY", SLUICE_BINARY, 0);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
