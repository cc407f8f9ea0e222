// What runs through a Stream: bytes from any thread, which the connection sends from its own.
//
// Shared by the Stream that writes and the connection that sends, so that either may go first. A
// lock is held to put bytes in a queue, or to look at its front; the bytes themselves are shared,
// never copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include "proxy/admin/stream.h"

namespace sluice::admin {

class Inbox;

class Flow {
 public:
  // `connection`: whom the inbox is to tell of bytes that wait.
  Flow(std::shared_ptr<Inbox> inbox, std::uint64_t connection, Stream::Events events);
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  // The writer's; any thread. See Stream. After close() they do nothing.
  void write(Stream::Bytes bytes);
  void end();
  std::size_t backlog() const;
  bool await_drain();

  // The rest is the connection's.
  enum class Sent : std::uint8_t { all, blocked, failed };
  // As much as the socket takes. Tells on_drained.
  Sent send_to(int fd);
  std::uint64_t sent() const { return sent_; }  // bytes so far
  bool is_over() const;                         // ended, and all of it sent
  void close();                                 // drops what waits and tells on_closed; once

 private:
  void tell_if_drained();
  void tell_connection();

  const std::shared_ptr<Inbox> inbox_;
  const std::uint64_t connection_;
  Stream::Events events_;     // the connection's
  std::uint64_t sent_ = 0;    // likewise
  mutable std::mutex mutex_;  // for what follows
  std::deque<Stream::Bytes> waiting_;
  std::size_t front_sent_ = 0;  // of the first that waits
  std::size_t backlog_ = 0;
  bool is_told_ = false;  // the connection, and it has not looked yet
  bool awaits_drain_ = false;
  bool is_ended_ = false;
  bool is_closed_ = false;
};

// The writer's end of a flow.
std::unique_ptr<Stream> stream_into(std::shared_ptr<Flow> flow);

}  // namespace sluice::admin
