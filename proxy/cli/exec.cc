#include "proxy/cli/exec.h"

#include <csignal>
#include <memory>
#include <ostream>
#include <utility>

#include "config/units.h"
#include "proxy/cli/child.h"
#include "proxy/cli/port_watch.h"
#include "proxy/client/lease_keeper.h"

namespace sluice::cli {
namespace {

using config::Duration;

constexpr std::uint64_t kNoteSilenceMs = 10'000;
constexpr Duration kPatience{2'000};  // with a registry that does not answer, while we are to end

// One program's life, from its start to its exit code.
class Run final : net::Pollable {
 public:
  // Starts the program. Throws Child::NotStarted.
  Run(const client::AdminAddress& where, const ExecRequest& request, std::ostream& err)
      : request_(request),
        err_(err),
        signals_(watched_signals()),
        child_(request.program),
        lease_(loop_, transfers_, where, request.instance,
               [this](const std::string& line) { say(line); }) {
    end_.open(poller_, child_.end(), *this);  // where the kernel can tell; else by SIGCHLD alone
  }

  int run() {
    port_ = std::make_unique<PortWatch>(loop_, poller_, wheel_, request_.listens,
                                        request_.look_every, [this] { on_listening(); });
    silence_.start(kNoteSilenceMs);
    loop_.run();
    return exit_code_;
  }

 private:
  using Signals = std::vector<std::unique_ptr<net::Signal>>;

  Signals watched_signals() {
    Signals signals;
    const auto watch = [&](int number, std::function<void()> raised) {
      signals.push_back(std::make_unique<net::Signal>(loop_, number, std::move(raised)));
    };
    for (const int number : {SIGTERM, SIGINT, SIGQUIT}) {
      watch(number, [this, number] { on_stop(number); });
    }
    for (const int number : {SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT}) {
      if (number == SIGHUP && ignores_hangup()) continue;
      watch(number, [this, number] { child_.signal(number); });
    }
    watch(SIGCHLD, [this] { reap(); });
    ::signal(SIGPIPE, SIG_IGN);  // whoever reads our messages may go; the program stays
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    return signals;
  }

  void on_listening() {
    end_wait_for_port();
    lease_.take();
  }

  void on_silence() { say("nobody listens on " + request_.listens.text() + " yet"); }

  void end_wait_for_port() {
    silence_.stop();
    port_.reset();
  }

  void on_stop(int number) {
    if (has_ended_) return loop_.stop();
    end_wait_for_port();
    const bool is_first = !std::exchange(is_stopping_, true);
    if (!is_first || !lease_.may_be_held()) return pass_on(number);
    if (request_.drain > Duration()) {
      say("draining for at most " + config::text(request_.drain) + " before the program is told");
    }
    lease_.leave(request_.drain, kPatience, [this, number] {
      if (!is_told_) pass_on(number);
    });
  }

  void pass_on(int number) {
    is_told_ = true;
    child_.signal(number);
  }

  void on_ready() override {
    reap();
    end_.close();
  }

  void reap() {
    if (const auto code = child_.reap(); code && !has_ended_) on_ended(*code);
  }

  void on_ended(int exit_code) {
    has_ended_ = true;
    exit_code_ = exit_code;
    end_wait_for_port();
    if (!lease_.may_be_held()) return loop_.stop();
    lease_.leave(Duration(), kPatience, [this] { loop_.stop(); });
  }

  void say(const std::string& line) { err_ << "sluice: " + line + "\n" << std::flush; }

  const ExecRequest& request_;
  std::ostream& err_;
  net::Loop loop_;
  const Signals signals_;
  Child child_;  // before libcurl has opened sockets, which are not close-on-exec
  net::Poller poller_{loop_};
  net::Watch end_;  // of the child
  net::Wheel wheel_{loop_};
  health::Transfers transfers_{loop_};
  net::Timer silence_{loop_, [this] { on_silence(); }};
  std::unique_ptr<PortWatch> port_;
  client::LeaseKeeper lease_;
  bool is_stopping_ = false;  // a signal to end has come
  bool is_told_ = false;      // one was passed on
  bool has_ended_ = false;
  int exit_code_ = 0;
};

}  // namespace

int run_exec(const client::AdminAddress& where, const ExecRequest& request, std::ostream& err) {
  try {
    return Run(where, request, err).run();
  } catch (const Child::NotStarted& error) {
    err << "sluice: " << error.what() << '\n';
    return error.exit_code;
  }
}

}  // namespace sluice::cli
