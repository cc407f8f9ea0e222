#include "proxy/server.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include "proxy/admin/api.h"
#include "proxy/briefing.h"
#include "proxy/control.h"

namespace sluice {

namespace {

// Signals that have no meaning here must not end the process either; those that have one wait for
// the loop that obeys them.
void prepare_signals() {
  for (const int number : {SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM}) ::signal(number, SIG_IGN);
  sigset_t obeyed;
  sigemptyset(&obeyed);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&obeyed, number);
  ::pthread_sigmask(SIG_BLOCK, &obeyed, nullptr);
}

// A descriptor 0, 1 or 2 that the caller left closed would be given to a socket, and that socket to
// whoever writes to "stderr".
void fill_standard_streams() {
  for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::dup(fd)) {
    if (fd > STDERR_FILENO) {
      ::close(fd);
      return;
    }
  }
}

// A page of thousands of instances is megabytes. Left to itself, glibc takes the first that is
// freed for a reason to carve the next ones out of its heaps, which keep what a crowd of slow
// readers has had of them at a time: as pages of their own they go back to the kernel.
void return_long_pages() {
  constexpr int kLong = 1 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kLong);
}

void print_problems(const std::vector<config::Problem>& problems) {
  for (const config::Problem& problem : problems) {
    std::fprintf(stderr, "%s\n", problem.text().c_str());
  }
}

}  // namespace

int run_server(ServerOptions options) {
  fill_standard_streams();
  prepare_signals();
  return_long_pages();
  const Briefing briefing = brief(options.load());
  print_problems(briefing.problems);
  if (!briefing.config) return 1;
  try {
    Control control(std::move(options), *briefing.config, briefing.tokens);
    admin::Gate gate([&control] { return control.tokens(); });
    admin::HttpServer api(briefing.config->admin,
                          admin::make_api(control.admin_view(), control.hub(), gate),
                          admin::make_door(gate));
    control.run(api);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sluice: %s\n", error.what());
    return 1;
  }
}

}  // namespace sluice
