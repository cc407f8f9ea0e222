// Writes the pages that may be long, on a thread of its own: thousands of instances are megabytes
// and tens of milliseconds, in which the transport's thread is to answer /healthz.
//
// That thread has nice 10: where it shares a core with a worker, the connections go first. The
// transport's has not, for an orchestrator kills a process whose health nobody answers for.
//
// Made and destroyed on any one thread. The destructor waits for the page that is being written;
// those that are not begun are given up (503).
#pragma once

#include <memory>
#include <thread>

#include "proxy/admin/orders.h"

namespace sluice::admin {

class Scribe {
 public:
  Scribe();
  ~Scribe();
  Scribe(const Scribe&) = delete;
  Scribe& operator=(const Scribe&) = delete;

  // Where to order. A page is called on the scribe's thread, if somebody still waits for it; an
  // exception from it becomes a 500 without its text.
  const std::shared_ptr<Orders>& orders() const { return orders_; }

 private:
  const std::shared_ptr<Orders> orders_ = std::make_shared<Orders>();
  std::thread thread_;
};

}  // namespace sluice::admin
