// A registered instance's promise to report, as a state machine: pure, time is an argument.
//
//   none      no lease was taken: the instance stays until it is deregistered
//   held      the last report is younger than the ttl
//   missed    it is older; whether the instance is there all the same is being found out, or has
//             been found true: flowing bytes, or a probe that passes
//   expired   nobody answered: out of rotation, and forgotten after a while
//
//   held --ttl--> missed --no evidence--> expired --delete_after--> (deleted)
//     ^             | ^                      |
//     |             +-+ evidence: looked at again an interval later
//     +---------------- a report ------------+
//
// (Eureka's lease, but down at the ttl and not at twice of it; its self-preservation asks nobody,
// ours asks the instances.)
#pragma once

#include <cstdint>

namespace sluice::registry {

enum class LeaseState : std::uint8_t { none, held, missed, expired };

class Lease {
 public:
  // What falls due.
  enum class Due : std::uint8_t { nothing, doubt, deletion };

  Lease() = default;  // none
  // A report, now: the lease lasts `ttl_ms` from here. 0: no lease.
  void renew(std::uint64_t ttl_ms, std::uint64_t now_ms);
  // Ends a held lease whose time is over, and has a missed one looked at again; tells what is to
  // be done: `doubt` asks for evidence, which settle() or support() answers.
  Due advance(std::uint64_t now_ms);
  // Evidence that the instance is there: a missed lease is not doubted before `again_ms`.
  void support(std::uint64_t again_ms);
  // There is none: a missed lease expires, and is to be deleted at `delete_ms`.
  void expire(std::uint64_t delete_ms);
  // Our own stall: everything is due that much later.
  void postpone(std::uint64_t by_ms);

  LeaseState state() const { return state_; }
  bool is_doubted() const { return doubted_; }
  std::uint64_t ttl_ms() const { return ttl_ms_; }
  std::uint64_t ends_ms() const { return ends_ms_; }  // of the ttl; meaningless without a lease
  std::uint64_t next_ms() const;                      // UINT64_MAX: nothing is due

 private:
  LeaseState state_ = LeaseState::none;
  bool doubted_ = false;  // evidence has been asked for
  std::uint64_t ttl_ms_ = 0;
  std::uint64_t ends_ms_ = 0;
  std::uint64_t next_ms_ = 0;
};

}  // namespace sluice::registry
