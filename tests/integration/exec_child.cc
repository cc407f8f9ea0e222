#include "tests/integration/exec_child.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "tests/support/servers.h"

namespace sluice::test {
namespace {

class ExecChild {
 public:
  explicit ExecChild(const std::vector<std::string>& arguments)
      : port_(static_cast<std::uint16_t>(std::stoi(arguments.at(0)))),
        words_(arguments.begin() + 1, arguments.end()) {
    ::sigemptyset(&told_of_);
    for (const int number : {SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGINT})
      ::sigaddset(&told_of_, number);
    if (word("exit")) ::sigaddset(&told_of_, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &told_of_, nullptr);
  }

  [[noreturn]] void run() {
    say("pid", ::getpid());
    for (;;) {
      if (!server_ && may_listen()) listen();
      const timespec look_again{0, 5'000'000};
      const int number = ::sigtimedwait(&told_of_, nullptr, server_ ? nullptr : &look_again);
      if (number == SIGTERM) ::_exit(std::stoi(*word("exit")));
      if (number > 0) say("signal", number);
    }
  }

 private:
  std::optional<std::string> word(const std::string& name) const {
    for (const std::string& each : words_)
      if (each.starts_with(name)) return each.substr(std::min(each.size(), name.size() + 1));
    return std::nullopt;
  }
  bool may_listen() const {
    if (word("never")) return false;
    const auto file = word("after");
    return !file || std::filesystem::exists(*file);
  }
  void listen() {
    const auto name = word("speak");
    server_ =
        std::make_unique<Backend>(name ? speak(*name) : echo(), ListenOptions{}, loopback(port_));
  }
  static void say(const char* what, int number) {
    std::printf("%s %d\n", what, number);
    std::fflush(stdout);
  }

  const std::uint16_t port_;
  const std::vector<std::string> words_;
  sigset_t told_of_{};
  std::unique_ptr<Backend> server_;
};

}  // namespace

std::vector<std::string> child_program(std::uint16_t port, const std::vector<std::string>& words) {
  std::vector<std::string> program = {std::filesystem::read_symlink("/proc/self/exe").string(),
                                      "serve-child", std::to_string(port)};
  program.insert(program.end(), words.begin(), words.end());
  return program;
}

void serve_as_child(const std::vector<std::string>& arguments) {
  ExecChild(arguments).run();
}

}  // namespace sluice::test
