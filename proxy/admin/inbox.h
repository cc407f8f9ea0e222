// The way into the transport's thread for all other threads: answers to requests, word of what else
// waits to be sent, new settings, the end.
//
// Shared by the transport, the HttpServer and every Responder that is still out, so it may outlive
// the first two. A lock is held for a push or a swap; this is not the data path.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "proxy/admin/flow.h"
#include "proxy/admin/http.h"
#include "proxy/admin/settings.h"
#include "proxy/net/loop.h"

namespace sluice::admin {

struct Answer {
  std::uint64_t connection = 0;
  std::shared_ptr<const Reply> reply;
  std::shared_ptr<Flow> flow = nullptr;  // follows the reply; null: nothing does
};

// A request whose answer takes as long as it takes.
struct Hold {
  std::shared_ptr<Responder::Pending> request;
  std::function<void()> on_gone;
};

// To be taken in this order: a request is held before it is answered, and answered before more
// flows.
struct Mail {
  std::vector<Hold> holds;
  std::vector<Answer> answers;               // oldest first
  std::vector<std::uint64_t> flows;          // connections that have something to send
  std::shared_ptr<const Settings> settings;  // null: none that are new
  bool stop = false;
};

class Inbox {
 public:
  // Any thread. After close() they do nothing.
  bool post(Answer answer);  // false: after close()
  void post(Hold hold);
  void post_flow(std::uint64_t connection);
  void post(std::shared_ptr<const Settings> settings);
  void post_stop();

  // The transport's: mail rings `bell` from open() to close().
  void open(net::Bell& bell);
  Mail close();  // and hands over what nobody will take any more
  Mail take();

 private:
  void ring();  // Requires: mutex_ is held

  std::mutex mutex_;
  net::Bell* bell_ = nullptr;
  Mail mail_;
};

// One request that waits for its answer. Settled: it has been answered, or its connection has gone
// on without. Whoever settles it first has the word.
struct Responder::Pending {
  Pending(std::shared_ptr<Inbox> to, std::uint64_t of) : inbox(std::move(to)), connection(of) {}
  ~Pending();  // not settled: 503
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  const std::shared_ptr<Inbox> inbox;
  const std::uint64_t connection;
  std::atomic<bool> settled{false};
};

}  // namespace sluice::admin
