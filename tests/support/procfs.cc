#include "tests/support/procfs.h"

#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>

#include "tests/support/process.h"
#include "tests/support/socket.h"

namespace sluice::test {
namespace {

std::string directory_of(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

// The names in /proc/PID/fd. A process that has gone has none.
std::vector<std::string> fds(pid_t pid) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory_of(pid) + "/fd", error), end;
       !error && it != end; it.increment(error))
    names.push_back(it->path().filename().string());
  return names;
}

// What a descriptor stands for: "socket:[123]", "pipe:[124]", "/dev/null".
std::string target_of(pid_t pid, const std::string& fd) {
  std::error_code error;
  return std::filesystem::read_symlink(directory_of(pid) + "/fd/" + fd, error).string();
}

std::set<std::uint64_t> socket_inodes(pid_t pid) {
  std::set<std::uint64_t> inodes;
  for (const std::string& fd : fds(pid)) {
    const std::string target = target_of(pid, fd);
    if (target.starts_with("socket:[")) inodes.insert(std::stoull(target.substr(8)));
  }
  return inodes;
}

// "0100007F:1F90" -> 8080
std::uint16_t port_in(const std::string& address) {
  return static_cast<std::uint16_t>(std::stoul(address.substr(address.find(':') + 1), nullptr, 16));
}

// A question and its answers in the words of sock_diag(7), which passes over those that are in
// TIME_WAIT: a busy suite leaves tens of thousands, and /proc lists them all. Nothing where the
// kernel has no such thing.
std::optional<std::vector<TcpSocket>> told_by_diag() {
  const Fd netlink(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  struct {
    nlmsghdr head;
    inet_diag_req_v2 wanted;
  } question{};
  question.head.nlmsg_len = sizeof question;
  question.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  question.wanted.sdiag_family = AF_INET;
  question.wanted.sdiag_protocol = IPPROTO_TCP;
  question.wanted.idiag_states = ~(1u << TCP_TIME_WAIT);
  if (::send(netlink.get(), &question, sizeof question, 0) != sizeof question) return std::nullopt;

  std::vector<TcpSocket> sockets;
  char answers[32'768];
  for (;;) {
    const auto size = ::recv(netlink.get(), answers, sizeof answers, 0);
    if (size <= 0) return std::nullopt;
    nlmsghdr head;
    for (const char* at = answers; at < answers + size; at += NLMSG_ALIGN(head.nlmsg_len)) {
      std::memcpy(&head, at, sizeof head);
      if (head.nlmsg_type == NLMSG_DONE) return sockets;
      if (head.nlmsg_type == NLMSG_ERROR) return std::nullopt;
      inet_diag_msg told;
      std::memcpy(&told, at + NLMSG_HDRLEN, sizeof told);
      if (told.idiag_inode == 0) continue;
      sockets.push_back({.local_port = ntohs(told.id.idiag_sport),
                         .remote_port = ntohs(told.id.idiag_dport),
                         .state = told.idiag_state,
                         .inode = told.idiag_inode});
    }
  }
}

std::vector<TcpSocket> told_by_table() {
  std::vector<TcpSocket> sockets;
  std::ifstream table("/proc/net/tcp");
  std::string line;
  std::getline(table, line);  // headings
  while (std::getline(table, line)) {
    std::istringstream columns(line);
    std::string slot, local, remote, state, queues, timer, retransmits, user, timeout;
    TcpSocket socket;
    columns >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >>
        timeout >> socket.inode;
    if (socket.inode == 0) continue;
    socket.local_port = port_in(local);
    socket.remote_port = port_in(remote);
    socket.state = std::stoi(state, nullptr, 16);
    sockets.push_back(socket);
  }
  return sockets;
}

}  // namespace

std::size_t count_fds(pid_t pid) {
  return fds(pid).size();
}

std::size_t count_threads(pid_t pid) {
  const auto tasks = std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

std::vector<std::string> thread_names(pid_t pid) {
  std::vector<std::string> names;
  for (const auto& task : std::filesystem::directory_iterator(directory_of(pid) + "/task")) {
    std::ifstream comm(task.path() / "comm");
    std::getline(comm, names.emplace_back());
  }
  return names;
}

std::size_t count_pipes(pid_t pid) {
  const std::vector<std::string> all = fds(pid);
  const auto count = std::ranges::count_if(
      all, [&](const std::string& fd) { return target_of(pid, fd).starts_with("pipe:"); });
  return static_cast<std::size_t>(count);
}

std::size_t fd_table_size(pid_t pid) {
  const std::string status = read_file(directory_of(pid) + "/status");
  constexpr std::string_view kField = "\nFDSize:";
  const std::size_t at = status.find(kField);
  return at == std::string::npos ? 0 : std::stoul(status.substr(at + kField.size()));
}

std::uint64_t resident_bytes(pid_t pid) {
  std::istringstream statm(read_file(directory_of(pid) + "/statm"));
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::chrono::nanoseconds cpu_time(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::vector<std::string> fds_without_cloexec(pid_t pid) {
  std::vector<std::string> found;
  for (const std::string& fd : fds(pid)) {
    if (std::stoi(fd) <= STDERR_FILENO) continue;
    const std::string info = read_file(directory_of(pid) + "/fdinfo/" + fd);
    const auto flags = info.find("flags:");
    if (flags == std::string::npos) continue;  // closed meanwhile
    if ((std::stoul(info.substr(flags + 6), nullptr, 8) & O_CLOEXEC) != 0) continue;
    found.push_back(fd + " " + target_of(pid, fd));
  }
  return found;
}

std::vector<TcpSocket> tcp_sockets() {
  if (auto sockets = told_by_diag()) return *std::move(sockets);
  return told_by_table();
}

std::vector<TcpSocket> tcp_sockets(pid_t pid) {
  const std::set<std::uint64_t> own = socket_inodes(pid);
  std::vector<TcpSocket> sockets = tcp_sockets();
  std::erase_if(sockets, [&](const TcpSocket& socket) { return !own.contains(socket.inode); });
  return sockets;
}

}  // namespace sluice::test
