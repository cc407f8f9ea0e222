#include "proxy/session/pump.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "proxy/net/transfer.h"

namespace sluice::session {

namespace {

constexpr std::uint8_t kFullReadsForBulk = 2;
constexpr std::uint8_t kSmallSplicesForEnd = 4;
constexpr ssize_t kSmallSplice = 16 << 10;

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

// May a read that came back short be taken for the last one until the next event? Not once the peer
// has finished or failed (the end is yet to be read, and no event will tell again), nor with urgent
// data about, at whose mark every read stops.
bool ends_at_short_read(const net::Socket& source) {
  return !source.peer_finished && !source.failed && !source.urgent;
}

}  // namespace

void Pump::resume(Begun begun) {
  moved_ = begun.passed;
  end_read_ = begun.end_read;
  if (begun.error != 0) {
    stop(Progress::source_failed, begun.error);
  } else if (begun.end_passed) {
    stop(Progress::finished, 0);
  } else if (begun.left != 0) {
    parked_ = std::move(begun.bytes);
    parked_at_ = static_cast<std::uint32_t>(begun.passed);
    parked_size_ = static_cast<std::uint32_t>(begun.left);
  }
}

Pump::Progress Pump::move(net::Socket& source, net::Socket& sink, const config::Relay& relay,
                          bool is_last, Context& context) {
  const std::uint64_t bound = moved_ + kTurnBytes;
  while (!over_) {
    Step step = flush(sink, context);
    if (step == Step::go_on) step = pull(source, sink, relay, is_last, context);
    if (step == Step::wait) return Progress::waiting;
    if (step == Step::go_on && moved_ >= bound) return Progress::more;
  }
  return verdict_;
}

Pump::Step Pump::stop(Progress verdict, int error) {
  over_ = true;
  verdict_ = verdict;
  error_ = error;
  return Step::over;
}

// Sends on what is parked. go_on: nothing is parked any more.
Pump::Step Pump::flush(net::Socket& sink, Context& context) {
  while (parked_size_ != 0 || pipe_.held != 0) {
    if (!sink.writable) return Step::wait;
    const bool from_pipe = parked_size_ == 0;
    if (moved_ != 0) sink.before_another_write();
    const ssize_t sent = from_pipe
                             ? ::splice(pipe_.read.get(), nullptr, sink.fd(), nullptr, pipe_.held,
                                        SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
                             : net::transmit(sink.fd(), parked_.get() + parked_at_, parked_size_);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (would_block(errno)) {
        sink.writable = false;
        return Step::wait;
      }
      const int error = errno;
      drop_parked(context);
      return stop(Progress::sink_failed, error);
    }
    const auto count = static_cast<std::uint32_t>(sent);
    sink.after_write();
    moved_ += count;
    if (from_pipe) {
      pipe_.held -= count;
      spliced_ += count;
    } else {
      parked_at_ += count;
      parked_size_ -= count;
    }
  }
  parked_.reset();
  return Step::go_on;
}

// Requires: nothing is parked.
Pump::Step Pump::pull(net::Socket& source, net::Socket& sink, const config::Relay& relay,
                      bool is_last, Context& context) {
  if (end_read_) {
    if (pipe_) context.pipes.give_back(std::exchange(pipe_, Pipe{}));
    if (!is_last && ::shutdown(sink.fd(), SHUT_WR) != 0) {
      return stop(Progress::sink_failed, errno);
    }
    return stop(Progress::finished, 0);
  }
  if (!source.readable || !sink.writable) {
    if (pipe_) context.pipes.give_back(std::exchange(pipe_, Pipe{}));
    return Step::wait;
  }
  if (bulk_ && !source.urgent && relay.splice != config::SpliceMode::off && !splice_refused_) {
    if (!pipe_) pipe_ = context.pipes.take();
    if (pipe_) return pull_bulk(source, context);
  }
  return pull_small(source, sink, relay, context);
}

Pump::Step Pump::pull_small(net::Socket& source, net::Socket& sink, const config::Relay& relay,
                            Context& context) {
  const auto wanted = static_cast<std::size_t>(relay.buffer.count);
  context.scratch.reserve(wanted);
  char* bytes = context.scratch.bytes.get();
  const ssize_t got = net::receive(source.fd(), bytes, wanted);
  if (got < 0) {
    if (errno == EINTR) return Step::go_on;
    if (!would_block(errno)) return stop(Progress::source_failed, errno);
    source.readable = false;
    full_reads_ = 0;
    return Step::wait;
  }
  if (got == 0) {
    end_read_ = true;
    return Step::go_on;
  }
  const auto size = static_cast<std::size_t>(got);
  if (size < wanted) {
    full_reads_ = 0;
    if (ends_at_short_read(source)) source.readable = false;
  } else if (++full_reads_ >= kFullReadsForBulk) {
    full_reads_ = 0;
    small_splices_ = 0;
    bulk_ = true;
  }
  // Straight on, without waiting for an event that says the sink is writable.
  if (moved_ != 0) sink.before_another_write();
  const ssize_t sent = net::transmit(sink.fd(), bytes, size);
  if (sent < 0 && !would_block(errno) && errno != EINTR) return stop(Progress::sink_failed, errno);
  const std::size_t taken = sent > 0 ? static_cast<std::size_t>(sent) : 0;
  if (taken != 0) sink.after_write();
  moved_ += taken;
  if (taken < size) {
    park(bytes + taken, size - taken);
    sink.writable = sent < 0 && errno == EINTR;
  }
  return Step::go_on;
}

// The pipe is empty here, so EAGAIN can only mean that the source has nothing.
Pump::Step Pump::pull_bulk(net::Socket& source, Context& context) {
  const ssize_t got = ::splice(source.fd(), nullptr, pipe_.write.get(), nullptr, pipe_.capacity,
                               SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (got > 0) {
    pipe_.held = static_cast<std::uint32_t>(got);
    small_splices_ = got < kSmallSplice ? static_cast<std::uint8_t>(small_splices_ + 1) : 0;
    if (small_splices_ >= kSmallSplicesForEnd) bulk_ = false;
    return Step::go_on;
  }
  const int error = errno;
  if (got < 0 && error == EINTR) return Step::go_on;
  context.pipes.give_back(std::exchange(pipe_, Pipe{}));
  if (got == 0) {
    end_read_ = true;
    return Step::go_on;
  }
  if (would_block(error)) {
    // An urgent mark looks the same, and its event may be on its way: recv() tells the two apart.
    source.readable = source.urgent;
    return source.urgent ? Step::go_on : Step::wait;
  }
  if (error == EINVAL || error == ENOSYS) {
    splice_refused_ = true;
    return Step::go_on;
  }
  return stop(Progress::source_failed, error);
}

void Pump::park(const char* bytes, std::size_t size) {
  parked_ = std::make_unique_for_overwrite<char[]>(size);
  std::memcpy(parked_.get(), bytes, size);
  parked_at_ = 0;
  parked_size_ = static_cast<std::uint32_t>(size);
}

void Pump::drop_parked(Context& context) {
  parked_.reset();
  parked_size_ = 0;
  if (pipe_) context.pipes.give_back(std::exchange(pipe_, Pipe{}));
}

}  // namespace sluice::session
