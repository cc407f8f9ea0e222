// A service's instances as the registry keeps them: what can change, beside what was last
// published.
//
// Parts of the Registry, owned by it and used on its thread; nobody else includes this.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "config/config.h"
#include "registry/breaker.h"
#include "registry/flap.h"
#include "registry/health.h"
#include "registry/lease.h"
#include "registry/snapshot.h"

namespace sluice::registry {

// One incarnation of one instance. What readers hold is this very instance: it is copied when it is
// to change after it was published.
class Record {
 public:
  Record(Instance instance, CheckMachine check, BreakerMachine breaker);

  const Instance& instance() const { return *instance_; }
  Instance& edit();
  std::shared_ptr<const Instance> publish();

  CheckMachine check;
  OutlierMachine outlier;
  BreakerMachine breaker;
  Lease lease;
  FlapDamper flap;
  Standing standing = Standing::apart;
  bool is_cold = false;             // was down or is new, and has not been eligible since
  bool awaited = false;             // there at start, and without a verdict yet
  std::uint64_t warm_since_ms = 0;  // of one that is warming: when it began
  std::uint64_t last_pass_ms = 0;   // its last probe that passed; 0: none
  std::uint64_t preserved_ms = 0;   // since when self-preservation alone keeps it; 0: it does not
  std::array<std::uint64_t, 5> due_ms{};  // by Registry's kinds of dues: when; 0: not waiting

 private:
  std::shared_ptr<Instance> instance_;
  bool is_published_ = false;
};

// Records by where their instances are.
struct ByAddress {
  using is_transparent = void;
  bool operator()(const Record* a, const Record* b) const {
    return a->instance().address < b->instance().address;
  }
  bool operator()(const Record* a, const config::Endpoint& b) const {
    return a->instance().address < b;
  }
  bool operator()(const config::Endpoint& a, const Record* b) const {
    return a < b->instance().address;
  }
};

// How many connections an instance may have, as in Live.
inline std::uint32_t limit_of(const config::Service& service) {
  return service.limits.per_instance > 0 ? service.limits.per_instance : Live::kUnlimited;
}

struct Roster {
  explicit Roster(const config::Service& service)
      : name(service.name),
        check(service.check),
        outlier(service.outlier),
        slow_start(service.balance.slow_start),
        panic(service.balance.panic),
        breaker(service.breaker),
        limit(limit_of(service)),
        registration(service.registration) {}

  // The current version; of its instances those that did not change since the last one are shared,
  // and the others are those that were touched.
  std::shared_ptr<const Service> publish();
  void touch(const Record& record) { touched.insert(record.instance().id); }
  Record* find(std::string_view id);                    // null: none
  Record* find(const config::Endpoint& address) const;  // likewise
  // What an instance of it is checked by: `check`, unless it has settings of its own.
  config::Frozen<config::Check> check_of(const Instance& instance) const;

  config::Text name;
  config::Frozen<config::Check> check;
  config::Outlier outlier;
  config::SlowStart slow_start;
  config::Panic panic;
  config::Breaker breaker;
  std::uint32_t limit;  // as in Live
  bool registration = true;
  // By id, each the text of the record's own Live. The addresses of records are stable.
  std::map<std::string_view, Record> records;
  std::set<Record*, ByAddress> by_address;  // no two share an address
  std::uint32_t ejected = 0;                // of the records
  std::uint32_t able = 0, unable = 0;       // likewise, by their standing
  bool panics = false;
  std::uint32_t leases = 0;           // records that have one
  std::size_t registered = 0;         // instances that registered
  std::uint64_t silence_seen_ms = 0;  // when it was last found out ...
  bool is_silent = false;             // whether most of them went quiet
  Instances shown;                    // by the last version
  std::set<config::Text> touched;     // ids of those that came, went or changed since
  std::uint64_t index = 0;            // as in Service
  std::uint64_t topology = 0;         // as in Service
  std::uint64_t labelled = 0;         // as in Service
};

}  // namespace sluice::registry
