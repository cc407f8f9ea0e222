// Child processes: the proxy itself, and the programs that tests run beside it.
//
// A Process is started by its constructor and has ended when its destructor returns (SIGKILL if
// need be); it also dies with the test program. Its output goes to files. One thread at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/wait.h"

namespace sluice::test {

// A directory of its own under the system's place for temporary files, removed with all in it at
// the end. `memory`: of those in memory, if there is one, for tests that sync much.
class TempDir {
 public:
  enum class Medium { disk, memory };
  explicit TempDir(Medium medium = Medium::disk);
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string path(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& root() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::string& path);  // "" if there is none
void write_file(const std::string& path, const std::string& text);

// The full path of a program on PATH or in the system's usual places; throws, naming it, if it is
// missing.
std::string find_program(const std::string& name);

struct ExitStatus {
  int code = 0;    // if it exited
  int signal = 0;  // if a signal ended it, else 0
  bool is_success() const { return code == 0 && signal == 0; }
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};
std::string text(const ExitStatus& status);  // "exit code 1", "signal 11"

struct Command {
  std::vector<std::string> arguments;                // arguments[0] is the program's path
  std::map<std::string, std::string> environment{};  // added to our own
  std::string output = "/dev/null";                  // file for stdout, appended to
  std::string errors = "/dev/null";                  // file for stderr, appended to
  std::uint64_t fd_limit = 0;                        // RLIMIT_NOFILE; 0: as ours
};

class Process {
 public:
  explicit Process(const Command& command);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool is_running();
  void signal(int number);
  void kill();  // SIGKILL, and waits for the end
  // How it ended; nothing if it has not within the time.
  std::optional<ExitStatus> wait(Milliseconds within = kPatience);

 private:
  pid_t pid_;
  std::optional<ExitStatus> status_;
};

// Runs a program to its end.
struct Finished {
  std::optional<ExitStatus> status;  // nothing: it was killed at the deadline
  std::string output;
  std::string errors;
  bool is_success() const { return status && status->is_success(); }
};
Finished run(const std::vector<std::string>& arguments, Milliseconds within = 60s);

// Raises this process's limit of open files as far as it may go, and returns it.
std::uint64_t raise_fd_limit(std::uint64_t wanted);

}  // namespace sluice::test
