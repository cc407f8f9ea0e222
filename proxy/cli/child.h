// The program that `sluice exec` runs: started, signalled, and asked how it ended.
//
// It has our standard streams, working directory and environment, and whatever other descriptors
// our caller left open for it; all of ours are close-on-exec. Our own SLUICE_TOKEN stays ours: what
// the program logs, shows or hands on holds no secret of the registry. Its signals are as the
// kernel starts a program with: none blocked, none ignored, but for a SIGHUP that our caller had us
// ignore (nohup).
//
// It leads a process group of its own. A terminal sends its signals (Ctrl-C) to the group in the
// foreground, which is ours, so that each reaches the program once: when it is passed on here. In
// turn the kernel stops a program that reads from that terminal (SIGTTIN).
//
// If we die by any way at all, the kernel sends it SIGTERM (PR_SET_PDEATHSIG; a setuid program is
// exempt). The destructor lets it run on.
//
// One thread, the one that started it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "proxy/net/fd.h"

namespace sluice::cli {

class Child {
 public:
  // Why a program could not be started: `exit_code` is 127 if there is none of that name, else 126.
  struct NotStarted : std::runtime_error {
    NotStarted(const std::string& program, int error);
    int exit_code;
  };

  // program[0] is looked up on PATH. Throws NotStarted.
  explicit Child(const std::vector<std::string>& program);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Passes a signal on, if it has not ended: SIGINT and SIGQUIT, which terminals make, to its whole
  // group as a terminal would, others to the program alone, as `kill` would.
  void signal(int number);

  // Readable once it has ended: a descriptor tells that whatever becomes of a SIGCHLD. -1 where the
  // kernel has none (before Linux 5.3).
  int end() const { return end_.get(); }

  // Once it has ended: its exit code, 128+N if signal N ended it. Reaps every other process that
  // has become ours as well, as the first process of a container must at each SIGCHLD.
  std::optional<int> reap();

 private:
  pid_t pid_ = 0;
  net::Fd end_;
  std::optional<int> exit_code_;
};

// Whether our caller has had us ignore SIGHUP, so that we and the program go on doing so.
bool ignores_hangup();

}  // namespace sluice::cli
