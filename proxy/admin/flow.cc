#include "proxy/admin/flow.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "proxy/admin/inbox.h"

namespace sluice::admin {

namespace {

constexpr std::size_t kBlocksPerCall = 16;

// Some of the blocks that wait, kept while they are being sent.
struct Batch {
  std::array<Stream::Bytes, kBlocksPerCall> blocks;
  std::array<iovec, kBlocksPerCall> parts{};
  std::size_t count = 0;

  void add(const Stream::Bytes& bytes, std::size_t from) {
    blocks[count] = bytes;
    parts[count] = {const_cast<char*>(bytes->data()) + from, bytes->size() - from};
    ++count;
  }
  ssize_t send_to(int fd) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    return ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
};

class Writer final : public Stream {
 public:
  explicit Writer(std::shared_ptr<Flow> flow) : flow_(std::move(flow)) {}
  ~Writer() override { flow_->end(); }
  void write(Bytes bytes) override { flow_->write(std::move(bytes)); }
  std::size_t backlog() const override { return flow_->backlog(); }
  bool await_drain() override { return flow_->await_drain(); }

 private:
  const std::shared_ptr<Flow> flow_;
};

}  // namespace

Flow::Flow(std::shared_ptr<Inbox> inbox, std::uint64_t connection, Stream::Events events)
    : inbox_(std::move(inbox)), connection_(connection), events_(std::move(events)) {}

void Flow::write(Stream::Bytes bytes) {
  if (bytes->empty()) return;
  {
    const std::lock_guard lock(mutex_);
    if (is_ended_ || is_closed_) return;
    backlog_ += bytes->size();
    waiting_.push_back(std::move(bytes));
    if (std::exchange(is_told_, true)) return;
  }
  tell_connection();
}

void Flow::end() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(is_ended_, true) || is_closed_) return;
  }
  tell_connection();
}

void Flow::tell_connection() {
  inbox_->post_flow(connection_);
}

std::size_t Flow::backlog() const {
  const std::lock_guard lock(mutex_);
  return backlog_;
}

bool Flow::await_drain() {
  const std::lock_guard lock(mutex_);
  if (backlog_ > 0) awaits_drain_ = true;
  return backlog_ > 0;
}

Flow::Sent Flow::send_to(int fd) {
  while (true) {
    Batch batch;
    {
      const std::lock_guard lock(mutex_);
      is_told_ = false;
      for (auto at = waiting_.begin(); at != waiting_.end() && batch.count < kBlocksPerCall; ++at) {
        batch.add(*at, batch.count == 0 ? front_sent_ : 0);
      }
    }
    if (batch.count == 0) break;
    const ssize_t count = batch.send_to(fd);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN ? Sent::blocked : Sent::failed;
    sent_ += static_cast<std::uint64_t>(count);
    const std::lock_guard lock(mutex_);
    backlog_ -= static_cast<std::size_t>(count);
    front_sent_ += static_cast<std::size_t>(count);
    while (!waiting_.empty() && front_sent_ >= waiting_.front()->size()) {
      front_sent_ -= waiting_.front()->size();
      waiting_.pop_front();
    }
  }
  tell_if_drained();
  return Sent::all;
}

void Flow::tell_if_drained() {
  {
    const std::lock_guard lock(mutex_);
    if (backlog_ > 0 || !std::exchange(awaits_drain_, false)) return;
  }
  if (events_.on_drained) events_.on_drained();
}

bool Flow::is_over() const {
  const std::lock_guard lock(mutex_);
  return is_ended_ && backlog_ == 0;
}

void Flow::close() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(is_closed_, true)) return;
    waiting_.clear();
    backlog_ = 0;
  }
  const Stream::Events events = std::exchange(events_, {});  // whatever they hold goes after it
  if (events.on_closed) events.on_closed();
}

std::unique_ptr<Stream> stream_into(std::shared_ptr<Flow> flow) {
  return std::make_unique<Writer>(std::move(flow));
}

}  // namespace sluice::admin
