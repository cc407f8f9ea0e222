#include "proxy/client/lease_keeper.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/printable.h"
#include "config/units.h"
#include "proxy/client/fields.h"
#include "proxy/session/backoff.h"

namespace sluice::client {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kEnrollWithin{5'000};
constexpr milliseconds kBeatWithin{2'000};
constexpr milliseconds kAnswerAfterDrain{5'000};
constexpr std::uint64_t kPeriodWithoutLease = 10'000;  // to notice that the registry has forgotten
constexpr std::uint64_t kShortestPeriod = 100;

config::Retry retry() {
  config::Retry retry;
  retry.base_delay = milliseconds(200);
  retry.multiplier = 2;
  retry.max_delay = milliseconds(5'000);
  return retry;
}

json body_of(const Answer& answer) {
  return json::parse(answer.body, nullptr, false);
}

// Done, though the registry could not write it down.
bool is_not_durable(const Answer& answer) {
  if (!answer.failure.empty() || answer.status != 503) return false;
  const json body = body_of(answer);
  return body.is_object() && body.contains("error") &&
         text_at(body["error"], "code") == "not_durable";
}

bool is_done(const Answer& answer) {
  return answer.is_success() || is_not_durable(answer);
}

// It may well be different the next time.
bool is_passing(const Answer& answer) {
  return !answer.failure.empty() || answer.status >= 500 || answer.status == 429;
}

}  // namespace

LeaseKeeper::LeaseKeeper(net::Loop& loop, health::Transfers& transfers,
                         const AdminAddress& registry, Announcement said, Say say)
    : loop_(loop),
      said_(std::move(said)),
      name_(config::one_line(said_.service + "/" + said_.id)),
      say_(std::move(say)),
      call_(transfers, registry),
      next_(loop, [this] { go_on(); }),
      period_ms_(kPeriodWithoutLease) {}

void LeaseKeeper::take() {
  may_be_held_ = true;
  enroll();
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
  AdminRequest request = registration_of(said_, true, false);
  request.within = kEnrollWithin;
  call_.start(request, [this](const Answer& answer) { on_enrolled(answer); });
}

void LeaseKeeper::on_enrolled(const Answer& answer) {
  if (stage_ == Stage::leaving) return depart();
  if (!is_done(answer)) {
    tell_trouble(answer);
    return next_.start(retry_delay_ms());
  }
  stage_ = Stage::holding;
  failures_ = 0;
  trouble_.clear();
  learn_from(answer);
  const std::string ttl = text_at(body_of(answer), "ttl");
  say_("registered " + name_ + (ttl.empty() ? "" : ", ttl " + config::one_line(ttl)));
  next_.start(beat_delay_ms());
}

void LeaseKeeper::beat() {
  Report report;
  report.service = said_.service;
  report.id = said_.id;
  report.incarnation = incarnation_;
  AdminRequest request = heartbeat_of(report);
  request.within = kBeatWithin;
  call_.start(request, [this](const Answer& answer) { on_beaten(answer); });
}

void LeaseKeeper::on_beaten(const Answer& answer) {
  if (is_done(answer)) {
    failures_ = 0;
    tell_end_of_trouble();
    learn_from(answer);
    return next_.start(beat_delay_ms());
  }
  if (answer.status == 404) {
    say_(name_ + " is not registered any more; registering it again");
    incarnation_.reset();
    stage_ = Stage::registering;
    return next_.start(retry_delay_ms());
  }
  tell_trouble(answer);
  next_.start(is_passing(answer) ? std::min(retry_delay_ms(), period_ms_) : beat_delay_ms());
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
  AdminRequest request = departure_of({.service = said_.service,
                                       .id = said_.id,
                                       .drain = drain_,
                                       .wait = drain_ > config::Duration(),
                                       .incarnation = incarnation_});
  request.within = drain_ + kAnswerAfterDrain;
  call_.start(request, [this](const Answer& answer) { on_departed(answer); });
}

void LeaseKeeper::on_departed(const Answer& answer) {
  const bool is_anothers = answer.status == 404 || answer.status == 409;
  if (is_done(answer) || is_anothers) {
    say_("deregistered " + name_);
    may_be_held_ = false;
    return finish_leaving();
  }
  tell_trouble(answer);
  const std::uint64_t pause_ms = retry_delay_ms();
  if (!is_passing(answer) || loop_.now_ms() + pause_ms > gives_up_ms_) return finish_leaving();
  next_.start(pause_ms);
}

void LeaseKeeper::finish_leaving() {
  stage_ = Stage::idle;
  std::exchange(left_, {})();
}

void LeaseKeeper::learn_from(const Answer& answer) {
  if (!answer.is_success()) return;
  const json body = body_of(answer);
  if (const std::uint64_t incarnation = count_at(body, "incarnation"); incarnation != 0) {
    incarnation_ = incarnation;
  }
  std::string why;
  const auto ttl = config::parse_duration(text_at(body, "ttl"), why);
  if (!ttl) return;
  const auto third_ms = static_cast<std::uint64_t>(ttl->count()) / 3;
  period_ms_ = third_ms == 0 ? kPeriodWithoutLease : std::max(third_ms, kShortestPeriod);
}

void LeaseKeeper::tell_trouble(const Answer& answer) {
  const std::string what = config::one_line(trouble_of(answer));
  if (std::exchange(trouble_, what) != what) say_(name_ + ": " + what);
}

void LeaseKeeper::tell_end_of_trouble() {
  if (!std::exchange(trouble_, {}).empty()) say_(name_ + ": the registry takes reports again");
}

std::uint64_t LeaseKeeper::beat_delay_ms() {
  return static_cast<std::uint64_t>(static_cast<double>(period_ms_) * (0.85 + 0.15 * unit()));
}

std::uint64_t LeaseKeeper::retry_delay_ms() {
  return session::backoff_ms(retry(), ++failures_, 0.5 + 0.5 * unit());
}

}  // namespace sluice::client
