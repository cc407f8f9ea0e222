// One direction of a connection: bytes from one socket to the other, then the end of the stream.
//
// Small messages pass through the worker's scratch buffer: one recv, one send. When reads keep
// filling the buffer the direction is bulk and turns to splice(2), through a pipe that it owns only
// while bytes are in it. What the sink does not take at once is parked (one chunk or one pipe), and
// nothing more is read until it is gone: that is the backpressure. Order is kept: parked bytes,
// then new ones, then the end.
//
// Owned by a Relay, on the worker's thread. The destructor drops what is parked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "config/config.h"
#include "proxy/net/poller.h"
#include "proxy/session/context.h"
#include "proxy/session/pipe_pool.h"

namespace sluice::session {

class Pump {
 public:
  enum class Progress : std::uint8_t {
    waiting,        // for the source to have more or the sink to take more
    more,           // stopped by the turn's bound; there is more to do now
    finished,       // the source's end was passed on as the end of the sink's stream
    source_failed,  // the source was reset; all that came before is with the sink's kernel
    sink_failed,    // the sink was reset or gone; what was meant for it is dropped
  };

  // What one turn may move, so that a bulk stream never starves an echo.
  static constexpr std::size_t kTurnBytes = 512u << 10;

  // What went before, where it did not begin with this.
  struct Begun {
    std::uint64_t passed = 0;  // bytes that the sink's kernel has taken
    std::uint64_t left = 0;    // and that are to follow them, in `bytes` after those
    std::unique_ptr<char[]> bytes;
    bool end_read = false;    // the source's end was seen
    bool end_passed = false;  // and passed on
    int error = 0;            // errno of the source's failure
  };

  // Goes on from there. Requires: nothing was moved yet.
  void resume(Begun begun);

  // Moves what can be moved now, up to the bound. Once it has answered finished, source_failed or
  // sink_failed it stays with that answer. `is_last`: the other direction is over, so that the sink
  // will be closed as soon as this one is; that passes its end on as well as a shutdown would.
  Progress turn(net::Socket& source, net::Socket& sink, const config::Relay& relay, bool is_last,
                Context& context) {
    // The direction that an event is not about: half of all turns.
    if (has_nothing_to_do(source)) return Progress::waiting;
    return move(source, sink, relay, is_last, context);
  }

  bool is_over() const { return over_; }
  bool has_ended() const { return end_read_; }  // the source has sent its end
  bool has_parked() const { return parked_size_ != 0 || pipe_.held != 0; }
  std::uint64_t moved() const { return moved_; }      // bytes that the sink's kernel has taken
  std::uint64_t spliced() const { return spliced_; }  // of these, by splice
  int error() const { return error_; }                // errno of a failure
  void drop_parked(Context& context);

 private:
  enum class Step : std::uint8_t { go_on, wait, over };
  bool has_nothing_to_do(const net::Socket& source) const {
    return !source.readable && !end_read_ && !over_ && parked_size_ == 0 && !pipe_;
  }
  Progress move(net::Socket& source, net::Socket& sink, const config::Relay& relay, bool is_last,
                Context& context);
  Step flush(net::Socket& sink, Context& context);
  Step pull(net::Socket& source, net::Socket& sink, const config::Relay& relay, bool is_last,
            Context& context);
  Step pull_small(net::Socket& source, net::Socket& sink, const config::Relay& relay,
                  Context& context);
  Step pull_bulk(net::Socket& source, Context& context);
  Step stop(Progress verdict, int error);
  void park(const char* bytes, std::size_t size);

  std::unique_ptr<char[]> parked_;
  std::uint32_t parked_at_ = 0;
  std::uint32_t parked_size_ = 0;
  std::uint8_t full_reads_ = 0;     // in a row: the sign of bulk
  std::uint8_t small_splices_ = 0;  // in a row: the sign that bulk is over
  bool bulk_ = false;
  bool splice_refused_ = false;  // by the kernel, for this pair of sockets
  bool end_read_ = false;
  bool over_ = false;
  Progress verdict_ = Progress::waiting;
  int error_ = 0;
  Pipe pipe_;
  std::uint64_t moved_ = 0;
  std::uint64_t spliced_ = 0;
};

}  // namespace sluice::session
