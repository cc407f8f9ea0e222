// The frame for servers that behave in one stated way each (tests/support/servers.h has the ways).
//
// A Backend owns a port, a listening socket and a thread with an epoll set; each connection that it
// accepts is served by a Script, which lives and is called on that thread. Everything public on
// Backend may be called from any thread. stop() closes the listener and all connections, as the
// death of a process would; start() opens the same port again. The destructor stops.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/socket.h"
#include "tests/support/wait.h"

namespace sluice::test {

class Backend {
 public:
  class Connection;

  // What to do with one connection.
  class Script {
   public:
    virtual ~Script() = default;
    virtual void on_accept(Connection&) {}
    virtual void on_data(Connection&, std::string_view) {}
    virtual void on_finish(
        Connection&);  // the client has finished: by default so do we, once all is sent
  };
  using MakeScript = std::function<std::unique_ptr<Script>()>;

  struct Event {
    enum class What { accepted, client_finished, client_reset, closed } what;
    Clock::time_point when;
    std::uint64_t connection;  // counts from 0
  };

  // On a port of its own, unless an address is given.
  explicit Backend(MakeScript make_script, const ListenOptions& options = {},
                   const std::string& address = loopback(reserve_port()));
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  void start();
  void stop();
  void release();  // connections whose reading is paused begin to read, now and from here on

  const std::string& address() const { return address_; }
  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t live() const { return live_; }            // connections open now
  std::uint64_t most_live() const { return most_live_; }  // the most at one time
  std::uint64_t received() const { return received_; }    // bytes
  std::uint64_t sent() const { return sent_; }            // bytes that the kernel took
  std::vector<Event> events() const;
  std::uint64_t count(Event::What what) const;

 private:
  class Loop;
  void note(Event::What what, std::uint64_t connection);

  const MakeScript make_script_;
  const ListenOptions options_;
  const std::string address_;
  std::atomic<std::uint64_t> accepted_{0}, live_{0}, most_live_{0}, received_{0}, sent_{0};
  std::atomic<bool> released_{false};
  mutable std::mutex mutex_;
  std::vector<Event> events_;  // guarded by mutex_
  std::unique_ptr<Loop> loop_;
};

// A connection as its script sees it. Nothing here blocks: what the kernel does not take waits, and
// reading pauses while more than 256 KiB wait.
class Backend::Connection {
 public:
  Connection(Fd socket, std::uint64_t serial) : socket_(std::move(socket)), serial_(serial) {}

  void send(std::string_view bytes) { waiting_ += bytes; }
  void send_stream(std::uint64_t seed, std::uint64_t n);  // after all that is sent otherwise
  void finish() { then_ = Then::finish; }                 // FIN once all is sent; reading goes on
  void close() { then_ = Then::close; }                   // closes once all is sent
  void reset();                                           // RST, at once
  void pause_reading() { paused_ = true; }                // until Backend::release()

 private:
  friend class Backend::Loop;
  enum class Then { stay, finish, close };
  struct Source;

  std::uint32_t interest() const;
  bool has_output() const { return !waiting_.empty() || source_ != nullptr; }
  bool refill();

  Fd socket_;
  const std::uint64_t serial_;
  std::unique_ptr<Script> script_;
  std::string waiting_;
  std::shared_ptr<Source> source_;
  Then then_ = Then::stay;
  bool paused_ = false;
  bool client_ended_ = false;
  bool finished_ = false;      // our FIN is out
  std::uint32_t watched_ = 0;  // events in the epoll set; 0: not in it
};

}  // namespace sluice::test
