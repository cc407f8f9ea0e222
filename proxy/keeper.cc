#include "proxy/keeper.h"

#include <utility>

#include "registry/records.h"
#include "registry/store/memory.h"
#include "registry/store/sqlite.h"

namespace sluice {

namespace {

constexpr std::uint64_t kRetryMs = 1000;

using registry::Key;
using registry::Memo;

Key key_of(const Memo& memo) {
  const bool is_admin = memo.kind == Memo::Kind::admin;
  return {std::string(is_admin ? registry::kAdminKind : registry::kInstanceKind), memo.service,
          memo.id};
}

Key incarnation_key() {
  return {std::string(registry::kIncarnationKind), "", ""};
}

std::string value_of(std::string_view kind, const registry::Instance& instance) {
  return kind == registry::kAdminKind ? registry::admin_record(instance.inputs)
                                      : registry::instance_record(instance);
}

}  // namespace

Keeper::Keeper(std::unique_ptr<registry::Store> store, registry::Registry& registry,
               log::Channel& log, net::Loop& loop, Post post, Note note)
    : registry_(registry),
      log_(log),
      post_(std::move(post)),
      note_(std::move(note)),
      retry_timer_(loop, [this] { try_again(); }),
      store_(std::move(store)) {}

void Keeper::restore(registry::Now now) {
  const std::vector<registry::Entry> entries = store_->load();
  std::string why;
  for (const registry::Entry& entry : entries) {
    if (entry.key.kind != registry::kIncarnationKind) continue;
    if (const auto last = registry::read_incarnation_record(entry.value, why)) {
      registry_.keep_incarnations_above(*last);
    }
  }
  for (const registry::Entry& entry : entries) {
    if (entry.key.kind == registry::kInstanceKind) restore_instance(entry, now);
  }
  for (const registry::Entry& entry : entries) {
    if (entry.key.kind == registry::kAdminKind) restore_admin(entry, now);
  }
  registry_.take_memos();  // the store has them
  if (const std::string said = store_->health().why; !said.empty()) {
    log_.line(config::LogLevel::warn, "store").add("detail", said);
  }
  if (entries.empty()) return;
  log_.line(config::LogLevel::info, "store read").add("entries", std::uint64_t{entries.size()});
}

void Keeper::restore_instance(const registry::Entry& entry, registry::Now now) {
  std::string why;
  const auto stored = registry::read_instance_record(entry.value, entry.key.service, entry.key.id,
                                                     access::Bounds(), why);
  if (stored && registry_.restore(stored->registration, stored->incarnation, now)) return;
  if (stored) registry_.keep_incarnations_above(stored->incarnation);
  log_.line(config::LogLevel::warn, "stored registration not taken over")
      .add("service", entry.key.service)
      .add("instance", entry.key.id)
      .add("detail", stored ? "there is no such service, or a static instance has its place" : why);
}

void Keeper::restore_admin(const registry::Entry& entry, registry::Now now) {
  std::string why;
  const auto word = registry::read_admin_record(entry.value, why);
  if (word) registry_.set_admin(entry.key.service, entry.key.id, word->admin, word->reason, now);
}

// An erased registration leaves its number behind, which must not be given out again.
void Keeper::keep(const std::vector<Memo>& memos, Kept kept) {
  if (memos.empty()) {
    if (kept) kept("");
    return;
  }
  registry::Transaction transaction;
  bool erases = false;
  for (const Memo& memo : memos) {
    transaction.push_back(write_of(memo));
    erases = erases || (memo.instance == nullptr && memo.kind == Memo::Kind::registration);
  }
  if (erases) {
    transaction.push_back(
        {incarnation_key(), registry::incarnation_record(registry_.last_incarnation()), {}, {}});
  }
  std::vector<Key> keys;
  for (const registry::Write& write : transaction) keys.push_back(write.key);
  auto done = [this, alive = std::weak_ptr<bool>(alive_), kept = std::move(kept),
               keys = std::move(keys)](const registry::Outcome& outcome) {
    const bool durable = outcome.kind == registry::Outcome::Kind::durable;
    if (!durable) {
      post_([this, alive, keys, why = outcome.why] {
        if (!alive.expired()) on_failed(keys, why);
      });
    }
    if (kept) kept(durable ? "" : outcome.why);
  };
  store_->write(std::move(transaction), std::move(done));
}

registry::Write Keeper::write_of(const Memo& memo) const {
  registry::Write write;
  write.key = key_of(memo);
  if (memo.instance == nullptr) return write;
  write.value = value_of(write.key.kind, *memo.instance);
  write.ttl = std::chrono::milliseconds(memo.instance->ttl_ms);
  return write;
}

// What the store should say of a key: what the registry says now.
std::optional<std::string> Keeper::truth_of(const Key& key) const {
  if (key.kind == registry::kIncarnationKind) {
    return registry::incarnation_record(registry_.last_incarnation());
  }
  const registry::Service* service = registry_.snapshot()->find(key.service);
  const registry::Instance* instance = service != nullptr ? service->find(key.id) : nullptr;
  if (instance == nullptr) return std::nullopt;
  const bool has_word = key.kind == registry::kAdminKind
                            ? instance->inputs.admin != registry::Admin::ready
                            : !instance->is_static();
  return has_word ? std::optional(value_of(key.kind, *instance)) : std::nullopt;
}

void Keeper::on_failed(const std::vector<Key>& missed, const std::string& why) {
  if (missed_.empty()) {
    log_.line(config::LogLevel::error, "store failed").add("detail", why);
    note_("store_failed", why);
  }
  missed_.insert(missed.begin(), missed.end());
  if (!retry_timer_.is_running() && !is_trying_) retry_timer_.start(kRetryMs);
}

void Keeper::try_again() {
  registry::Transaction transaction;
  for (const Key& key : missed_) transaction.push_back({key, truth_of(key), {}, {}});
  is_trying_ = true;
  const std::set<Key> tried = missed_;
  store_->write(std::move(transaction), [this, alive = std::weak_ptr<bool>(alive_),
                                         tried](const registry::Outcome& outcome) {
    const bool durable = outcome.kind == registry::Outcome::Kind::durable;
    post_([this, alive, tried, durable] {
      if (alive.expired()) return;
      is_trying_ = false;
      if (durable) std::erase_if(missed_, [&](const Key& key) { return tried.contains(key); });
      if (missed_.empty()) return on_caught_up();
      retry_timer_.start(kRetryMs);
    });
  });
}

void Keeper::on_caught_up() {
  log_.line(config::LogLevel::info, "store caught up");
  note_("store_caught_up", "");
}

std::unique_ptr<registry::Store> make_store(const config::Store& config) {
  if (config.type == config::StoreType::memory) return std::make_unique<registry::MemoryStore>();
  registry::SqliteOptions options;
  options.path = config.path;
  options.sync = config.sync == config::StoreSync::full ? registry::SqliteOptions::Sync::full
                                                        : registry::SqliteOptions::Sync::normal;
  return std::make_unique<registry::SqliteStore>(std::move(options));
}

}  // namespace sluice
