// Keeps this program registered with a Sluice for as long as an object lives.
//
//   sluice::client::Registrar registrar({.service = "web", .port = 8001, .drain = 30s});
//
// To be made once the program listens: from then on connections come. It registers, reports at a
// third of its ttl, registers again when the registry has forgotten it (a restart without a store),
// and goes on trying while the registry is away: 0.1 to 5 s apart, up to 30 s where it is refused
// (a token that is not known, a field that cannot be). The program itself never waits for any of
// that.
//
// If another process registers under the same id with another address, it has taken this one's
// place: this one is `superseded`, its late words are refused, and it does not fight. Only when the
// id has been free for a whole ttl does it register again.
//
// Threads: an object has one thread of its own, on which the log function is called, and which
// takes no signals. All methods may be called on any thread; only wait_until_registered(),
// wait_until_left() and the destructor wait. Nothing here touches the process's signals, and a
// connection that breaks raises no SIGPIPE.
//
// Errors: the constructor and the setters throw std::invalid_argument for what can never be right,
// and say which field it is; the constructor throws another std::runtime_error if the process may
// have no thread or descriptor more. Nothing else throws: what goes wrong on the way is told by
// state() and the log function, and mends itself. The log function must not throw, nor destroy the
// object.
//
// fork(): a child process has no thread of the object's. It must not use it; destroying it there
// does nothing, and the registration stays the parent's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace sluice::client {

class [[gnu::visibility("default")]] Registrar {
 public:
  // An instance's own word on itself: to `up` alone connections are given.
  enum class Status : std::uint8_t { up, warming, draining, down };

  struct Options {
    std::string server = "http://127.0.0.1:9901";  // the admin API, or "unix:/run/sluice.sock"
    std::string token;                             // the secret of one that may register; "": none
    std::string service;                           // must be said
    std::string id;                     // unique in the service; "": the address with its port
    std::string address = "127.0.0.1";  // an IP address as Sluice reaches it, or "unix:/path"
    std::uint16_t port = 0;             // must be said, but for a unix socket
    std::uint32_t weight = 1;           // of its share of connections; at most 65535; 0: none
    std::uint32_t priority = 0;         // lower goes first; at most 65535
    std::string zone;
    std::map<std::string, std::string> labels;  // that selectors choose by
    std::map<std::string, std::string> meta;    // that only inform
    std::string version;
    std::string protocol;
    Status status = Status::up;
    std::string check;  // what is checked otherwise than the service says, as JSON with the keys of
                        // its `check`: {"type": "http", "http": {"path": "/ready"}}
    std::optional<std::chrono::milliseconds> ttl;  // none: the registry's default; 0: no lease
    std::chrono::milliseconds drain{0};  // how long its connections may go on when it leaves
    std::function<void(const std::string& line)> log;  // one line at each change
  };

  enum class Stage : std::uint8_t {
    registering,  // not registered yet, or not any more
    registered,
    superseded,  // another process has the id
    leaving,
    left,
  };

  struct State {
    Stage stage = Stage::registering;
    std::string state;   // what the proxy thinks: "up", "warming", "draining", "down"; "": unknown
    std::string reason;  // why: "ok", "check: connection refused", ...
    std::uint64_t connections = 0;  // that the proxy has open to it
    std::uint64_t incarnation = 0;  // 0: never registered
    std::string trouble;            // why the last request came to nothing; "": it did not
  };

  explicit Registrar(const Options& options);
  // Leaves, if leave() has not been called, and waits for it: for `drain` and as long as a request
  // may take, 10 s at most. A registry that cannot be reached is tried for 2 s.
  ~Registrar();
  Registrar(const Registrar&) = delete;
  Registrar& operator=(const Registrar&) = delete;

  // True once it is registered and every worker of the proxy routes by it; false if that has not
  // come about in time, or it leaves.
  bool wait_until_registered(std::chrono::milliseconds timeout) const;

  // Told to the registry at once, but at most five times a second (the last word counts), and again
  // whenever it registers anew.
  void set_weight(std::uint32_t weight);
  void set_load(double load);  // as the program measures it, from 0; shown, not balanced by
  void set_status(Status status);

  // As of the last answer of the registry's.
  State state() const;

  // Begins to leave: no new connection comes any more, those that are there may end within `drain`.
  void leave();
  // True once it has left: its last connection through the proxy has gone, or `drain` is over.
  bool wait_until_left(std::chrono::milliseconds timeout) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::client
