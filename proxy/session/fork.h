// The routes of a listener that has several, and which one a connection takes.
//
// The first rule whose source holds the client counts. Of a split, the part is drawn at random by
// weight for each connection anew, each worker by itself, and a retry stays with the service that
// was drawn. A part that was drawn while its service has nobody who may take a connection is passed
// over for another that has somebody, by the weights of those: what is not there does not cost
// clients (HAProxy and Envoy close them). That is counted (sluice_split_passed_over_total). Where
// no part has anybody, the drawn one stands, and the listener's `no_instance` says what becomes of
// the client. A weight of 0 is never drawn.
//
// Immutable, but for the weights (metrics::PartCells); shared by all workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "config/cidr.h"
#include "proxy/net/address.h"
#include "proxy/session/route.h"

namespace sluice::session {

class Fork {
 public:
  using Way = std::shared_ptr<const Route>;

  struct Rule {
    std::vector<config::Cidr> source;  // none: everybody
    std::vector<Way> ways;             // one, or the parts of a split, at most config::kMostParts
    friend bool operator==(const Rule&, const Rule&) = default;
  };

  explicit Fork(std::vector<Rule> rules) : rules_(std::move(rules)) {}

  // Null: no rule takes that client. Counts the choice of a part for the worker. `random` is
  // uniform over all its values.
  const Way* choose(const net::Peer& client, std::uint64_t random, std::size_t worker) const;
  const std::vector<Rule>& rules() const { return rules_; }

 private:
  const std::vector<Rule> rules_;
};

}  // namespace sluice::session
