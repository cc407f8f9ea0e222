#include "proxy/cli/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>

#include "config/printable.h"

namespace sluice::cli {
namespace {

constexpr int kNoSuchProgram = 127;  // the shell's codes
constexpr int kCannotBeRun = 126;

void reset_signals() {
  const bool keeps_hangup_ignored = ignores_hangup();
  for (int number = 1; number < NSIG; ++number) {
    if (number == SIGHUP && keeps_hangup_ignored) continue;
    ::signal(number, SIG_DFL);  // refused for SIGKILL and SIGSTOP, which is as well
  }
}

// In the new process. Tells `failure` why the program did not start, by its errno.
[[noreturn]] void become_program(char* const* arguments, pid_t parent, int failure) {
  ::setpgid(0, 0);
  reset_signals();
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(kCannotBeRun);  // it died before it could be watched
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::unsetenv("SLUICE_TOKEN");
  ::execvp(arguments[0], arguments);
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(failure, &error, sizeof(error));
  ::_exit(kCannotBeRun);
}

std::vector<char*> pointers_into(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// 0 once the program runs: the pipe's other end is closed by its exec.
int start_error(int from) {
  int error = 0;
  ssize_t count = 0;
  do {
    count = ::read(from, &error, sizeof(error));
  } while (count < 0 && errno == EINTR);
  return count == sizeof(error) ? error : 0;
}

std::string lower_case_start(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] += 'a' - 'A';
  return text;
}

}  // namespace

bool ignores_hangup() {
  struct sigaction now{};
  ::sigaction(SIGHUP, nullptr, &now);
  return now.sa_handler == SIG_IGN;
}

Child::NotStarted::NotStarted(const std::string& program, int error)
    : std::runtime_error("cannot run " + config::in_quotes(program) + ": " +
                         lower_case_start(std::generic_category().message(error))),
      exit_code(error == ENOENT ? kNoSuchProgram : kCannotBeRun) {}

Child::Child(const std::vector<std::string>& program) {
  std::vector<std::string> texts = program;
  const std::vector<char*> arguments = pointers_into(texts);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw NotStarted(program[0], errno);
  const net::Fd told(ends[0]);
  net::Fd telling(ends[1]);

  // A signal between fork and exec would run our handlers in the new process, and be ours twice.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become_program(arguments.data(), parent, telling.get());
  const int fork_error = errno;
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  if (pid_ < 0) throw NotStarted(program[0], fork_error);

  telling.reset();
  if (const int error = start_error(told.get()); error != 0) {
    ::waitpid(pid_, nullptr, 0);
    throw NotStarted(program[0], error);
  }
  end_ = net::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
}

void Child::signal(int number) {
  if (exit_code_) return;
  const bool is_a_terminals = number == SIGINT || number == SIGQUIT;
  ::kill(is_a_terminals ? -pid_ : pid_, number);
}

std::optional<int> Child::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid != pid_) continue;
    exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  return exit_code_;
}

}  // namespace sluice::cli
