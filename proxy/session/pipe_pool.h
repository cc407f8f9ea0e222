// Pipes for splice(2), kept for reuse: a direction takes one when bytes are to pass and gives it
// back as soon as it is empty, so an idle connection owns none. Belongs to one worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proxy/net/fd.h"

namespace sluice::session {

struct Pipe {
  net::Fd read;
  net::Fd write;
  std::uint32_t capacity = 0;  // bytes, as the kernel granted them
  std::uint32_t held = 0;      // bytes in it now

  explicit operator bool() const { return static_cast<bool>(read); }
};

class PipePool {
 public:
  // A larger pipe means fewer calls a byte; past a megabyte the caches no longer hold what is in
  // it.
  static constexpr std::uint32_t kCapacity = 256u << 10;
  static constexpr std::size_t kKept = 64;

  // An empty pipe; none (false) when the process is out of descriptors.
  Pipe take();
  // Takes back an empty pipe for the next one; closes a pipe that still holds bytes.
  void give_back(Pipe pipe);

 private:
  std::vector<Pipe> free_;
};

}  // namespace sluice::session
