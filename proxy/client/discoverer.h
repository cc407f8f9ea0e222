// Knows the instances of a service, as a Sluice sees them, and chooses among them.
//
//   sluice::client::Discoverer web({.service = "web"});
//   web.wait_until_ready(5s);
//   if (auto place = web.pick()) connect_to(place->address(), place->port());
//
// It watches the registry: each change is there some milliseconds after it happened. What it knows
// stays when the registry is away (is_stale() says so), is brought up to date when that is back,
// and, with a cache file, outlives this program too. Tries are 0.1 to 5 s apart, up to 30 s where
// it is refused (a token that is not known).
//
// pick() balances as the proxy does: the same policies over the same instances, with the same
// verdicts. What it counts are this program's own connections. Zones, slow starts and bounds on the
// load are the proxy's own.
//
// Threads: an object has one thread of its own, on which the functions of the options are called,
// and which takes no signals. All methods may be called on any thread; only wait_until_ready() and
// the destructor wait, the latter for no more than a function that is under way and the cache file.
// Nothing here touches the process's signals, and a connection that breaks raises no SIGPIPE.
//
// Errors: the constructor throws std::invalid_argument for what can never be right, and says which
// field it is, or another std::runtime_error if the process may have no thread or descriptor more.
// Nothing else throws: what goes wrong on the way is told by trouble() and the log function, and
// mends itself. The functions must not throw, nor destroy the object.
//
// fork(): a child process has no thread of the object's. It must not use it; destroying it there
// does nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::client {

// Whether an instance may be picked: never, if nobody else is left, or at any time.
enum class Verdict : std::uint8_t { never, last_resort, eligible };

struct Instance {
  std::string id;
  std::string address;     // an IP address without brackets, or "unix:/path"
  std::uint16_t port = 0;  // 0 with a unix socket
  std::string state;       // "up", "warming", "draining", "down"
  std::string reason;      // "ok", "check: connection refused", ...
  Verdict verdict = Verdict::never;
  std::uint32_t weight = 1;
  std::uint32_t priority = 0;  // lower goes first
  std::string zone;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> meta;
  std::string version;
  std::string protocol;
  std::uint64_t incarnation = 0;

  friend bool operator==(const Instance&, const Instance&) = default;
};

struct Change {
  enum class Kind : std::uint8_t {
    added,
    removed,
    updated,  // what it registered with: weight, labels, ...
    state,    // its state or the reason for it
  };
  Kind kind = Kind::added;
  std::shared_ptr<const Instance> instance;  // as it is now, or was at last; never null
  std::string before;                        // its state before; "" if it was not there
};

// A connection's place on an instance: counts for as long as it lives, which may be longer than the
// Discoverer. May be moved from thread to thread; empty once moved from.
class [[gnu::visibility("default")]] Place {
 public:
  const Instance& instance() const { return *instance_; }
  const std::string& id() const { return instance_->id; }
  const std::string& address() const { return instance_->address; }
  std::uint16_t port() const { return instance_->port; }
  const std::map<std::string, std::string>& labels() const { return instance_->labels; }

  Place(Place&&) noexcept = default;
  Place& operator=(Place&&) noexcept = default;
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  friend class Discoverer;
  Place(std::shared_ptr<const Instance> instance, std::shared_ptr<void> count)
      : instance_(std::move(instance)), count_(std::move(count)) {}

  std::shared_ptr<const Instance> instance_;
  std::shared_ptr<void> count_;
};

class [[gnu::visibility("default")]] Discoverer {
 public:
  enum class Policy : std::uint8_t {
    least_connections,
    p2c,
    round_robin,
    random,
    first,
    hash,  // of the key; both as a proxy with its default points picks
    maglev,
  };

  struct Options {
    std::string server = "http://127.0.0.1:9901";  // the admin API, or "unix:/run/sluice.sock"
    std::string token;                             // the secret of one that may read; "": none
    std::string service;                           // must be said
    std::string selector;  // of labels: "role=primary,zone in (a,b),!canary"; "": all instances
    Policy policy = Policy::least_connections;
    // Where what is known is kept, in a file of mode 0600 that is replaced as a whole, at most
    // twice a second; "": nowhere. Each Discoverer has one of its own.
    std::string cache_file;
    // Called with each change, in order: all that it told adds up to instances(), what came from
    // the cache file included.
    std::function<void(const Change& change)> on_change;
    std::function<void(const std::string& line)> log;  // one line at each change of the connection
  };

  explicit Discoverer(Options options);
  ~Discoverer();
  Discoverer(const Discoverer&) = delete;
  Discoverer& operator=(const Discoverer&) = delete;

  // True once it knows who is there, from the registry or the cache file; nobody may be. False if
  // it does not by then.
  bool wait_until_ready(std::chrono::milliseconds timeout) const;

  // Everybody, in whatever state, in order of their ids: one version of the service.
  std::vector<std::shared_ptr<const Instance>> instances() const;

  // One that may be connected to, counted until the place is destroyed; none: there is nobody. The
  // key is what `hash` and `maglev` hash: as the proxy does if it is the client's address in text.
  // Those whose ids are in `tried` are passed over while there are others.
  std::optional<Place> pick(std::string_view key = {},
                            const std::vector<std::string>& tried = {}) const;

  // Whether the registry is out of reach, so that all this may be out of date.
  bool is_stale() const;
  // When the registry last said anything, if only that nothing has changed (every 15 s); none:
  // never, the program whose cache file this was included.
  std::optional<std::chrono::system_clock::time_point> last_heard() const;
  // Why the registry does not tell anything now; "": it does, or has not been asked yet.
  std::string trouble() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::client
