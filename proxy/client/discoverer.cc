#include "proxy/client/discoverer.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "config/printable.h"
#include "config/selector.h"
#include "proxy/client/cache_file.h"
#include "proxy/client/catalogue.h"
#include "proxy/client/own_thread.h"
#include "proxy/client/said.h"
#include "proxy/client/selection.h"
#include "proxy/client/watch_keeper.h"

namespace sluice::client {
namespace {

using SystemClock = std::chrono::system_clock;

constexpr std::uint64_t kPublishWithinMs = 5;  // so that a crowd of changes is one
constexpr std::uint64_t kSaveEveryMs = 500;

std::int64_t unix_ms(SystemClock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

Discoverer::Options checked(Discoverer::Options options) {
  if (options.service.empty()) refuse("service", "must be said");
  config::SelectorProblem problem;
  const auto selector = config::Selector::parse(options.selector, problem);
  if (!selector) refuse("selector", problem.text());
  options.selector = selector->text();
  if (options.policy > Discoverer::Policy::maglev) refuse("policy", "is none");
  return options;
}

}  // namespace

class Discoverer::Impl {
 public:
  explicit Impl(Options options)
      : options_(checked(std::move(options))),
        selection_(options_.policy),
        transfers_(thread_.loop()),
        publish_(thread_.loop(), [this] { publish(); }),
        save_(thread_.loop(), [this] { save(); }),
        watch_(thread_.loop(), transfers_, server_of(options_.server, options_.token),
               options_.service, options_.selector, remembered_id(),
               {.event = [this](const ServerEvent& event) { return on_event(event); },
                .heard = [this] { on_heard(); },
                .lost = [this](const std::string& trouble) { on_lost(trouble); }}) {
    watch_.begin();
    thread_.begin();
  }

  ~Impl() {
    thread_.end();
    if (is_unsaved_) save();
  }

  bool is_ours() const { return thread_.is_ours(); }

  bool wait_until_ready(std::chrono::milliseconds timeout) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, bounded(timeout), [this] { return is_ready_; });
  }

  Selection& selection() { return selection_; }

  bool is_stale() const {
    const std::lock_guard lock(mutex_);
    return !is_watching_;
  }

  std::optional<SystemClock::time_point> last_heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

  std::string trouble() const {
    const std::lock_guard lock(mutex_);
    return trouble_;
  }

 private:
  // What the cache file holds is there before the thread begins, and told by the thread.
  std::string remembered_id() {
    if (options_.cache_file.empty()) return "";
    std::string why;
    auto cached = read_cache(options_.cache_file, why);
    if (!cached) {
      if (!why.empty()) say_later(why);
      return "";
    }
    if (cached->service != options_.service || cached->selector != options_.selector) {
      say_later(options_.cache_file + " is of another service or selector");
      return "";
    }
    untold_ = catalogue_.take_all(std::move(cached->instances));
    if (cached->heard_ms > 0) {
      heard_ = SystemClock::time_point(std::chrono::milliseconds(cached->heard_ms));
    }
    selection_.show(catalogue_.entries());
    is_ready_ = true;
    publish_.start(0);
    return cached->last_id;
  }

  bool on_event(const ServerEvent& event) {
    auto changes = catalogue_.take(event);
    if (!changes) return false;
    for (Change& change : *changes) untold_.push_back(std::move(change));
    if (!publish_.is_running()) publish_.start(kPublishWithinMs);
    is_unsaved_ = true;
    return true;
  }

  void publish() {
    selection_.show(catalogue_.entries());
    {
      const std::lock_guard lock(mutex_);
      is_ready_ = true;
      changed_.notify_all();
    }
    if (is_unsaved_ && !save_.is_running()) save_.start(kSaveEveryMs);
    for (const Change& change : std::exchange(untold_, {})) {
      if (options_.on_change) options_.on_change(change);
    }
  }

  void on_heard() {
    const bool is_new = [this] {
      const std::lock_guard lock(mutex_);
      heard_ = SystemClock::now();
      trouble_.clear();
      return !std::exchange(is_watching_, true);
    }();
    if (is_new) say("watching " + options_.service);
  }

  void on_lost(const std::string& what) {
    const std::string trouble = config::one_line(what);
    const bool is_new = [&] {
      const std::lock_guard lock(mutex_);
      is_watching_ = false;
      return std::exchange(trouble_, trouble) != trouble;
    }();
    if (is_new) say(trouble);
  }

  void save() {
    is_unsaved_ = false;
    if (options_.cache_file.empty()) return;
    Cached cached;
    cached.service = options_.service;
    cached.selector = options_.selector;
    cached.last_id = watch_.last_id();
    if (const auto heard = last_heard()) cached.heard_ms = unix_ms(*heard);
    for (const auto& entry : catalogue_.entries()) cached.instances.push_back(*entry);
    std::string why;
    if (!write_cache(options_.cache_file, cached, why)) say(why);
  }

  void say_later(const std::string& line) {
    thread_.post([this, line] { say(line); });
  }

  void say(const std::string& line) const {
    if (options_.log) options_.log(line);
  }

  const Options options_;
  Selection selection_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  // mutex_'s:
  bool is_ready_ = false;
  bool is_watching_ = false;
  std::optional<SystemClock::time_point> heard_;
  std::string trouble_;

  OwnThread thread_;
  // What follows is the thread's.
  Catalogue catalogue_;
  Catalogue::Changes untold_;
  bool is_unsaved_ = false;
  health::Transfers transfers_;
  net::Timer publish_;
  net::Timer save_;
  WatchKeeper watch_;
};

Discoverer::Discoverer(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Discoverer::~Discoverer() {
  if (impl_->is_ours()) return;
  [[maybe_unused]] const Impl* left = impl_.release();  // its thread is in another process
}

bool Discoverer::wait_until_ready(std::chrono::milliseconds timeout) const {
  return impl_->wait_until_ready(timeout);
}

std::vector<std::shared_ptr<const Instance>> Discoverer::instances() const {
  return impl_->selection().entries();
}

std::optional<Place> Discoverer::pick(std::string_view key,
                                      const std::vector<std::string>& tried) const {
  Selection::Choice choice = impl_->selection().pick(key, tried);
  if (!choice.instance) return std::nullopt;
  return Place(std::move(choice.instance),
               std::make_shared<registry::LoadToken>(std::move(choice.token)));
}

bool Discoverer::is_stale() const {
  return impl_->is_stale();
}

std::optional<std::chrono::system_clock::time_point> Discoverer::last_heard() const {
  return impl_->last_heard();
}

std::string Discoverer::trouble() const {
  return impl_->trouble();
}

}  // namespace sluice::client
