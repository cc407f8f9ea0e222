// The clients that one worker has accepted on a listener and that have no place yet: the listener
// is at its limit of connections, or of connections a second, and its `over_limit` is not `reject`.
//
// In the order in which they came. Nothing is read from them, so what they have sent waits in the
// kernel. How many wait at all workers is counted in ListenerCells::delayed: who gives back a place
// looks there. Belongs to the worker's thread; what is left at the end is closed.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "proxy/metrics/cells.h"
#include "proxy/net/address.h"
#include "proxy/net/fd.h"
#include "proxy/session/place.h"

namespace sluice::session {

class Doorstep {
 public:
  struct Client {
    net::Fd socket;
    net::Peer peer;
    Place process;  // that it holds while it waits
    std::uint64_t since_ms = 0;
  };

  Doorstep() = default;
  Doorstep(Doorstep&&) noexcept = default;
  ~Doorstep() {
    if (cells_) cells_->delayed -= static_cast<std::uint32_t>(clients_.size());
  }

  // `cells`: of the listener, the same each time.
  void add(const std::shared_ptr<metrics::ListenerCells>& cells, Client client) {
    cells_ = cells;
    clients_.push_back(std::move(client));
    ++cells_->delayed;
  }
  const Client* first() const { return clients_.empty() ? nullptr : &clients_.front(); }
  Client take_first() {  // requires: there is one
    Client client = std::move(clients_.front());
    clients_.pop_front();
    --cells_->delayed;
    return client;
  }

 private:
  std::shared_ptr<metrics::ListenerCells> cells_;
  std::deque<Client> clients_;
};

}  // namespace sluice::session
