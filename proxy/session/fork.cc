#include "proxy/session/fork.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::session {

namespace {

using Way = Fork::Way;

// The weights of a split at one moment: they may change between two looks.
class Lots {
 public:
  explicit Lots(const std::vector<Way>& ways) : size_(std::min(ways.size(), config::kMostParts)) {
    for (std::size_t i = 0; i < size_; ++i) {
      weights_[i] = ways[i]->part->weight.load(std::memory_order_relaxed);
      sum_ += weights_[i];
    }
  }
  std::size_t size() const { return size_; }
  bool is_empty() const { return sum_ == 0; }
  void take_out(std::size_t place) { sum_ -= std::exchange(weights_[place], 0); }

  // The place of one, and what is left of the random number. All are at 0 only for the moment of a
  // reload that takes one part's weight to another: then it is the first.
  std::size_t draw(std::uint64_t& random) const {
    if (is_empty()) return 0;
    std::uint64_t lot = random % sum_;
    random /= sum_;
    std::size_t place = 0;
    while (lot >= weights_[place]) lot -= weights_[place++];
    return place;
  }

 private:
  const std::size_t size_;
  std::array<std::uint64_t, config::kMostParts> weights_{};
  std::uint64_t sum_ = 0;
};

bool has_somebody(const Way& way) {
  return way->upstream->balancer->has_untried({});
}

const Way& draw(const std::vector<Way>& ways, std::uint64_t random, std::size_t worker) {
  Lots lots(ways);
  const std::size_t drawn = lots.draw(random);
  if (has_somebody(ways[drawn])) return ways[drawn];
  for (std::size_t i = 0; i < lots.size(); ++i) {
    if (!has_somebody(ways[i])) lots.take_out(i);
  }
  if (lots.is_empty()) return ways[drawn];
  ways[drawn]->part->of(worker).passed_over.increment();
  return ways[lots.draw(random)];
}

}  // namespace

const Way* Fork::choose(const net::Peer& client, std::uint64_t random, std::size_t worker) const {
  const config::Endpoint address = client.endpoint();
  const auto rule = std::ranges::find_if(rules_, [&](const Rule& each) {
    return each.source.empty() || (!client.is_unix() && config::is_in(each.source, address));
  });
  if (rule == rules_.end()) return nullptr;
  const bool is_split = rule->ways.front()->part != nullptr;
  const Way& way = is_split ? draw(rule->ways, random, worker) : rule->ways.front();
  if (is_split) way->part->of(worker).given.increment();
  return &way;
}

}  // namespace sluice::session
