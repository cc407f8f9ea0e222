#include "tests/support/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "tests/support/socket.h"

namespace sluice::test {
namespace {

// The pointers that execve(2) wants; they point into `texts`.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& more) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!more.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : more) all.push_back(name + "=" + value);
  return all;
}

bool redirect(int fd, const char* path) {
  const int file = ::open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  return file >= 0 && ::dup2(file, fd) == fd && ::close(file) == 0;
}

// Between fork and exec only calls that are safe after a fork in a program with threads.
[[noreturn]] void become(const Command& command, char** arguments, char** environment) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const rlimit limit{command.fd_limit, command.fd_limit};
  ::close_range(STDERR_FILENO + 1, ~0u, 0);  // whatever the test program was started with
  const bool is_set = redirect(STDOUT_FILENO, command.output.c_str()) &&
                      redirect(STDERR_FILENO, command.errors.c_str()) &&
                      (command.fd_limit == 0 || ::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  if (is_set) ::execve(arguments[0], arguments, environment);
  ::_exit(127);
}

}  // namespace

TempDir::TempDir(Medium medium) {
  const bool is_in_memory = medium == Medium::memory && ::access("/dev/shm", W_OK) == 0;
  const std::filesystem::path parent =
      is_in_memory ? "/dev/shm" : std::filesystem::temp_directory_path();
  std::string pattern = (parent / "sluice-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) fail_with_errno("mkdtemp " + pattern);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream places(std::string(path != nullptr ? path : "") +
                            ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  for (std::string place; std::getline(places, place, ':');) {
    const std::string candidate = place + "/" + name;
    if (!place.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  throw std::runtime_error("this test needs the program '" + name + "', which is not installed");
}

std::string text(const ExitStatus& status) {
  return status.signal != 0 ? "signal " + std::to_string(status.signal)
                            : "exit code " + std::to_string(status.code);
}

Process::Process(const Command& command) {
  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = environment_with(command.environment);
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> environment_pointers = pointers(environment);
  pid_ = ::fork();
  if (pid_ < 0) fail_with_errno("fork");
  if (pid_ == 0)
    become(command, const_cast<char**>(argument_pointers.data()),
           const_cast<char**>(environment_pointers.data()));
}

Process::~Process() {
  kill();
}

bool Process::is_running() {
  return !wait(0ms).has_value();
}

void Process::signal(int number) {
  if (!status_) ::kill(pid_, number);
}

void Process::kill() {
  signal(SIGKILL);
  wait(kPatience);
}

std::optional<ExitStatus> Process::wait(Milliseconds within) {
  eventually(
      [this] {
        if (status_) return true;
        int raw = 0;
        if (::waitpid(pid_, &raw, WNOHANG) != pid_) return false;
        status_ = WIFSIGNALED(raw) ? ExitStatus{0, WTERMSIG(raw)} : ExitStatus{WEXITSTATUS(raw), 0};
        return true;
      },
      within);
  return status_;
}

Finished run(const std::vector<std::string>& arguments, Milliseconds within) {
  const TempDir files;
  Finished finished;
  {
    Process process(
        {.arguments = arguments, .output = files.path("out"), .errors = files.path("err")});
    finished.status = process.wait(within);
  }
  finished.output = read_file(files.path("out"));
  finished.errors = read_file(files.path("err"));
  return finished;
}

std::uint64_t raise_fd_limit(std::uint64_t wanted) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return limit.rlim_cur;
  const rlimit raised{wanted, std::max<rlim_t>(limit.rlim_max, wanted)};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return wanted;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, wanted);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace sluice::test
