#include "proxy/server.h"

#include <signal.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <list>
#include <optional>
#include <stdexcept>
#include <utility>

#include "proxy/admin/api.h"
#include "proxy/control.h"

namespace sluice {

namespace {

// Signals that have no meaning here must not end the process either.
void ignore_signals() {
  for (const int number : {SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM}) ::signal(number, SIG_IGN);
}

void print_problems(const std::vector<config::Problem>& problems) {
  for (const config::Problem& problem : problems) {
    std::fprintf(stderr, "%s\n", problem.text().c_str());
  }
}

}  // namespace

int run_server(ServerOptions options) {
  ignore_signals();
  const config::Loaded loaded = options.load();
  print_problems(loaded.problems);
  if (!loaded.config) return 1;
  try {
    Control control(std::move(options), *loaded.config);
    admin::HttpServer api(loaded.config->admin, admin::make_api(control.admin_view()));
    control.run(api);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sluice: %s\n", error.what());
    return 1;
  }
}

}  // namespace sluice
