#include "proxy/session/pipe_pool.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace sluice::session {

Pipe PipePool::take() {
  if (!free_.empty()) {
    Pipe pipe = std::move(free_.back());
    free_.pop_back();
    return pipe;
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return {};
  Pipe pipe{net::Fd(ends[0]), net::Fd(ends[1]), 0, 0};
  // Refused past the user's share of pipe memory: the kernel's default size serves as well, only
  // slower.
  ::fcntl(ends[1], F_SETPIPE_SZ, kCapacity);
  const int granted = ::fcntl(ends[1], F_GETPIPE_SZ);
  pipe.capacity = granted > 0 ? static_cast<std::uint32_t>(granted) : 4096;
  return pipe;
}

void PipePool::give_back(Pipe pipe) {
  if (pipe && pipe.held == 0 && free_.size() < kKept) free_.push_back(std::move(pipe));
}

}  // namespace sluice::session
