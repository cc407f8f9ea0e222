#include <exception>
#include <iostream>

#include "proxy/cli/cli.h"
#include "proxy/server.h"

int main(int argc, char** argv) {
  try {
    return sluice::cli::run_cli(argc, argv, std::cout, std::cerr, sluice::run_server);
  } catch (const std::exception& error) {
    std::cerr << "sluice: " << error.what() << '\n';
    return sluice::cli::kFailure;
  }
}
