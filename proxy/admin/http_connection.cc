#include "proxy/admin/http_connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include "proxy/admin/reply.h"
#include "registry/access/rate.h"

namespace sluice::admin {

namespace {

constexpr int kReadsPerTurn = 16;

iovec from(std::string_view bytes, std::size_t offset) {
  const std::string_view rest = bytes.substr(std::min(offset, bytes.size()));
  return {const_cast<char*>(rest.data()), rest.size()};
}

// Both in one call, so that a short reply is one segment, and a long one is never copied.
ssize_t send_rest(int fd, std::string_view head, std::string_view content, std::size_t written) {
  std::array<iovec, 2> parts = {from(head, written),
                                from(content, written - std::min(written, head.size()))};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

// Bytes that the kernel holds for a peer that has not taken them yet.
int bytes_queued(int fd) {
  int count = 0;
  ::ioctl(fd, SIOCOUTQ, &count);
  return count;
}

}  // namespace

HttpConnection::HttpConnection(Surroundings& around, std::uint64_t id) : around_(around), id_(id) {}

HttpConnection::~HttpConnection() {
  around_.poller.forget(*this);
  settle();
  if (flow_) flow_->close();
}

bool HttpConnection::open(net::Fd client, const net::SocketAddress& peer) {
  source_ = access::source_of(peer.endpoint());
  net::SocketAddress local;
  if (::getsockname(client.get(), local.get(), local.size_for_kernel()) == 0) {
    local_ = local.endpoint();
  }
  // A client that connects and says nothing has no longer than one that says half of a request.
  set_deadline(around_.settings->limits.deadline);
  return socket_.open(around_.poller, std::move(client), *this);
}

void HttpConnection::answer(Answer answered) {
  if (phase_ != Phase::asked) {
    if (answered.flow) answered.flow->close();
    return;
  }
  on_gone_ = nullptr;
  flow_ = std::move(answered.flow);
  reply(std::move(answered.reply), !keep_alive_ || flow_ != nullptr);
  tell_if_gone();
}

void HttpConnection::hold(const Responder::Pending& request, std::function<void()> on_gone) {
  if (phase_ != Phase::asked || pending_.lock().get() != &request) return on_gone();
  on_gone_ = std::move(on_gone);
  cancel();
  request_.reset();  // the wait may be long, and there may be many
  if (is_client_gone()) phase_ = Phase::gone;
  tell_if_gone();
}

void HttpConnection::pump() {
  if (phase_ == Phase::streaming) send_flow();
  tell_if_gone();
}

void HttpConnection::stop() {
  if (phase_ == Phase::reading || phase_ == Phase::asked) refuse({503, "the server stops"});
  if (phase_ == Phase::streaming) send_flow();
  if (phase_ == Phase::streaming) ::shutdown(socket_.fd(), SHUT_WR);
}

void HttpConnection::on_ready() {
  if (phase_ == Phase::idle || phase_ == Phase::reading) read_request();
  if (phase_ == Phase::asked && is_client_gone()) phase_ = Phase::gone;
  if (phase_ == Phase::streaming) stream();
  if (phase_ == Phase::writing) write();
  if (phase_ == Phase::lingering) discard_input();
  tell_if_gone();
}

// The loop may have been late itself, a long reply in the making: what came in time counts.
void HttpConnection::on_deadline() {
  look_again();
  if (!is_set()) end_in_time();
  tell_if_gone();
}

void HttpConnection::look_again() {
  if (phase_ == Phase::idle || phase_ == Phase::reading) {
    socket_.readable = true;
    read_request();
  } else if (phase_ == Phase::asked && !std::exchange(awaits_mail_, true)) {
    around_.wheel.set(*this, net::monotonic_ms());  // the answer may be in the mail
  } else if (phase_ == Phase::writing) {
    write();
  } else if (phase_ == Phase::streaming) {
    send_flow();
    if (is_blocked_ && bytes_queued(socket_.fd()) < queued_) wait_for_client();
  }
}

void HttpConnection::end_in_time() {
  switch (phase_) {
    case Phase::reading:
      return refuse({408, "the request took too long"});
    case Phase::asked:
      return refuse({503, "no answer in time"});
    case Phase::writing:
      socket_.reset();  // or the kernel would go on offering the rest of the reply
      break;
    case Phase::streaming:
      if (!is_blocked_) return;
      socket_.reset();
      break;
    default:
      break;
  }
  phase_ = Phase::gone;
}

void HttpConnection::tell_if_gone() {
  if (phase_ == Phase::gone) around_.on_gone(id_);  // destroys this
}

void HttpConnection::read_request() {
  parse();  // what was sent ahead
  for (int reads = 0; phase_ == Phase::idle || phase_ == Phase::reading; ++reads) {
    if (reads == kReadsPerTurn) return around_.poller.again(*this);
    if (!receive()) return;
    parse();
  }
}

// False when nothing has come, now or for ever.
bool HttpConnection::receive() {
  if (!socket_.readable) return false;
  const ssize_t count =
      ::recv(socket_.fd(), around_.scratch.data(), around_.scratch.size(), MSG_DONTWAIT);
  if (count > 0) {
    input_.append(around_.scratch.data(), static_cast<std::size_t>(count));
    return true;
  }
  if (count < 0 && errno == EINTR) return true;
  if (count < 0 && errno == EAGAIN) {
    socket_.readable = false;
  } else {
    phase_ = Phase::gone;
  }
  return false;
}

void HttpConnection::begin_request() {
  phase_ = Phase::reading;
  settings_ = around_.settings;
  set_deadline(settings_->limits.deadline);
  request_.emplace(settings_->limits.header.count, settings_->limits.body.count);
  has_head_ = false;
  is_head_method_ = false;
}

void HttpConnection::parse() {
  if (input_.empty()) return;
  if (phase_ == Phase::idle) begin_request();
  if (!has_head_ && is_read(&RequestReader::read_head)) accept_head();
  if (phase_ == Phase::reading && has_head_ && is_read(&RequestReader::read_body)) ask_handler();
}

bool HttpConnection::is_read(Progress (RequestReader::*part)(std::string_view&)) {
  std::string_view rest = input_;
  const Progress progress = ((*request_).*part)(rest);
  input_.erase(0, input_.size() - rest.size());
  if (progress == Progress::refused) refuse(request_->refusal());
  return progress == Progress::complete;
}

void HttpConnection::accept_head() {
  RequestHead& head = request_->head();
  has_head_ = true;
  is_head_method_ = head.request.method == "HEAD";
  if (const Objection objection = settings_->rules.check(head, local_)) return refuse(*objection);
  head.request.source = source_;
  if (head.has_body() && around_.door) {
    auto turned_away = around_.door(head.request);
    if (turned_away) return reply(std::make_shared<const Reply>(std::move(*turned_away)), true);
  }
  if (!head.expects_continue || !head.has_body() || !input_.empty()) return;
  // Nothing else is on its way to the client, so these few bytes fit into the socket.
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  ::send(socket_.fd(), kContinue.data(), kContinue.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void HttpConnection::ask_handler() {
  phase_ = Phase::asked;
  awaits_mail_ = false;
  keep_alive_ = request_->head().keep_alive;
  Request& request = request_->head().request;
  request.body = std::move(request_->body());
  auto pending = std::make_shared<Responder::Pending>(around_.inbox, id_);
  pending_ = pending;
  const Responder responder(std::move(pending));
  try {
    around_.handler(request, responder);
  } catch (...) {  // what it says may hold secrets
    responder.send(Reply::error(500, "the request could not be handled"));
  }
}

void HttpConnection::refuse(const Refusal& why) {
  reply(std::make_shared<const Reply>(Reply::error(why.status, why.message)), true);
}

// Whoever is still at work on an answer may stop.
void HttpConnection::settle() {
  if (const auto pending = pending_.lock()) pending->settled = true;
  if (const auto on_gone = std::exchange(on_gone_, {})) on_gone();
}

void HttpConnection::reply(std::shared_ptr<const Reply> reply, bool close) {
  settle();
  keep_alive_ = !close;
  const Delivery delivery{is_head_method_, close, std::time(nullptr), flow_ != nullptr};
  head_ = head_of(*reply, delivery);
  content_ = content_of(*reply, delivery);
  reply_ = std::move(reply);
  written_ = 0;
  request_.reset();
  phase_ = Phase::writing;
  set_deadline(around_.settings->limits.deadline);  // a second time: to take the whole of it
  write();
}

void HttpConnection::write() {
  while (written_ < head_.size() + content_.size()) {
    const ssize_t count = send_rest(socket_.fd(), head_, content_, written_);
    if (count >= 0) {
      written_ += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      phase_ = Phase::gone;
      return;
    }
  }
  finish_reply();
}

void HttpConnection::finish_reply() {
  head_ = {};
  content_ = {};
  reply_.reset();
  if (flow_ && !is_head_method_) {
    phase_ = Phase::streaming;
    cancel();
    return stream();
  }
  if (keep_alive_) {
    phase_ = Phase::idle;
    set_deadline(around_.settings->patience.idle);
    return around_.poller.again(*this);  // the next request, after the other clients' turns
  }
  end_side();
}

void HttpConnection::end_side() {
  if (const auto flow = std::exchange(flow_, {})) flow->close();
  ::shutdown(socket_.fd(), SHUT_WR);
  input_ = {};
  phase_ = Phase::lingering;
  set_deadline(around_.settings->patience.linger);
  discard_input();
}

// Who asks for what takes its time and then finishes its side cannot be told from one that closes.
bool HttpConnection::is_client_gone() const {
  const bool is_patient = phase_ == Phase::streaming || on_gone_ != nullptr;
  return socket_.failed || (is_patient && socket_.peer_finished);
}

void HttpConnection::stream() {
  if (is_client_gone()) {
    phase_ = Phase::gone;
  } else {
    send_flow();
  }
}

void HttpConnection::send_flow() {
  const std::uint64_t before = flow_->sent();
  switch (flow_->send_to(socket_.fd())) {
    case Flow::Sent::failed:
      phase_ = Phase::gone;
      return;
    case Flow::Sent::blocked:
      if (!std::exchange(is_blocked_, true) || flow_->sent() > before) wait_for_client();
      return;
    case Flow::Sent::all:
      is_blocked_ = false;
      cancel();
      if (flow_->is_over()) end_side();
  }
}

void HttpConnection::wait_for_client() {
  queued_ = bytes_queued(socket_.fd());
  set_deadline(around_.settings->limits.deadline);
}

void HttpConnection::discard_input() {
  for (int reads = 0; reads < kReadsPerTurn; ++reads) {
    if (!receive()) return;
    input_.clear();
  }
  around_.poller.again(*this);
}

void HttpConnection::set_deadline(std::chrono::milliseconds in) {
  around_.wheel.set(*this, net::monotonic_ms() + static_cast<std::uint64_t>(in.count()));
}

}  // namespace sluice::admin
