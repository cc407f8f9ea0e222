// What the kernel says of a process and of its sockets.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace sluice::test {

std::size_t count_fds(pid_t pid);
std::size_t fd_table_size(pid_t pid);  // files that fit without the kernel's making it larger
std::size_t count_pipes(pid_t pid);    // ends of pipes among them
std::size_t count_threads(pid_t pid);
std::vector<std::string> thread_names(pid_t pid);
std::uint64_t resident_bytes(pid_t pid);
std::chrono::nanoseconds cpu_time(pid_t pid);  // of all its threads, so far

// Descriptors of the process that an exec would hand on.
std::vector<std::string> fds_without_cloexec(pid_t pid);

// An IPv4 TCP socket that some process holds. `state` is the kernel's number: 1 established, 2 SYN
// sent, 8 CLOSE_WAIT, 10 listening.
struct TcpSocket {
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  int state = 0;
  std::uint64_t inode = 0;
};
inline constexpr int kSynSent = 2;
inline constexpr int kCloseWait = 8;
inline constexpr int kListening = 10;

std::vector<TcpSocket> tcp_sockets();           // of the whole network namespace
std::vector<TcpSocket> tcp_sockets(pid_t pid);  // of one process

}  // namespace sluice::test
