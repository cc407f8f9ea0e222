#include "proxy/session/waiting_room.h"

#include <utility>
#include <vector>

namespace sluice::session {

void WaitingRoom::enter(Guest& guest, ServiceState& service) {
  std::list<Guest*>& line = guests_[&service];
  guest.place_ = line.insert(line.end(), &guest);
  guest.waits_for_ = &service;
  if (!timer_.is_running()) timer_.repeat(kLookEveryMs);
}

void WaitingRoom::leave(Guest& guest) {
  ServiceState* const service = std::exchange(guest.waits_for_, nullptr);
  if (service == nullptr) return;
  const auto at = guests_.find(service);
  at->second.erase(guest.place_);
  if (at->second.empty()) guests_.erase(at);
  if (guests_.empty()) timer_.stop();
}

// Whoever is called may come again, or have others leave: so each is taken from what is there then.
void WaitingRoom::look() {
  std::vector<ServiceState*> served;
  for (const auto& [service, line] : guests_) {
    if (service->current->balancer->has_untried({})) served.push_back(service);
  }
  for (ServiceState* service : served) {
    const auto at = guests_.find(service);
    if (at == guests_.end()) continue;
    for (std::size_t called = at->second.size(); called > 0 && guests_.contains(service);
         --called) {
      Guest& first = *guests_.at(service).front();
      leave(first);
      first.on_called();
    }
  }
}

}  // namespace sluice::session
