#include "proxy/client/own_thread.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace sluice::client {
namespace {

// A thread inherits the mask of the one that starts it. A fault's signal is the thread's own, and
// blocked would end the process without a word.
class SignalsHeldBack {
 public:
  SignalsHeldBack() {
    sigset_t held;
    ::sigfillset(&held);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) {
      ::sigdelset(&held, fault);
    }
    ::pthread_sigmask(SIG_SETMASK, &held, &before_);
  }
  ~SignalsHeldBack() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeldBack(const SignalsHeldBack&) = delete;
  SignalsHeldBack& operator=(const SignalsHeldBack&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

OwnThread::OwnThread()
    : process_(::getpid()), bell_(loop_, [this] {
        for (const auto& action : actions_.take_all()) action();
      }) {}

OwnThread::~OwnThread() = default;

void OwnThread::begin() {
  const SignalsHeldBack held;
  thread_ = std::thread([this] { loop_.run(); });
}

void OwnThread::end() {
  if (!thread_.joinable()) return;
  post([this] { loop_.stop(); });
  thread_.join();
}

void OwnThread::post(std::function<void()> action) {
  actions_.post(std::move(action));
  bell_.ring();
}

bool OwnThread::is_ours() const {
  return ::getpid() == process_;
}

}  // namespace sluice::client
