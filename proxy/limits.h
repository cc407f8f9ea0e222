// How many connections the process can carry: what RLIMIT_NOFILE allows. Control loop.
#pragma once

#include <cstdint>

#include "config/config.h"

namespace sluice {

// Raises the soft limit of open files to the hard one, and makes the kernel's table of them that
// large at once, though no larger than for 262 144 (2 MiB). Returns the limit that holds then.
//
// A table that grows while the process has more threads than one keeps whoever opens the file that
// does not fit waiting for an RCU grace period (expand_fdtable() in Linux's fs/file.c): a worker
// with all its connections, for 10 ms and more, at 64 files, 128, 256 and so on. So this is best
// called before there are others. Where the kernel refuses, the table grows as it needs to.
std::uint64_t make_room_for_fds();

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
