// Those of one worker's clients who wait for a place with a service (see line.h for their order
// over all workers).
//
// One a worker, on its thread; only ring() may be called from elsewhere.
#pragma once

#include <cstddef>
#include <map>
#include <memory>

#include "proxy/net/loop.h"
#include "proxy/session/line.h"

namespace sluice::session {

class WaitingRoom {
 public:
  explicit WaitingRoom(net::Loop& loop) : bell_(loop, [this] { look(); }) {}
  WaitingRoom(const WaitingRoom&) = delete;
  WaitingRoom& operator=(const WaitingRoom&) = delete;

  // Puts the guest at the end of the row, unless it waits already: then it keeps its place.
  void enter(Line::Guest& guest, const std::shared_ptr<Line::Row>& row);
  void leave(Line::Guest& guest);  // if it is in
  static bool is_in(const Line::Guest& guest) { return guest.row_ != nullptr; }

  // Whether others are before it: it has not entered yet, and the row is not empty.
  static bool must_wait(const Line::Guest& guest, const Line::Row& row) {
    return !is_in(guest) && !row.is_empty();
  }

  // Calls those of its guests who are first in their rows, and those who are then, as long as each
  // leaves: so many in a turn at most, and the rest in the next.
  void look();
  void ring() { bell_.ring(); }  // has look() called, soon

 private:
  static constexpr int kBatch = 64;

  void call_first_ones(const Line::Row& row);

  net::Bell bell_;
  std::map<std::shared_ptr<Line::Row>, std::size_t> rows_;  // and how many of each are here
  Line::Guest* called_ = nullptr;                           // until it leaves
};

}  // namespace sluice::session
