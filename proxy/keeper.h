// Keeps the store in step with the registry, so that registrations outlive the process.
//
// Control loop only, but for the answers of keep(), which come on any thread. The store follows the
// registry and never the other way round: when it fails, what was registered stays in rotation, the
// client hears that it will not survive a restart, and what the store has missed is written again,
// once a second, until it takes it. Destroying the Keeper completes what was handed to the store.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "proxy/log/log.h"
#include "proxy/net/loop.h"
#include "registry/registry.h"
#include "registry/store/store.h"

namespace sluice {

class Keeper {
 public:
  // Any thread: runs an action on the control loop.
  using Post = std::function<void(std::function<void()>)>;
  // Something for the journal: "store_failed" with why, "store_caught_up".
  using Note = std::function<void(const std::string& kind, const std::string& text)>;
  // "" when all is durable, otherwise why it is not.
  using Kept = std::function<void(const std::string& why)>;

  // `registry` and `log` outlive it.
  Keeper(std::unique_ptr<registry::Store> store, registry::Registry& registry, log::Channel& log,
         net::Loop& loop, Post post, Note note);
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // Puts what the store holds into the registry, after the first reconcile(). What belongs to
  // services that are not configured stays in the store. Throws registry::StoreError.
  void restore(registry::Now now);

  // Writes down what the registry has to remember, as one transaction; `kept` may be empty.
  void keep(const std::vector<registry::Memo>& memos, Kept kept);

  registry::StoreHealth health() const { return store_->health(); }

 private:
  void restore_admin(const registry::Entry& entry, registry::Now now);
  void restore_instance(const registry::Entry& entry, registry::Now now);
  registry::Write write_of(const registry::Memo& memo) const;
  std::optional<std::string> truth_of(const registry::Key& key) const;
  void on_failed(const std::vector<registry::Key>& missed, const std::string& why);
  void try_again();
  void on_caught_up();

  registry::Registry& registry_;
  log::Channel& log_;
  const Post post_;
  const Note note_;
  net::Timer retry_timer_;
  std::set<registry::Key> missed_;  // keys of which the store may not have the last word
  bool is_trying_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>();  // what is posted checks it
  const std::unique_ptr<registry::Store> store_;            // last: it goes first, and answers
};

// As the configuration says. Opens nothing yet.
std::unique_ptr<registry::Store> make_store(const config::Store& config);

}  // namespace sluice
