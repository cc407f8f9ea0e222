// How many connections the process can carry: what RLIMIT_NOFILE allows. Control loop.
#pragma once

#include <cstdint>

#include "config/config.h"

namespace sluice {

// Raises the soft limit of open files to the hard one. Returns the limit that holds then.
std::uint64_t raise_fd_limit();

// Client connections that `fd_limit` files are enough for: two each, with room for listeners,
// pipes, checks, the log and the admin API.
std::uint32_t affordable_connections(std::uint64_t fd_limit, const config::Config& config,
                                     std::size_t workers);

// process.max_connections, or what is affordable. A number above that is taken at its word: the
// operator may know that many connections never get as far as an instance.
std::uint32_t connection_limit(const config::Config& config, std::uint64_t fd_limit,
                               std::size_t workers);

std::uint32_t worker_count(const config::Config& config);

}  // namespace sluice
