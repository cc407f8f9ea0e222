// The clients of a service that wait for a place: for room at an instance or under the service's
// limit of connections (`limits.queue`), or for somebody to be there at all (`no_instance: hold`).
//
// One Line a service, for its life, shared by all workers; each Upstream leads to it. It has a row
// for each selection of the service that a listener asks for, and one more for those of each who
// were refused by an instance and wait for another. The order of a row is that in which its guests
// came, whichever worker each is with, and only the first of a row is called: so nobody is
// overtaken. Who comes while a row is not empty goes to its end (WaitingRoom::must_wait), though
// there be a place. Of two rows, which wait for different instances, neither goes before the other.
//
// The first of each row is called when a place has become free (call()), when the one before it has
// left, when it has just come, and by its worker when that has a new plan: verdicts, members and
// limits that have changed make a plan. It tries, and if there is no room it stays first.
//
// A mutex guards it, which is taken only where somebody waits: who gives back a place looks first
// at a number (ServiceCells::waiting). The writes and looks on both sides are sequentially
// consistent, so that of one who enters and one who gives back at the same time, at least one sees
// the other.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "proxy/metrics/cells.h"

namespace sluice::session {

class WaitingRoom;

class Line {
 public:
  class Row;

  // Who waits. On its worker's thread, in its room; leaves before it goes away.
  class Guest {
   public:
    Guest() = default;
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;
    // It is the first of its row. If it finds a place, or gives up, it leaves.
    virtual void on_called() = 0;

   protected:
    ~Guest() = default;

   private:
    friend class Row;
    friend class WaitingRoom;
    WaitingRoom* room_ = nullptr;
    std::shared_ptr<Row> row_;  // null: it does not wait
    std::list<Guest*>::iterator place_;
  };

  class Row {
   public:
    explicit Row(Line& line) : line_(line) {}
    Row(const Row&) = delete;
    Row& operator=(const Row&) = delete;
    Line& line() const { return line_; }

   private:
    friend class Line;
    friend class WaitingRoom;
    bool is_empty() const;
    void enter(Guest& guest);  // at its end
    void leave(Guest& guest);
    Guest* first_of(const WaitingRoom& room) const;  // null: another room's, or nobody
    void call_first() const;                         // requires: the mutex

    Line& line_;
    std::list<Guest*> guests_;
  };

  explicit Line(std::shared_ptr<metrics::ServiceCells> cells) : cells_(std::move(cells)) {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  // The row of a selection, by its key, or of those of it who retry; it keeps the line.
  static std::shared_ptr<Row> row(const std::shared_ptr<Line>& line, const std::string& key,
                                  bool of_retries);

  // Any thread: has the first of each row called, on the worker that it is with.
  void call() const;

  // Whoever needs two places, one with the service and one with an instance, takes both in one
  // turn, or gives back the first in it: nobody is refused for a place that another does not use.
  std::unique_lock<std::mutex> take_in_turn() { return std::unique_lock(turn_); }

 private:
  const std::shared_ptr<metrics::ServiceCells> cells_;
  std::mutex turn_;
  mutable std::mutex mutex_;  // guards the rows and all who are in them
  std::map<std::pair<std::string, bool>, Row> rows_;
};

}  // namespace sluice::session
