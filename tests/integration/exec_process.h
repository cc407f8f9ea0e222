// `sluice exec` with the scenarios' own child program, on a port of its own.
#pragma once

#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/exec_child.h"
#include "tests/support/process.h"
#include "tests/support/sluice.h"

namespace sluice::test {

// One instance of service "s": started, ended and started again under the same id and port.
class ExecProcess {
 public:
  struct Options {
    std::string id = "a";
    std::vector<std::string> words{};    // for the child; see exec_child.h
    std::vector<std::string> options{};  // for `sluice exec`
    std::vector<std::string> program{};  // another one instead of the child
  };

  ExecProcess(const Sluice& sluice, Options options)
      : admin_(sluice.admin().address()), options_(std::move(options)) {
    start();
  }

  void start() {
    std::vector<std::string> line = {
        sluice_binary(), "exec",      "--admin",          admin_,
        "--service",     "s",         "--port",           std::to_string(port_),
        "--id",          options_.id, "--check-interval", "10ms"};
    line.insert(line.end(), options_.options.begin(), options_.options.end());
    line.emplace_back("--");
    const auto program =
        options_.program.empty() ? child_program(port_, options_.words) : options_.program;
    line.insert(line.end(), program.begin(), program.end());
    write_file(files_.path("out"), "");
    process_ = std::make_unique<Process>(
        Command{.arguments = line, .output = files_.path("out"), .errors = files_.path("err")});
  }

  Process& process() { return *process_; }
  std::string address() const { return loopback(port_); }
  std::string output() const { return read_file(files_.path("out")); }
  std::string errors() const { return read_file(files_.path("err")); }
  bool says(const std::string& line) const {
    return eventually([&] { return output().find(line + "\n") != std::string::npos; });
  }
  pid_t child() const {  // once it says "pid"
    if (!eventually([&] { return output().starts_with("pid ") && output().find('\n') > 0; }))
      return -1;
    return std::atoi(output().c_str() + 4);
  }

 private:
  const std::string admin_;
  const Options options_;
  const std::uint16_t port_ = reserve_port();
  TempDir files_;
  std::unique_ptr<Process> process_;
};

}  // namespace sluice::test
