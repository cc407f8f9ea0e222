#include "proxy/session/crew.h"

#include <utility>

namespace sluice::session {

Crew::Choice Crew::take_least(std::size_t own) {
  std::size_t least = own;
  for (int i = 0; i < kTries; ++i) {
    least = own;
    std::uint32_t fewest = connections(own);
    for (std::size_t step = 1; step < berths_.size() && fewest != 0; ++step) {
      const std::size_t other = (own + step) % berths_.size();
      const std::uint32_t count = connections(other);
      if (count >= fewest) continue;
      least = other;
      fewest = count;
    }
    Place place = Place::take_after(berths_[least].connections, fewest);
    if (place) return {least, std::move(place)};
  }
  return {least, take(least)};
}

void Crew::wake() {
  for (Berth& berth : berths_) berth.bell->ring();
}

void Crew::hand_over(std::size_t worker, Arrival arrival) {
  berths_[worker].arrivals.post(std::move(arrival));
  berths_[worker].bell->ring();
}

}  // namespace sluice::session
