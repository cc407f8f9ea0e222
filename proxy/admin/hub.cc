#include "proxy/admin/hub.h"

#include <pthread.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "proxy/admin/gate.h"
#include "proxy/net/urgency.h"

namespace sluice::admin {

namespace {

constexpr std::uint64_t kJitter = 16;  // a wait lasts up to a 16th longer

// Marsaglia's xorshift64, to spread what falls due at once.
std::uint64_t random_below(std::uint64_t limit, std::uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return limit == 0 ? 0 : state % limit;
}

}  // namespace

// The way onto the Hub's thread. Held by all who may have to say something, who may outlive the
// Hub.
class Hub::Line {
 public:
  explicit Line(net::Bell& bell) : bell_(&bell) {}
  void post(std::function<void()> action) {
    const std::lock_guard lock(mutex_);
    if (bell_ == nullptr) return;
    actions_.push_back(std::move(action));
    bell_->ring();
  }
  void ring() {
    post([] {});
  }
  std::vector<std::function<void()>> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(actions_, {});
  }
  void close() {
    std::vector<std::function<void()>> unheard;  // what they hold goes after the lock
    const std::lock_guard lock(mutex_);
    bell_ = nullptr;
    unheard.swap(actions_);
  }

 private:
  std::mutex mutex_;
  net::Bell* bell_;
  std::vector<std::function<void()>> actions_;
};

Hub::Hub(const config::Watch& rules, const std::shared_ptr<const registry::Snapshot>& first,
         Clock clock)
    : clock_(std::move(clock)),
      published_(first),
      rules_(rules),
      snapshot_(first),
      journal_(rules.history, first->index),
      watchers_(journal_, first),
      jitter_(net::monotonic_ns() | 1),
      bell_(loop_, [this] { on_turn(); }),
      timer_(loop_, [this] { on_turn(); }),
      line_(std::make_shared<Line>(bell_)),
      thread_([this] {
        pthread_setname_np(pthread_self(), "sluice-hub");
        net::set_urgency(net::Urgency::background);
        loop_.run();
      }) {}

Hub::~Hub() {
  line_->post([this] { loop_.stop(); });
  thread_.join();
  line_->close();
}

void Hub::publish(std::shared_ptr<const registry::Snapshot> snapshot,
                  std::vector<registry::Change> changes) {
  // In one, so that who has seen it comes after it.
  const std::lock_guard lock(mutex_);
  published_ = snapshot;
  line_->post([this, snapshot = std::move(snapshot), changes = std::move(changes)]() mutable {
    for (Step& step : steps(*snapshot_, std::move(changes))) journal_.add(std::move(step));
    snapshot_ = std::move(snapshot);
    has_news_ = true;
  });
}

void Hub::note(Event event) {
  line_->post([this, event = std::move(event)]() mutable {
    journal_.add(std::move(event), snapshot_->index);
  });
}

void Hub::reconfigure(const config::Watch& rules) {
  line_->post([this, rules] {
    tell();
    rules_ = rules;
    journal_.resize(rules.history);
  });
}

void Hub::recheck(std::shared_ptr<const access::Tokens> tokens) {
  line_->post([this, tokens = std::move(tokens)]() mutable {
    tokens_ = std::move(tokens);
    waits_.refuse_unless([this](const Read& read) {
      return may_read_on(tokens_.get(), read.caller.get(), read.service);
    });
    watchers_.drop_unless([this](const Subject& subject, const access::Token* caller) {
      return may_read_on(tokens_.get(), caller, subject.service);
    });
  });
}

void Hub::look_again() {
  line_->ring();
}

std::shared_ptr<const registry::Snapshot> Hub::snapshot() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

Hub::Readers Hub::readers() const {
  const std::lock_guard lock(mutex_);
  return readers_;
}

// --- The Hub's thread

void Hub::on_turn() {
  for (const auto& action : line_->take()) action();
  tell();
  const std::uint64_t now_ms = clock_();
  waits_.expire(*snapshot_, now_ms);
  watchers_.advance(now_ms);
  arm();
  const std::lock_guard lock(mutex_);
  readers_ = {waits_.size(), watchers_.size()};
}

// All that has been published so far. Whoever comes in a turn finds that done: what was published
// before is in what it begins with and is not told once more.
void Hub::tell() {
  if (!std::exchange(has_news_, false)) return;
  const std::uint64_t now_ms = clock_();
  watchers_.tell(snapshot_, now_ms);
  waits_.wake(*snapshot_, now_ms);
}

void Hub::arm() {
  const std::uint64_t next_ms = std::min(waits_.next_ms(), watchers_.next_ms());
  if (next_ms == std::numeric_limits<std::uint64_t>::max()) return timer_.stop();
  const std::uint64_t now_ms = clock_();
  timer_.start(next_ms - std::min(next_ms, now_ms));
}

std::function<void()> Hub::posting(std::function<void()> action) const {
  return [line = line_, action = std::move(action)] { line->post(action); };
}

// --- Readers

void Hub::read(Read read, const Responder& responder) {
  const auto newest = snapshot();
  if (is_due(*newest, read)) return responder.send(answer(*newest, read, clock_()));
  line_->post([this, read = std::move(read), responder] { begin_wait(read, responder); });
}

void Hub::begin_wait(Read read, const Responder& responder) {
  if (is_due(*snapshot_, read)) return responder.send(answer(*snapshot_, read, clock_()));
  if (!may_read_on(tokens_.get(), read.caller.get(), read.service)) {
    return responder.send(token_withdrawn());
  }
  const Id id = ++last_id_;
  const std::uint64_t wait_ms = static_cast<std::uint64_t>(
      std::min(read.wait.value_or(rules_.default_wait), rules_.max_wait).count());
  const std::uint64_t jitter_ms = random_below(wait_ms / kJitter + 1, jitter_);
  waits_.add(id, std::move(read), clock_() + wait_ms + jitter_ms,
             [responder](std::shared_ptr<const Reply> reply) { responder.send(std::move(reply)); });
  responder.hold(posting([this, id] { waits_.drop(id); }));
}

void Hub::watch(Watching watching, const Responder& responder) {
  line_->post([this, watching = std::move(watching), responder] {
    tell();
    begin_watch(watching, responder);
  });
}

void Hub::begin_watch(Watching watching, const Responder& responder) {
  Subject& subject = watching.subject;
  if (!may_read_on(tokens_.get(), watching.caller.get(), subject.service)) {
    return responder.send(token_withdrawn());
  }
  if (!index_of(*snapshot_, subject.service)) {
    return responder.send(no_such_service(*snapshot_, subject.service));
  }
  const Id id = ++last_id_;
  Reply head = with_version({200, "text/event-stream", "", {}}, snapshot_->index, snapshot_->epoch);
  head.headers.emplace_back("X-Accel-Buffering", "no");  // nginx would keep events to itself
  auto stream =
      responder.stream(std::move(head), {.on_drained = posting([this, id] {
                                           tell();
                                           watchers_.drained(id, clock_());
                                         }),
                                         .on_closed = posting([this, id] { watchers_.drop(id); })});
  if (!stream) return;
  const auto since = resumes_at(watching, snapshot_->epoch);
  watchers_.admit(id, std::move(subject), since, std::move(stream), clock_(),
                  std::move(watching.caller));
}

void Hub::look(Looking looking, const Responder& responder) {
  line_->post([this, looking = std::move(looking), responder] {
    Reply reply = Reply::json(events_json(journal_, looking, *snapshot_));
    responder.send(with_version(std::move(reply), snapshot_->index, snapshot_->epoch));
  });
}

}  // namespace sluice::admin
