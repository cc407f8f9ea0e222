#include "proxy/session/waiting_room.h"

#include <utility>
#include <vector>

namespace sluice::session {

void WaitingRoom::enter(Line::Guest& guest, const std::shared_ptr<Line::Row>& row) {
  if (is_in(guest)) return;
  guest.room_ = this;
  guest.row_ = row;
  ++rows_[row];
  row->enter(guest);
}

void WaitingRoom::leave(Line::Guest& guest) {
  const auto row = std::exchange(guest.row_, nullptr);
  if (row == nullptr) return;
  row->leave(guest);
  const auto at = rows_.find(row);
  if (--at->second == 0) rows_.erase(at);
  if (called_ == &guest) called_ = nullptr;
}

// Whoever is called may have others leave or come, so each is taken from what is there then.
void WaitingRoom::look() {
  std::vector<std::shared_ptr<Line::Row>> rows;
  rows.reserve(rows_.size());
  for (const auto& [row, guests] : rows_) rows.push_back(row);
  for (const auto& row : rows) call_first_ones(*row);
}

void WaitingRoom::call_first_ones(const Line::Row& row) {
  for (int calls = 0; Line::Guest* first = row.first_of(*this); ++calls) {
    if (calls == kBatch) return ring();
    called_ = first;
    first->on_called();
    if (std::exchange(called_, nullptr) != nullptr) return;  // it stays
  }
}

}  // namespace sluice::session
