#include "proxy/client/lease_keeper.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/printable.h"
#include "config/units.h"
#include "proxy/client/fields.h"

namespace sluice::client {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kEnrollWithin{5'000};
constexpr milliseconds kBeatWithin{2'000};
constexpr milliseconds kAnswerAfterDrain{5'000};
constexpr std::uint64_t kPeriodWithoutLease = 10'000;  // to notice that the registry has forgotten
constexpr std::uint64_t kShortestPeriod = 100;

json body_of(const Answer& answer) {
  return json::parse(answer.body, nullptr, false);
}

bool has_code(const Answer& answer, long status, const char* code) {
  if (!answer.failure.empty() || answer.status != status) return false;
  const json body = body_of(answer);
  return body.is_object() && body.contains("error") && text_at(body["error"], "code") == code;
}

// Done, though the registry could not write it down.
bool is_not_durable(const Answer& answer) {
  return has_code(answer, 503, "not_durable");
}

// Another process has the id.
bool is_anothers(const Answer& answer) {
  return has_code(answer, 409, "older_incarnation") || has_code(answer, 409, "exists");
}

bool is_done(const Answer& answer) {
  return answer.is_success() || is_not_durable(answer);
}

}  // namespace

LeaseKeeper::LeaseKeeper(net::Loop& loop, health::Transfers& transfers,
                         const AdminAddress& registry, Announcement said, Say say, Show show)
    : loop_(loop),
      said_(std::move(said)),
      name_(config::one_line(said_.service + "/" + said_.id)),
      say_(std::move(say)),
      show_(std::move(show)),
      call_(transfers, registry),
      next_(loop, [this] { go_on(); }),
      period_ms_(kPeriodWithoutLease) {}

void LeaseKeeper::take() {
  enroll();
}

bool LeaseKeeper::may_be_held() const {
  return may_be_held_ || (stage_ == Stage::registering && call_.is_under_way());
}

void LeaseKeeper::go_on() {
  switch (stage_) {
    case Stage::idle:
      break;
    case Stage::registering:
      return enroll();
    case Stage::holding:
      return beat();
    case Stage::leaving:
      return depart();
  }
}

void LeaseKeeper::enroll() {
  stage_ = Stage::registering;
  has_news_ = news_.load.has_value();  // the rest of it is part of a registration
  AdminRequest request = registration_of(said_, true, standing_.is_superseded);
  request.within = kEnrollWithin;
  call_.start(request, [this](const Answer& answer) { on_enrolled(answer); });
}

void LeaseKeeper::on_enrolled(const Answer& answer) {
  if (is_done(answer) || (answer.was_sent && is_passing(answer))) may_be_held_ = true;
  if (stage_ == Stage::leaving) {
    learn_from(answer);
    return depart();
  }
  if (is_anothers(answer)) return on_superseded(answer);
  if (!is_done(answer)) {
    tell_trouble(answer);
    return next_.start(pauses_.next_ms(answer));
  }
  stage_ = Stage::holding;
  pauses_.reset();
  standing_ = {};
  standing_.is_registered = true;
  learn_from(answer);
  const std::string ttl = text_at(body_of(answer), "ttl");
  say_("registered " + name_ + (ttl.empty() ? "" : ", ttl " + config::one_line(ttl)));
  show();
  next_.start(has_news_ ? news_delay_ms() : beat_delay_ms());
}

void LeaseKeeper::tell(const News& news) {
  if (news.weight) said_.weight = news_.weight = news.weight;
  if (news.load) news_.load = news.load;
  if (!news.status.empty()) said_.status = news_.status = news.status;
  has_news_ = true;
  const bool may_hasten =
      stage_ == Stage::holding && pauses_.is_reset() && !standing_.is_superseded;
  if (may_hasten && !call_.is_under_way()) next_.start(news_delay_ms());
}

void LeaseKeeper::beat() {
  Report report = news_;
  report.service = said_.service;
  report.id = said_.id;
  report.incarnation = incarnation_;
  has_news_ = false;
  reported_ms_ = loop_.now_ms();
  AdminRequest request = heartbeat_of(report);
  request.within = kBeatWithin;
  call_.start(request, [this](const Answer& answer) { on_beaten(answer); });
}

void LeaseKeeper::on_beaten(const Answer& answer) {
  if (is_done(answer)) {
    pauses_.reset();
    tell_end_of_trouble();
    learn_from(answer);
    show();
    return next_.start(has_news_ ? news_delay_ms() : beat_delay_ms());
  }
  if (is_anothers(answer)) return on_superseded(answer);
  if (answer.status == 404) {
    may_be_held_ = standing_.is_registered = false;
    stage_ = Stage::registering;
    show();
    if (standing_.is_superseded) return next_.start(3 * period_ms_);
    say_(name_ + " is not registered any more; registering it again");
    incarnation_.reset();
    return next_.start(pauses_.next_ms());
  }
  tell_trouble(answer);
  const std::uint64_t pause_ms = pauses_.next_ms();
  next_.start(is_passing(answer) ? std::min(pause_ms, period_ms_)
                                 : std::max(pause_ms, beat_delay_ms()));
}

void LeaseKeeper::on_superseded(const Answer& answer) {
  stage_ = Stage::holding;
  may_be_held_ = standing_.is_registered = false;
  standing_.is_superseded = true;
  incarnation_ = 0;  // nobody's: a registry that was restarted might give our old one to another
  tell_trouble(answer);
  next_.start(beat_delay_ms());
}

void LeaseKeeper::leave(config::Duration drain, config::Duration patience,
                        std::function<void()> done) {
  left_ = std::move(done);
  drain_ = drain;
  gives_up_ms_ = loop_.now_ms() + static_cast<std::uint64_t>(patience.count());
  const bool is_being_enrolled = std::exchange(stage_, Stage::leaving) == Stage::registering;
  // Abandoned, a registration might come into effect after we have left.
  if (is_being_enrolled && call_.is_under_way()) return;
  next_.start(0);
}

void LeaseKeeper::depart() {
  if (!may_be_held_) return finish_leaving();
  AdminRequest request = departure_of({.service = said_.service,
                                       .id = said_.id,
                                       .drain = drain_,
                                       .wait = drain_ > config::Duration(),
                                       .incarnation = incarnation_});
  request.within = drain_ + kAnswerAfterDrain;
  call_.start(request, [this](const Answer& answer) { on_departed(answer); });
}

void LeaseKeeper::on_departed(const Answer& answer) {
  const bool is_not_there = answer.status == 404 || answer.status == 409;
  if (is_done(answer) || is_not_there) {
    say_("deregistered " + name_);
    may_be_held_ = false;
    return finish_leaving();
  }
  tell_trouble(answer);
  const std::uint64_t pause_ms = pauses_.next_ms();
  if (!is_passing(answer) || loop_.now_ms() + pause_ms > gives_up_ms_) return finish_leaving();
  next_.start(pause_ms);
}

void LeaseKeeper::finish_leaving() {
  stage_ = Stage::idle;
  standing_.is_registered = false;
  show();
  std::exchange(left_, {})();
}

void LeaseKeeper::learn_from(const Answer& answer) {
  if (!answer.is_success()) return;
  const json body = body_of(answer);
  if (const std::uint64_t incarnation = count_at(body, "incarnation"); incarnation != 0) {
    incarnation_ = standing_.incarnation = incarnation;
  }
  standing_.state = text_at(body, "state");
  standing_.reason = text_at(body, "reason");
  standing_.connections = count_at(body, "connections");
  std::string why;
  const auto ttl = config::parse_duration(text_at(body, "ttl"), why);
  if (!ttl) return;
  const auto third_ms = static_cast<std::uint64_t>(ttl->count()) / 3;
  period_ms_ = third_ms == 0 ? kPeriodWithoutLease : std::max(third_ms, kShortestPeriod);
}

void LeaseKeeper::tell_trouble(const Answer& answer) {
  const std::string what = config::one_line(trouble_of(answer));
  if (std::exchange(standing_.trouble, what) != what) say_(name_ + ": " + what);
  show();
}

void LeaseKeeper::tell_end_of_trouble() {
  if (!std::exchange(standing_.trouble, {}).empty())
    say_(name_ + ": the registry takes reports again");
}

void LeaseKeeper::show() const {
  if (show_) show_(standing_);
}

std::uint64_t LeaseKeeper::news_delay_ms() const {
  const std::uint64_t due_ms = reported_ms_ + kNewsEveryMs;
  return due_ms - std::min(due_ms, loop_.now_ms());
}

std::uint64_t LeaseKeeper::beat_delay_ms() {
  return static_cast<std::uint64_t>(static_cast<double>(period_ms_) *
                                    (0.85 + 0.15 * pauses_.unit()));
}

}  // namespace sluice::client
