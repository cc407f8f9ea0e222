#include "proxy/balance/turns.h"

#include <cstddef>
#include <utility>

namespace sluice::balance {

bool Turns::align(std::uint64_t version, const std::vector<Member>& members, std::uint32_t unit) {
  std::vector<std::int64_t> credit(members.size(), 0);
  std::vector<std::shared_ptr<const registry::Live>> whose;
  whose.reserve(members.size());
  bool carried = false;
  std::size_t old = 0;
  for (std::size_t now = 0; now < members.size(); ++now) {
    const auto& live = members[now].live;
    while (old < whose_.size() && whose_[old]->identity.id < live->identity.id) ++old;
    // The same id under a new incarnation is another instance.
    if (old < whose_.size() && whose_[old] == live) {
      credit[now] = credit_[old] * unit / unit_;
      carried = true;
    }
    whose.push_back(live);
  }
  credit_ = std::move(credit);
  whose_ = std::move(whose);
  version_ = version;
  unit_ = unit;
  return !carried;
}

}  // namespace sluice::balance
