// A service's instances to balance over, and what became of picks.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/balance/balancer.h"

namespace sluice::balance::testing {

using registry::Verdict;

inline config::Endpoint ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                             std::uint16_t port) {
  config::Endpoint endpoint;
  endpoint.ip = {a, b, c, d};
  endpoint.port = port;
  return endpoint;
}

inline Member make_member(const std::string& id, const config::Endpoint& address,
                          std::uint32_t weight = 1, std::uint32_t priority = 0) {
  Member member;
  member.live = std::make_shared<registry::Live>(registry::Identity{"pg", id, 1, address});
  member.live->verdict = Verdict::eligible;
  member.weight = weight;
  member.priority = priority;
  return member;
}

// Members a, b, c ... of the given weights, all eligible, at 10.0.0.1:80, 10.0.0.2:80 ...
inline std::vector<Member> fleet(const std::vector<std::uint32_t>& weights) {
  std::vector<Member> members;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    members.push_back(make_member(std::string(1, static_cast<char>('a' + i)),
                                  ipv4(10, 0, 0, static_cast<std::uint8_t>(i + 1), 80),
                                  weights[i]));
  }
  return members;
}

// `count` members of weight `weight`, with ids and addresses in the same order.
inline std::vector<Member> crowd(std::size_t count, std::uint32_t weight = 1) {
  std::vector<Member> members;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string digits = std::to_string(100000 + i);
    members.push_back(make_member(
        "i" + digits,
        ipv4(10, 1, static_cast<std::uint8_t>(i / 256), static_cast<std::uint8_t>(i % 256), 80),
        weight));
  }
  return members;
}

inline std::shared_ptr<const Balancer> balance_by(config::Policy policy,
                                                  std::vector<Member> members) {
  config::Balance balance;
  balance.policy = policy;
  return make_balancer(balance, by_id(std::move(members)));
}

inline registry::Live& live(const Balancer& balancer, std::string_view id) {
  for (const Member& member : balancer.members()) {
    if (member.id() == id) return *member.live;
  }
  throw std::out_of_range("no member " + std::string(id));
}

// The ids of `count` picks in a row, each released before the next.
inline std::vector<std::string> pick_ids(const Balancer& balancer, Cursor& cursor,
                                         std::size_t count, const Tried& tried = {},
                                         std::string_view client = {}) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < count; ++i) {
    const Pick pick = balancer.pick(Key{client}, tried, cursor);
    ids.push_back(pick ? pick.member->id() : "-");
  }
  return ids;
}

// The same written together: "aabacaa".
inline std::string sequence(const Balancer& balancer, Cursor& cursor, std::size_t count,
                            const Tried& tried = {}) {
  std::string joined;
  for (const std::string& id : pick_ids(balancer, cursor, count, tried)) joined += id;
  return joined;
}

// How often each id was picked.
inline std::map<std::string, int> tally(const std::vector<std::string>& ids) {
  std::map<std::string, int> counts;
  for (const std::string& id : ids) ++counts[id];
  return counts;
}

// Where a key goes, by id.
inline std::string home(const Balancer& balancer, std::string_view key, Cursor& cursor,
                        const Tried& tried = {}) {
  const Pick pick = balancer.pick(Key{key}, tried, cursor);
  return pick ? pick.member->id() : "-";
}
inline std::string home(const Balancer& balancer, std::string_view key, const Tried& tried = {}) {
  Cursor cursor(0, 0);
  return home(balancer, key, cursor, tried);
}

inline std::string client_address(std::uint32_t i) {
  return "127." + std::to_string(i >> 16 & 255) + "." + std::to_string(i >> 8 & 255) + "." +
         std::to_string(i & 255);
}

}  // namespace sluice::balance::testing
