// The second stage of a connection: client and instance are connected, two Pumps move the bytes.
//
// Keeps the promises of the end: what one side's kernel accepted before its FIN or reset reaches
// the other side first; a FIN is passed on as a FIN while the other direction goes on; a reset is
// passed on as a reset. A reset throws away what the kernel still holds for the peer, so before
// that one the relay waits (bounded) until the peer has acknowledged everything.
//
// It also puts keepalive and user timeout on the instance's socket, once the connection is a
// quarter of a second old: they look after seconds, and most connections need no more than that
// quarter.
//
// Where the handshake with the instance waits for the client's first bytes (net::Begins::we), it is
// ended when none have come for 16 ms.
//
// Owned by a Session, on the worker's thread. on_relay_ended() is called once, last, and may
// destroy the relay.
#pragma once

#include <cstdint>

#include "proxy/metrics/cells.h"
#include "proxy/session/context.h"
#include "proxy/session/pump.h"
#include "proxy/session/route.h"

namespace sluice::session {

// How the two sockets are to be closed.
enum class Ending : std::uint8_t { close_both, reset_client, reset_upstream, reset_both };

class Relay {
 public:
  class Owner {
   public:
    virtual void on_relay_ended(metrics::CloseReason reason, Ending ending) = 0;
    virtual void wake_at(
        std::uint64_t at_ms) = 0;  // calls on_deadline() then; moves an earlier wish
    virtual void run_again() = 0;  // calls on_ready() again in the next turn
    // It is a quarter of a second old, and goes on. True: the owner is to be asked again, when it
    // is another second older.
    virtual bool on_grown_up() = 0;
    // The first bytes of either side have passed, by the client or (also if both spoke) not.
    virtual void on_first_words(bool client_first) = 0;

   protected:
    ~Owner() = default;
  };

  // `random` spreads max_age over lives: uniform in [0, 1).
  Relay(Owner& owner, Context& context, const Route& route, net::Socket& client,
        net::Socket& upstream, double random);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();

  // Before start(): the client's direction has begun already, at that time. The instance may have
  // reset it without a byte (errno; 0: it has not).
  void resume(Pump::Begun begun, int instance_error, std::uint64_t began_ms,
              std::uint64_t last_active_ms);
  void start();
  void on_ready();
  void on_deadline();

  // No byte either way for so long, and none on its way here.
  std::optional<std::uint64_t> quiet_ms() const;  // as of Session
  bool has_undelivered() const { return up_.has_parked() || down_.has_parked(); }
  bool is_closing() const { return flushing_ != nullptr; }
  // Did the client end its stream before the instance did, or at the same time?
  bool has_client_finished_first() const {
    return half_closed_ ? client_finished_first_ : client_.peer_finished;
  }
  std::uint64_t last_active_ms() const { return last_active_ms_; }
  std::uint64_t bytes_up() const { return up_.moved(); }
  std::uint64_t bytes_down() const { return down_.moved(); }
  int error() const { return error_; }  // errno behind a reset

 private:
  void pump();
  bool end_if_over();
  void note_first_words(bool of_both);
  void note_progress(std::uint64_t up, std::uint64_t down, std::uint64_t spliced);
  void pass_on_reset(net::Socket& to, metrics::CloseReason reason);
  void check_flushed();
  void schedule();
  std::uint64_t quiet_limit_ms() const;
  std::uint64_t silence_ends_ms() const;

  Owner& owner_;
  Context& context_;
  const Route& route_;
  net::Socket& client_;
  net::Socket& upstream_;
  Pump up_;    // from the client to the instance
  Pump down_;  // and back
  Pump::Progress up_progress_ = Pump::Progress::waiting;
  Pump::Progress down_progress_ = Pump::Progress::waiting;
  bool client_finished_first_ = false;
  bool half_closed_ = false;
  metrics::CloseReason reason_ = metrics::CloseReason::internal_error;  // once flushing
  net::Socket* flushing_ = nullptr;  // waits for this one to have everything, then resets it
  int error_ = 0;
  std::uint64_t last_active_ms_;
  std::uint64_t age_ends_ms_;    // UINT64_MAX: never
  std::uint64_t youth_ends_ms_;  // UINT64_MAX: it has ended
  bool is_watched_ = false;      // keepalive and user timeout are set
  std::uint64_t flush_ends_ms_ = 0;
};

}  // namespace sluice::session
