// An echo server in a process of its own, for scenarios in which a backend dies by SIGKILL.
#pragma once

#include <memory>
#include <string>

#include "tests/support/process.h"

namespace sluice::test {

// What main() does when it is started as one.
[[noreturn]] void serve_echo_until_killed(const std::string& port);

class EchoProcess {
 public:
  EchoProcess();  // listening when it returns
  const std::string& address() const { return address_; }
  void start();
  void kill();  // SIGKILL

 private:
  const std::string address_;
  std::unique_ptr<Process> process_;
};

}  // namespace sluice::test
