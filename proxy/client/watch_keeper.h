// Keeps a watch on one service running, with a registry that may come, go and forget.
//
// A stream that ends is asked for again, after a pause (pauses.h), from the last event on: none is
// missed, unless the registry has forgotten it or restarted, and then a snapshot comes.
//
// Belongs to the loop's thread; nothing blocks. Destroying it ends all that.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "proxy/client/event_request.h"
#include "proxy/client/pauses.h"
#include "proxy/health/transfers.h"
#include "proxy/net/loop.h"

namespace sluice::client {

class WatchKeeper final : health::Transfer {
 public:
  // What it has to tell, on the loop's thread. None may destroy the keeper.
  struct Told {
    std::function<bool(const ServerEvent&)> event;  // false: it cannot be understood; all anew
    std::function<void()> heard;                    // the registry is there and lets us watch
    std::function<void(const std::string& trouble)> lost;  // no stream, and why
  };

  // Goes on after the event `last_id`; "": begins with a snapshot.
  WatchKeeper(net::Loop& loop, health::Transfers& transfers, const AdminAddress& registry,
              std::string service, std::string selector, std::string last_id, Told told);
  ~WatchKeeper();
  WatchKeeper(const WatchKeeper&) = delete;
  WatchKeeper& operator=(const WatchKeeper&) = delete;

  void begin();
  const std::string& last_id() const { return last_id_; }

 private:
  void ask();
  void abandon();
  void on_event(const ServerEvent& event);
  void on_done(CURLcode result) override;
  void on_unwatchable() override {}  // it ends as one that is quiet

  net::Loop& loop_;
  health::Transfers& transfers_;
  const std::string service_;
  const std::string selector_;
  std::string last_id_;
  const Told told_;
  AdminClient client_;
  std::optional<EventRequest> stream_;
  CURL* handle_ = nullptr;  // while the stream is under way
  net::Timer next_;         // until it is asked for
  std::uint64_t asked_ms_ = 0;
  bool begins_anew_ = false;  // what still comes of this stream does not count
  Pauses pauses_;
};

}  // namespace sluice::client
