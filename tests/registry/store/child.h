// A second process for the tests of stores: a fork that runs a function and talks through a pipe.
//
// Requires: the test program has no other thread when it forks.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>

namespace sluice::test {

class Child {
 public:
  // Runs `body` in a new process, which ends when it returns; it is given its end of the pipe.
  explicit Child(const std::function<void(int pipe)>& body);
  ~Child();  // kills it, if that was not done
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The next number that it has said; nothing once it is gone and all was heard.
  std::optional<int> hear() const;
  void kill();  // SIGKILL, and waits for the end; what it has said can still be heard

  // In the child.
  static void say(int pipe, int number);
  [[noreturn]] static void wait_for_end();

 private:
  pid_t pid_ = -1;
  int pipe_ = -1;
};

}  // namespace sluice::test
