#include "proxy/skew.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proxy/rebalancer.h"

namespace sluice {
namespace {

using registry::Verdict;

struct One {
  std::uint32_t connections;
  std::uint32_t weight = 1;
  std::uint32_t priority = 0;
  Verdict verdict = Verdict::eligible;
  std::uint16_t warmth = registry::kFullWarmth;
};

registry::Service service_of(const std::vector<One>& ones) {
  registry::Service service;
  for (const One& one : ones) {
    registry::Instance instance;
    instance.id = std::to_string(service.instances.size());
    instance.live = std::make_shared<registry::Live>(registry::Identity{{}, instance.id, 1, {}});
    instance.live->active = one.connections;
    instance.live->verdict = one.verdict;
    instance.live->warmth = one.warmth;
    instance.weight = one.weight;
    instance.priority = one.priority;
    service.instances.put(std::make_shared<registry::Instance>(instance));
  }
  return service;
}

std::string text(const std::vector<Surplus>& surplus) {
  std::string text;
  for (const Surplus& each : surplus) {
    text += *each.live->identity.id + ":" + std::to_string(each.connections) + ">" +
            std::to_string(each.allowed) + " ";
  }
  return text;
}

TEST(Skew, IsWhatIsAboveTheShare) {
  const struct {
    const char* what;
    std::vector<One> ones;
    double max_skew;
    std::string surplus;
  } rows[] = {
      {"nobody", {}, 0.2, ""},
      {"one alone has all", {{100}}, 0, ""},
      {"an old one and three new ones", {{100}, {0}, {0}, {0}}, 0.2, "0:100>30 "},
      {"on the bound", {{30}, {30}, {20}, {20}}, 0.2, ""},
      {"above it", {{31}, {29}, {20}, {20}}, 0.2, "0:31>30 "},
      {"two of them", {{40}, {40}, {10}, {10}}, 0.2, "0:40>30 1:40>30 "},
      {"few are rounded up", {{2}, {0}}, 0.2, ""},
      {"three are not", {{3}, {0}}, 0.2, "0:3>2 "},
      {"one is nobody's surplus", {{1}, {0}, {0}, {0}}, 0, ""},
      {"by weight", {{75, 3}, {25, 1}}, 0, ""},
      {"of weight 0: apart", {{50, 0}, {10}, {10}}, 0, ""},
      {"who is out is apart", {{50, 1, 0, Verdict::never}, {10}, {10}}, 0, ""},
      {"the first priority", {{50, 1, 1}, {10}, {2}}, 0, "1:10>6 "},
      {"as far as it is warm", {{80}, {20, 1, 0, Verdict::eligible, 250}}, 0, ""},
      {"and no further", {{80}, {20, 1, 0, Verdict::eligible, 500}}, 0, "0:80>67 "},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(text(surplus_of(service_of(row.ones), row.max_skew)), row.surplus) << row.what;
  }
}

TEST(Skew, OfTheQuietestNoMoreThanTheSurplus) {
  const registry::Service service = service_of({{5}, {4}, {0}});
  const auto surplus = surplus_of(service, 0);
  ASSERT_EQ(text(surplus), "0:5>3 1:4>3 ");
  const registry::Live* a = surplus[0].live.get();
  const registry::Live* b = surplus[1].live.get();
  const std::vector<QuietOne> quiet = {{0, 1, 10, a}, {0, 2, 50, b}, {1, 3, 40, b},
                                       {1, 4, 30, a}, {1, 5, 20, a}, {0, 6, 99, nullptr}};
  const auto serials = [&](std::size_t most) {
    std::vector<std::uint64_t> found;
    for (const QuietOne& one : choose_quietest(quiet, surplus, most)) found.push_back(one.serial);
    return found;
  };
  EXPECT_EQ(serials(9), (std::vector<std::uint64_t>{2, 4, 5}));
  EXPECT_EQ(serials(2), (std::vector<std::uint64_t>{2, 4}));
  EXPECT_EQ(serials(0), (std::vector<std::uint64_t>{}));
}

}  // namespace
}  // namespace sluice
