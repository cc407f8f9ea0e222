#include "proxy/health/probe.h"

#include <system_error>

#include "proxy/net/loop.h"

namespace sluice::health {

namespace {

std::string describe(net::ConnectResult result, int error) {
  switch (result) {
    case net::ConnectResult::refused:
      return "connection refused";
    case net::ConnectResult::reset:
      return "connection reset";
    case net::ConnectResult::timeout:
      return "connection timed out";
    case net::ConnectResult::self_connect:
      return "nobody listens: the probe was connected to itself";
    default:
      return "cannot connect: " + std::generic_category().message(error);
  }
}

}  // namespace

std::uint64_t microseconds_since(std::uint64_t started_ns) {
  return (net::monotonic_ns() - started_ns) / 1'000;
}

std::string in_milliseconds(std::uint64_t duration_us) {
  return "in " + std::to_string((duration_us + 999) / 1'000) + " ms";
}

std::string no_answer_within(config::Duration timeout) {
  return "no answer within " + std::to_string(timeout.count()) + " ms";
}

Finding failed_connect(net::ConnectResult result, int error) {
  Finding finding;
  finding.outcome = net::is_instances_fault(result) ? Outcome::failure : Outcome::own_shortage;
  finding.detail = describe(result, error);
  return finding;
}

}  // namespace sluice::health
