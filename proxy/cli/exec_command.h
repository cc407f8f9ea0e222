// The options of `sluice exec`, and the program that stands after "--".
//
// Made once with the parser, which keeps pointers into it: lives as long as the parser does and is
// not moved.
#pragma once

#include <functional>
#include <string>

#include "proxy/cli/exec.h"
#include "proxy/cli/instance_commands.h"

namespace sluice::cli {

class ExecCommand {
 public:
  // Told what to run; the program is empty if none was given.
  using Run = std::function<int(const ExecRequest&)>;

  ExecCommand(const AddCommand& add, Run run);
  ExecCommand(const ExecCommand&) = delete;
  ExecCommand& operator=(const ExecCommand&) = delete;

  // Keeps what follows "--" of a command line with the word `exec`, and returns how many of the
  // arguments come before: those for the parser, which would take a program's "[x]" apart.
  int take_program(int argc, const char* const* argv);

 private:
  ExecRequest finished();

  const Run run_;
  ExecRequest request_;
  std::string host_ = "127.0.0.1";
  std::uint16_t port_ = 0;
  std::string drain_ = "30s";
  std::string look_every_ = "100ms";
};

}  // namespace sluice::cli
