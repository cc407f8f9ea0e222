#include "tests/registry/store/child.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <system_error>

namespace sluice::test {

Child::Child(const std::function<void(int pipe)>& body) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(ends[0]);
    body(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  pipe_ = ends[0];
}

Child::~Child() {
  kill();
  ::close(pipe_);
}

std::optional<int> Child::hear() const {
  int number = 0;
  if (::read(pipe_, &number, sizeof number) != sizeof number) return std::nullopt;
  return number;
}

void Child::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void Child::say(int pipe, int number) {
  if (::write(pipe, &number, sizeof number) != sizeof number) ::abort();
}

void Child::wait_for_end() {
  for (;;) ::pause();
}

}  // namespace sluice::test
