#include "proxy/admin/inbox.h"

#include <utility>

namespace sluice::admin {

bool Inbox::post(Answer answer) {
  const std::lock_guard lock(mutex_);
  if (bell_ == nullptr) return false;
  mail_.answers.push_back(std::move(answer));
  ring();
  return true;
}

void Inbox::post(Hold hold) {
  const std::lock_guard lock(mutex_);
  if (bell_ == nullptr) return;
  mail_.holds.push_back(std::move(hold));
  ring();
}

void Inbox::post_flow(std::uint64_t connection) {
  const std::lock_guard lock(mutex_);
  if (bell_ == nullptr) return;
  mail_.flows.push_back(connection);
  ring();
}

void Inbox::post(std::shared_ptr<const Settings> settings) {
  const std::lock_guard lock(mutex_);
  mail_.settings = std::move(settings);
  ring();
}

void Inbox::post_stop() {
  const std::lock_guard lock(mutex_);
  mail_.stop = true;
  ring();
}

void Inbox::ring() {
  if (bell_ != nullptr) bell_->ring();
}

void Inbox::open(net::Bell& bell) {
  const std::lock_guard lock(mutex_);
  bell_ = &bell;
}

Mail Inbox::close() {
  const std::lock_guard lock(mutex_);
  bell_ = nullptr;
  return std::exchange(mail_, {});
}

Mail Inbox::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(mail_, {});
}

Responder::Pending::~Pending() {
  if (settled) return;
  inbox->post(
      {connection, std::make_shared<const Reply>(Reply::error(503, "the request was given up"))});
}

void Responder::send(Reply reply) const {
  send(std::make_shared<const Reply>(std::move(reply)));
}

void Responder::send(std::shared_ptr<const Reply> reply) const {
  if (pending_->settled.exchange(true)) return;
  pending_->inbox->post({pending_->connection, std::move(reply)});
}

std::unique_ptr<Stream> Responder::stream(Reply head, Stream::Events events) const {
  if (pending_->settled.exchange(true)) return nullptr;
  auto flow = std::make_shared<Flow>(pending_->inbox, pending_->connection, std::move(events));
  const bool is_served = pending_->inbox->post(
      {pending_->connection, std::make_shared<const Reply>(std::move(head)), flow});
  return is_served ? stream_into(std::move(flow)) : nullptr;
}

void Responder::hold(std::function<void()> on_gone) const {
  pending_->inbox->post(Hold{pending_, std::move(on_gone)});
}

bool Responder::is_awaited() const {
  return !pending_->settled;
}

}  // namespace sluice::admin
