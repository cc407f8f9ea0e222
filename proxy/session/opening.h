// The stage between Connector and Relay, where a service replays (retry.replay): the instance has
// taken the connection and has yet to prove that it serves it.
//
// Passes on what the client says and keeps it, until the instance's first byte comes; then the
// Relay goes on from there, and what was kept is freed. If the instance ends the connection before
// any byte, the Session may go back to its Connector, and another instance is told the same again,
// the client's end of stream included. Each connection sends its bytes once to an instance that
// answers, and perhaps to others before that have taken them and said nothing: what they did with
// them is not known here, which is why this is off unless a service asks for it.
//
// It gives way to the Relay as well when the client says more than is kept, resets, or when the
// time for retries is over; from then on nothing is replayed. Connections of services that do not
// replay never come here.
//
// Owned by a Session, on the worker's thread; uses its sockets, deadline and what it keeps (Said).
// on_opened() and on_early_close() are called last, one of them, and may destroy it.
#pragma once

#include <cstdint>
#include <memory>

#include "proxy/metrics/cells.h"
#include "proxy/session/context.h"
#include "proxy/session/pump.h"
#include "proxy/session/route.h"

namespace sluice::session {

// What a client has said so far. Goes from one Opening to the next.
struct Said {
  explicit Said(std::size_t kept) : most(kept), bytes(new char[kept + 1]) {}

  const std::size_t most;         // that is kept
  std::unique_ptr<char[]> bytes;  // room for one more: the sign of more than that
  std::size_t size = 0;
  bool finished = false;  // the end of its stream came next
};

class Opening {
 public:
  class Owner {
   public:
    // Go on with a Relay. `instance_error`: errno of the instance's reset, which nobody will meet
    // again on reading; 0: there was none.
    virtual void on_opened(Pump::Begun begun, int instance_error) = 0;
    // The instance has closed or reset the connection, without a byte. give_way() may follow.
    virtual void on_early_close(metrics::CloseReason reason, int error) = 0;
    virtual void wake_at(std::uint64_t at_ms) = 0;  // calls on_deadline() then

   protected:
    ~Owner() = default;
  };

  Opening(Owner& owner, Context& context, net::Socket& client, net::Socket& upstream, Said& said);
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;

  void start(std::uint64_t until_ms);
  void on_ready();
  void on_deadline() { give_way(); }

  // Has the Relay go on from here, whatever has come of it.
  void give_way();

  std::uint64_t bytes_up() const { return sent_; }
  bool has_unsent() const { return sent_ < said_.size; }
  std::uint64_t began_ms() const { return began_ms_; }
  std::uint64_t last_active_ms() const { return last_active_ms_; }

 private:
  enum class Look : std::uint8_t { quiet, spoke, closed, reset };
  Look look_at_instance();
  bool tell_of(Look look);
  bool listen();
  bool pass_on();

  Owner& owner_;
  Context& context_;
  net::Socket& client_;
  net::Socket& upstream_;
  Said& said_;
  std::size_t sent_ = 0;    // of what was said, to this instance
  bool end_sent_ = false;   // and that it was all
  int client_error_ = 0;    // errno of its reset
  int instance_error_ = 0;  // likewise
  const std::uint64_t began_ms_;
  std::uint64_t last_active_ms_;
};

}  // namespace sluice::session
