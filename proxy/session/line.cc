#include "proxy/session/line.h"

#include "proxy/session/waiting_room.h"

namespace sluice::session {

std::shared_ptr<Line::Row> Line::row(const std::shared_ptr<Line>& line, const std::string& key,
                                     bool of_retries) {
  const std::lock_guard lock(line->mutex_);
  Row& row = line->rows_.try_emplace({key, of_retries}, *line).first->second;
  return {line, &row};
}

void Line::call() const {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, row] : rows_) row.call_first();
}

void Line::Row::call_first() const {
  if (!guests_.empty()) guests_.front()->room_->ring();
}

bool Line::Row::is_empty() const {
  const std::lock_guard lock(line_.mutex_);
  return guests_.empty();
}

// Whoever is first is called anew: a place may have become free since it was refused one.
void Line::Row::enter(Guest& guest) {
  const std::lock_guard lock(line_.mutex_);
  guest.place_ = guests_.insert(guests_.end(), &guest);
  line_.cells_->waiting.fetch_add(1);
  if (guests_.front() == &guest) call_first();
}

void Line::Row::leave(Guest& guest) {
  const std::lock_guard lock(line_.mutex_);
  const bool was_first = guests_.front() == &guest;
  guests_.erase(guest.place_);
  line_.cells_->waiting.fetch_sub(1);
  if (was_first) call_first();
}

Line::Guest* Line::Row::first_of(const WaitingRoom& room) const {
  const std::lock_guard lock(line_.mutex_);
  if (guests_.empty() || guests_.front()->room_ != &room) return nullptr;
  return guests_.front();
}

}  // namespace sluice::session
