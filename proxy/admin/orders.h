// Pages that were ordered and are not begun yet, first come, first served.
//
// Readers of one page share it if it has not been begun: it is written once for all who have asked
// by then, so what a reader gets is never older than his request, and a crowd of scrapers costs one
// page beyond the one that is being written. Nothing is kept for later ones.
//
// What nobody waits for any more is forgotten when the next page is ordered. So there are never
// more orders than connections (admin.limits.connections), and there is no other limit.
//
// Shared by the scribe, the API's routes and whoever looks something up for a page, so it may
// outlive the first two. Any thread; a lock is held for a push or a pop.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "proxy/admin/http.h"

namespace sluice::admin {

using Page = std::function<Reply()>;

struct Order {
  std::string name;  // orders of one name are for equal pages; "": shared with none
  Page page;
  std::vector<Responder> readers;
};

class Orders {
 public:
  // Joins an order of that name if there is one, whose page will do. After close() the reader is
  // answered 503.
  void place(std::string name, Page page, const Responder& reader);

  // The scribe's: the oldest, for which it waits. Nothing once they are closed.
  std::optional<Order> next();
  void close();  // who waits for a page is answered 503

 private:
  void forget_unread();  // Requires: mutex_ is held

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Order> orders_;
  bool is_closed_ = false;
};

}  // namespace sluice::admin
