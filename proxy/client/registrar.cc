#include "proxy/client/registrar.h"

#include <cmath>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

#include "config/endpoint.h"
#include "config/own_check.h"
#include "config/units.h"
#include "proxy/client/lease_keeper.h"
#include "proxy/client/own_thread.h"
#include "proxy/client/said.h"

namespace sluice::client {
namespace {

constexpr std::chrono::milliseconds kPatience{2'000};  // with a registry that does not answer
constexpr std::uint32_t kMostWeight = 65535;

const char* word(Registrar::Status status) {
  static constexpr const char* kWords[] = {"up", "warming", "draining", "down"};
  return kWords[static_cast<std::size_t>(status)];
}

std::string address_of(const Registrar::Options& options) {
  std::string why;
  auto endpoint = options.address.starts_with("unix:")
                      ? config::Endpoint::parse(options.address, why)
                      : config::Endpoint::parse_ip(options.address, why);
  if (!endpoint) refuse("address", why);
  const bool is_unix = endpoint->family == config::Endpoint::Family::unix_path;
  if (!is_unix && options.port == 0) refuse("port", "must be said");
  if (!is_unix) endpoint->port = options.port;
  return endpoint->text();
}

std::vector<std::string> pairs_of(const char* field,
                                  const std::map<std::string, std::string>& texts) {
  std::vector<std::string> pairs;
  for (const auto& [key, value] : texts) {
    if (key.empty() || key.find('=') != std::string::npos) {
      refuse(field, "a key is not empty and holds no '='");
    }
    pairs.push_back(key + "=" + value);
  }
  return pairs;
}

std::string ttl_of(const Registrar::Options& options) {
  if (!options.ttl) return "";
  if (options.ttl->count() < 0) refuse("ttl", "must not be negative");
  return config::text(*options.ttl);
}

std::string check_of(const Registrar::Options& options) {
  std::string why;
  if (options.check.empty() || config::OwnCheck::parse(options.check, why)) return options.check;
  throw std::invalid_argument(why);  // which begins with the field
}

std::uint32_t checked(const char* field, std::uint32_t value) {
  if (value > kMostWeight) refuse(field, "must be at most 65535");
  return value;
}

Announcement announcement_of(const Registrar::Options& options) {
  Announcement said;
  said.service = options.service;
  if (said.service.empty()) refuse("service", "must be said");
  said.address = address_of(options);
  said.id = options.id.empty() ? said.address : options.id;
  said.weight = checked("weight", options.weight);
  said.priority = checked("priority", options.priority);
  said.zone = options.zone;
  said.labels = pairs_of("labels", options.labels);
  said.meta = pairs_of("meta", options.meta);
  said.version = options.version;
  said.protocol = options.protocol;
  said.ttl = ttl_of(options);
  said.status = word(options.status);
  said.check = check_of(options);
  if (options.drain.count() < 0 || options.drain > config::kLongestDuration) {
    refuse("drain", "must be 0 to ten years");
  }
  return said;
}

LeaseKeeper::Say say_with(const std::function<void(const std::string&)>& log) {
  if (!log) return [](const std::string&) {};
  return log;
}

}  // namespace

class Registrar::Impl {
 public:
  explicit Impl(const Options& options)
      : drain_(options.drain),
        transfers_(thread_.loop()),
        keeper_(thread_.loop(), transfers_, server_of(options.server, options.token),
                announcement_of(options), say_with(options.log),
                [this](const Standing& standing) { on_standing(standing); }) {
    keeper_.take();
    thread_.begin();
  }

  ~Impl() {
    leave();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return state_.stage == Stage::left; });
    lock.unlock();
    thread_.end();
  }

  bool is_ours() const { return thread_.is_ours(); }

  bool wait_until(Stage stage, std::chrono::milliseconds timeout) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, bounded(timeout), [&] {
      return state_.stage == stage || state_.stage == Stage::left ||
             (state_.stage == Stage::leaving && stage != Stage::left);
    });
    return state_.stage == stage;
  }

  // The thread takes the last words, however many were said meanwhile.
  void tell(const LeaseKeeper::News& news) {
    const std::lock_guard lock(mutex_);
    if (!news_) thread_.post([this] { pass_on_news(); });
    if (!news_) news_.emplace();
    if (news.weight) news_->weight = news.weight;
    if (news.load) news_->load = news.load;
    if (!news.status.empty()) news_->status = news.status;
  }

  State state() const {
    const std::lock_guard lock(mutex_);
    return state_;
  }

  void leave() {
    const std::lock_guard lock(mutex_);
    if (state_.stage == Stage::leaving || state_.stage == Stage::left) return;
    set_stage(Stage::leaving);
    thread_.post([this] { keeper_.leave(drain_, kPatience, [this] { on_left(); }); });
  }

 private:
  void pass_on_news() {
    std::unique_lock lock(mutex_);
    const LeaseKeeper::News news = *std::exchange(news_, {});
    lock.unlock();
    keeper_.tell(news);
  }

  void on_standing(const Standing& standing) {
    const std::lock_guard lock(mutex_);
    state_.state = standing.state;
    state_.reason = standing.reason;
    state_.connections = standing.connections;
    state_.incarnation = standing.incarnation;
    state_.trouble = standing.trouble;
    if (state_.stage == Stage::leaving) return;
    set_stage(standing.is_registered   ? Stage::registered
              : standing.is_superseded ? Stage::superseded
                                       : Stage::registering);
  }

  void on_left() {
    const std::lock_guard lock(mutex_);
    set_stage(Stage::left);
  }

  void set_stage(Stage stage) {  // requires: mutex_ is held
    state_.stage = stage;
    changed_.notify_all();
  }

  const std::chrono::milliseconds drain_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  State state_;                            // mutex_'s, and
  std::optional<LeaseKeeper::News> news_;  // which the thread is to take
  OwnThread thread_;
  health::Transfers transfers_;  // it and what follows: the thread's
  LeaseKeeper keeper_;
};

Registrar::Registrar(const Options& options) : impl_(std::make_unique<Impl>(options)) {}

Registrar::~Registrar() {
  if (impl_->is_ours()) return;
  [[maybe_unused]] const Impl* left = impl_.release();  // its thread is in another process
}

bool Registrar::wait_until_registered(std::chrono::milliseconds timeout) const {
  return impl_->wait_until(Stage::registered, timeout);
}

void Registrar::set_weight(std::uint32_t weight) {
  impl_->tell({.weight = checked("weight", weight), .load = {}, .status = {}});
}

void Registrar::set_load(double load) {
  if (!std::isfinite(load) || load < 0) refuse("load", "must be a number from 0");
  impl_->tell({.weight = {}, .load = load, .status = {}});
}

void Registrar::set_status(Status status) {
  impl_->tell({.weight = {}, .load = {}, .status = word(status)});
}

Registrar::State Registrar::state() const {
  return impl_->state();
}

void Registrar::leave() {
  impl_->leave();
}

bool Registrar::wait_until_left(std::chrono::milliseconds timeout) const {
  return impl_->wait_until(Stage::left, timeout);
}

}  // namespace sluice::client
