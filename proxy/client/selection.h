// Who is there now, and the choice among them: what a Catalogue says, for all threads of a program.
//
// An instance keeps its count of connections as long as it keeps its id and its address. The thread
// that watches shows; any thread picks and reads. A lock is held for a pick or a read, not while
// rings and tables are built.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "proxy/balance/balancer.h"
#include "proxy/client/discoverer.h"

namespace sluice::client {

class Selection {
 public:
  using Entries = std::vector<std::shared_ptr<const Instance>>;

  explicit Selection(Discoverer::Policy policy);

  // From here on these are there. Requires: in order of their ids, with addresses that can be read.
  void show(Entries entries);
  Entries entries() const;

  struct Choice {
    std::shared_ptr<const Instance> instance;  // null: nobody
    registry::LoadToken token;
  };
  Choice pick(std::string_view key, const std::vector<std::string>& tried);

 private:
  // What a balancer is built of.
  using Topology = std::vector<std::tuple<registry::Live*, std::uint32_t, std::uint32_t>>;

  const config::Balance rules_;
  std::vector<balance::Member> members_;  // of entries_, one by one; who shows alone
  Topology topology_;                     // of the balancer; who shows alone

  mutable std::mutex mutex_;  // of what follows
  Entries entries_;
  std::shared_ptr<const balance::Balancer> balancer_;
  balance::Cursor cursor_;
};

}  // namespace sluice::client
