// A reply without an end in sight: after its head, bytes follow as they come to be, until either
// side has enough. An interface, so that those who write streams are tested without a socket.
//
// Made by Responder::stream(); owned by whoever writes. Destroying it ends the reply: what was
// written still goes out, then the connection is closed. On the wire the end of the connection is
// the end of the body (RFC 9112, 6.3, rule 8) and not a chunk: it is what HTTP/1.0 knows as well,
// the bytes of one block are the same for every client, and what we stream, server-sent events,
// marks the end of each event itself, so that nothing is gained from telling a cut from an end.
//
// A client has no deadline but one: when it takes nothing for admin.limits.deadline while bytes
// wait for it, its connection is reset. One that goes away, or finishes its own side, is noticed at
// once; nothing is sent to it any more.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace sluice::admin {

class Stream {
 public:
  using Bytes = std::shared_ptr<const std::string>;  // many streams may carry the same

  // Called on the transport's thread (once that has ended, on the one that destroys the server);
  // must not block. One may still be under way on that thread when the Stream has been destroyed,
  // so they are to hold what they use. Each may be empty.
  struct Events {
    std::function<void()> on_drained;  // what await_drain() asked for
    // Nothing can be sent any more: the client has gone, was reset, or the stream was ended and all
    // of it sent, or the server stops. Once, and nothing after it.
    std::function<void()> on_closed;
  };

  Stream() = default;
  virtual ~Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Appends. Never blocks and never refuses: it is for the writer to look at the backlog. Any
  // thread; one at a time, if the order matters.
  virtual void write(Bytes bytes) = 0;
  // Bytes that were written and that the kernel has not taken yet. Any thread.
  virtual std::size_t backlog() const = 0;
  // Has on_drained called once, when the backlog is down to nothing. False: it is so already, and
  // no call comes. Any thread.
  virtual bool await_drain() = 0;
};

}  // namespace sluice::admin
