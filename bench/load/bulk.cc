#include "bench/load/bulk.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "bench/load/sockets.h"

namespace sluice::bench {

Bulk::Bulk(Poll& poll, Tally& tally, const sockaddr_in& target, std::size_t streams,
           Stream::Directions directions)
    : tally_(tally) {
  for (std::size_t n = 0; n < streams; ++n) {
    net::Fd fd = begin_connect(target, n);
    if (fd)
      streams_.push_back(std::make_unique<Stream>(poll, std::move(fd), directions, *this));
    else
      tally_.error(std::string("connect: ") + std::strerror(errno));
  }
}

bool Bulk::is_ready() const {
  return std::ranges::all_of(streams_, [](const auto& stream) { return stream->is_flowing(); });
}

void Bulk::on_end(Stream& stream, Stream::End end, int error) {
  switch (end) {
    case Stream::End::finished:
      tally_.error("closed by the other side");
      break;
    case Stream::End::failed:
      tally_.error(std::strerror(error));
      break;
    case Stream::End::wrong_bytes:
      tally_.error("wrong bytes");
      break;
  }
  std::erase_if(streams_, [&](const auto& held) { return held.get() == &stream; });
}

}  // namespace sluice::bench
