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
  if (!answered) inbox->post({connection, Reply::error(503, "the request was given up")});
}

void Responder::send(Reply reply) const {
  if (pending_->answered.exchange(true)) return;
  pending_->inbox->post({pending_->connection, std::move(reply)});
}

}  // namespace sluice::admin
