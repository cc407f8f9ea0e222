#include "proxy/client/watch_keeper.h"

#include <utility>

namespace sluice::client {
namespace {

constexpr std::uint64_t kLasts = 5'000;  // a stream that did so was none that fails at once
constexpr std::uint64_t kPauseBeforeAllAnewMs = 1'000;

}  // namespace

WatchKeeper::WatchKeeper(net::Loop& loop, health::Transfers& transfers,
                         const AdminAddress& registry, std::string service, std::string selector,
                         std::string last_id, Told told)
    : loop_(loop),
      transfers_(transfers),
      service_(std::move(service)),
      selector_(std::move(selector)),
      last_id_(std::move(last_id)),
      told_(std::move(told)),
      client_(registry),
      next_(loop, [this] { ask(); }) {}

WatchKeeper::~WatchKeeper() {
  abandon();
}

void WatchKeeper::begin() {
  next_.start(0);
}

void WatchKeeper::ask() {
  abandon();
  if (begins_anew_) last_id_.clear();
  begins_anew_ = false;
  stream_.emplace(client_, [this](const ServerEvent& event) { on_event(event); }, told_.heard);
  handle_ = stream_->begin(watch_target(service_, selector_, last_id_));
  asked_ms_ = loop_.now_ms();
  transfers_.add(handle_, *this);
}

void WatchKeeper::abandon() {
  if (handle_ != nullptr) transfers_.remove(std::exchange(handle_, nullptr));
}

void WatchKeeper::on_event(const ServerEvent& event) {
  if (begins_anew_) return;
  if (told_.event(event)) {
    last_id_ = event.id;
    return;
  }
  begins_anew_ = true;
  told_.lost("the registry says what cannot be understood");
  next_.start(kPauseBeforeAllAnewMs);
}

void WatchKeeper::on_done(CURLcode result) {
  abandon();
  const Answer answer = stream_->end(result);
  if (!begins_anew_) {
    told_.lost(answer.is_success() ? "the watch has ended" : trouble_of(answer));
  }
  if (loop_.now_ms() - asked_ms_ >= kLasts) pauses_.reset();
  next_.start(pauses_.next_ms(answer));
}

}  // namespace sluice::client
