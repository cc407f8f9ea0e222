// One client connection, from accept to its one close reason: a straight line of stages.
//
//   start() -> Preface (whose connection is it?) -> Connector (finds an instance) -> Relay (moves
//   the bytes) -> end: counted, logged, told
//
// Where the service replays, an Opening goes before the Relay, and may lead back to a Connector.
// The Preface is only there for who may send a PROXY header. From then on the client is whom the
// header names. Where the listener has routes, the session takes one of them before the Connector,
// and keeps it.
//
// Owned by a worker, on its thread. The session tells its Host once, last (on_session_ended), and
// is then destroyed by it; destroying it earlier cancels everything and closes both sockets.
// Counters are tokens that go with it: its places (process, listener, worker, service), the
// instance's load. Once they are given back, those who wait for one are told.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "proxy/net/address.h"
#include "proxy/session/connector.h"
#include "proxy/session/context.h"
#include "proxy/session/opening.h"
#include "proxy/session/place.h"
#include "proxy/session/preface.h"
#include "proxy/session/relay.h"
#include "proxy/session/route.h"

namespace sluice::session {

// What the API shows of a live session.
struct Description {
  std::uint64_t serial = 0;
  std::string listener, route, service, instance, client, upstream;
  std::string_view state;  // "preface" | "held" | "queued" | "connecting" | "relaying" | "closing"
  std::uint64_t incarnation = 0;
  std::uint64_t age_ms = 0;
  std::uint64_t idle_ms = 0;
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  std::uint32_t attempts = 0;
};

class Session final : net::Pollable,
                      net::Deadline,
                      Preface::Owner,
                      Connector::Owner,
                      Opening::Owner,
                      Relay::Owner {
 public:
  Session(Context& context, const RouteState& route, const net::Peer& client, Places&& places);
  // It has ended: its place under the listener's limits is free.
  void give_back_place() { places_.listener = {}; }
  ~Session();

  // Takes the accepted socket and sets off. May end the session at once.
  void start(net::Fd client);

  // Ends it now, for a reason from outside (drain, admin, instance_removed ...). May destroy the
  // session.
  void end(metrics::CloseReason reason, std::string_view detail);

  // The same with a reset on both sides.
  void reset(metrics::CloseReason reason, std::string_view detail);

  bool is_relaying() const {
    return std::holds_alternative<Relay>(stage_) || std::holds_alternative<Opening>(stage_);
  }
  bool is_quiet(std::uint64_t for_ms) const { return quiet_ms() >= for_ms; }
  // How long no byte has moved and none has been waiting to; nothing, which is less than any time:
  // it is not relaying, or some are.
  std::optional<std::uint64_t> quiet_ms() const;
  // The instance that it is connected to, or connecting to; null: none at the moment.
  const registry::Live* instance() const { return live_.get(); }
  const Route& route() const { return *route_; }
  std::uint64_t serial() const { return serial_; }
  Description describe() const;

  std::size_t slot = 0;  // its place in the host's list

 private:
  void on_ready() override;
  void on_deadline() override;
  void on_header(net::ProxyHeader header) override;
  void on_no_header() override;
  void on_no_preface(metrics::CloseReason reason, std::string_view detail) override;
  void on_attempt(const balance::Member& member) override;
  void on_connected(registry::LoadToken instance) override;
  void on_failed(metrics::CloseReason reason) override;
  void on_opened(Pump::Begun begun, int instance_error) override;
  void on_early_close(metrics::CloseReason reason, int error) override;
  void on_relay_ended(metrics::CloseReason reason, Ending ending) override;
  bool on_grown_up() override;
  void on_first_words(bool client_first) override;
  bool open_upstream(net::Fd fd) override;
  void wake_at(std::uint64_t at_ms) override;
  void run_again() override;

  // What another instance would go on from.
  struct Replay {
    Said said;
    Connector::Course course;
  };

  void connect();
  bool take_route();
  Connector& make_connector();
  Relay& make_relay();
  bool open();
  std::uint64_t opening_ends_ms() const;
  bool may_replay(const Connector::Course& course) const;
  bool introduce(const Introduction& introduction);
  void judge_instance(const Relay& relay, metrics::CloseReason reason);
  void finish(metrics::CloseReason reason, Ending ending, std::string_view detail);
  void close_sockets(Ending ending);
  void log_end(metrics::CloseReason reason, std::string_view detail, std::uint64_t duration_us);
  std::string failure_detail() const;
  void leave_service();

  Context& context_;
  std::shared_ptr<const Route> route_;  // as it was at the start, or was taken
  std::shared_ptr<ServiceState> service_;
  std::shared_ptr<metrics::ServiceCells> service_cells_;
  net::Peer client_peer_;
  Places places_;
  const std::uint64_t serial_;
  const std::uint64_t began_ns_;
  const std::uint64_t registry_index_;
  std::uint64_t connected_ns_ = 0;  // 0: not connected
  net::Socket client_;
  net::Socket upstream_;
  std::shared_ptr<registry::Live> live_;
  registry::LoadToken token_;                 // while relaying
  std::unique_ptr<net::ProxyHeader> header_;  // that it came with; null: none
  std::unique_ptr<Replay> replay_;            // null once there is nothing to replay
  std::variant<std::monostate, Preface, Connector, Opening, Relay>
      stage_;  // goes before what it refers to
  std::uint32_t attempts_ = 0;
  bool ended_ = false;
};

// Turns a client away before it has a session: counted, logged, and closed so that it sees an
// orderly end.
void refuse(Context& context, const Route& route, const net::Peer& client, net::Fd socket,
            metrics::CloseReason reason, std::string_view detail = "");

}  // namespace sluice::session
