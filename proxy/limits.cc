#include "proxy/limits.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <thread>

namespace sluice {

namespace {

std::uint64_t raise_fd_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit wanted{limit.rlim_max, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &wanted) == 0) limit = wanted;
  }
  return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<std::uint32_t>::max()
                                         : limit.rlim_cur;
}

}  // namespace

std::uint64_t make_room_for_fds() {
  constexpr std::uint64_t kMostAtOnce = 262'144;
  const std::uint64_t limit = raise_fd_limit();
  const auto last = static_cast<int>(std::min(limit, kMostAtOnce)) - 1;
  const int copy = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, last);
  if (copy >= 0) ::close(copy);
  return limit;
}

std::uint32_t affordable_connections(std::uint64_t fd_limit, const config::Config& config,
                                     std::size_t workers) {
  constexpr std::uint64_t kBase = 64;         // log, loops, signals, libraries
  constexpr std::uint64_t kEachWorker = 160;  // epoll sets, wake-ups, and 64 pooled pipes
  constexpr std::uint64_t kChecks = 512;      // probes under way
  std::uint64_t listeners = 0;
  std::uint64_t checked = 0;
  for (const config::Listener& listener : config.listeners) listeners += listener.bind.size();
  for (const config::Service& service : config.services) checked += service.instances.size();
  const std::uint64_t reserved = kBase + kEachWorker * workers + listeners * workers +
                                 config.admin.limits.connections + std::min(kChecks, checked);
  // On a tight limit the reserve must not eat all of it.
  const std::uint64_t left = fd_limit > 2 * reserved ? fd_limit - reserved : fd_limit / 2;
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(left / 2, 1, std::numeric_limits<std::uint32_t>::max()));
}

std::uint32_t connection_limit(const config::Config& config, std::uint64_t fd_limit,
                               std::size_t workers) {
  if (config.process.max_connections.count) return *config.process.max_connections.count;
  return affordable_connections(fd_limit, config, workers);
}

std::uint32_t worker_count(const config::Config& config) {
  if (config.process.workers.count) return *config.process.workers.count;
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace sluice
