#include "proxy/admin/inbox.h"

#include <utility>

namespace sluice::admin {

void Inbox::post(Answer answer) {
  const std::lock_guard lock(mutex_);
  if (bell_ == nullptr) return;
  mail_.answers.push_back(std::move(answer));
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

void Inbox::close() {
  const std::lock_guard lock(mutex_);
  bell_ = nullptr;
  mail_ = {};
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

bool Responder::is_awaited() const {
  return !pending_->settled;
}

}  // namespace sluice::admin
