#include "proxy/balance/policy.h"

#include <cassert>
#include <utility>

#include "proxy/balance/first.h"
#include "proxy/balance/ketama.h"
#include "proxy/balance/least_connections.h"
#include "proxy/balance/maglev.h"
#include "proxy/balance/p2c.h"
#include "proxy/balance/random.h"
#include "proxy/balance/round_robin.h"

namespace sluice::balance {

Policy::Policy(std::vector<Candidate> candidates) : candidates_(std::move(candidates)) {}

const Candidate* Policy::count(const Candidate* chosen, const Filter& filter) {
  if (chosen == nullptr || chosen->live->take_place()) return chosen;
  filter.note_lost_race();
  return nullptr;
}

std::unique_ptr<const Policy> make_policy(const config::Balance& config,
                                          std::vector<Candidate> candidates) {
  switch (config.policy) {
    case config::Policy::least_connections:
      return std::make_unique<LeastConnections>(std::move(candidates));
    case config::Policy::p2c:
      return std::make_unique<TwoChoices>(std::move(candidates));
    case config::Policy::round_robin:
      return std::make_unique<RoundRobin>(std::move(candidates));
    case config::Policy::random:
      return std::make_unique<Random>(std::move(candidates));
    case config::Policy::first:
      return std::make_unique<First>(std::move(candidates));
    case config::Policy::hash:
      return std::make_unique<Ketama>(std::move(candidates), config.hash);
    case config::Policy::maglev:
      return std::make_unique<Maglev>(std::move(candidates), config.hash);
  }
  assert(false && "a policy of the schema that is not built here");
  return nullptr;
}

}  // namespace sluice::balance
