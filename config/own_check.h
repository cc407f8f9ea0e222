// Check settings that an instance brings along when it registers: some keys of a service's `check`,
// as JSON instead of YAML. What it does not say is its service's.
//
// The keys, their types and what they may be are those of the schema (config.h, Check), with bounds
// on top, so that whoever may register can neither burden the proxy nor escape being checked:
//
//   interval, fast_interval    not below 500 ms nor above 1 min, or the service's own if that is
//                              less, or more
//   timeout                    at most 60 s
//   rise, fall                 at most 100
//   http.body, send, expect    at most 1 KiB each
//   http.status                at most 32 ranges
//   type                       `none`, where the service has a check, takes a lease (a ttl above
//                              0): whoever is not probed must at least report
//
// A value; any thread.
#pragma once

#include <compare>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace sluice::config {

class OwnCheck {
 public:
  OwnCheck() = default;  // says nothing

  // Takes what holds for every service. Nothing if it is refused: `why` begins with the key,
  // "check.http.path: ...". A number is a number and a text a text: "2" is not taken for 2.
  // Requires: `said` is nested no deeper than a stack can bear.
  static std::optional<OwnCheck> read(const nlohmann::json& said, std::string& why);
  static std::optional<OwnCheck> parse(std::string_view json, std::string& why);  // the same

  // What is said, as a JSON object on one line: the keys in the order of the schema, the values as
  // GET /v1/config has them. "": nothing. read() of it answers the same value.
  const std::string& json() const { return json_; }

  // Why it cannot lie over this check of a service, as read() has it; "": it can.
  std::string why_not_over(const Check& service, bool has_lease) const;

  // What is checked by: the service's check with what is said here laid over it. Where a service
  // has changed since, so that it would be refused by now, what is said counts as far as the bounds
  // let it: an interval is drawn to the nearest that is allowed, `none` without a lease and words
  // for another type count for nothing, and an answer to HEAD is not looked into.
  Check over(const Check& service, bool has_lease) const;

  friend auto operator<=>(const OwnCheck&, const OwnCheck&) = default;

 private:
  explicit OwnCheck(std::string json) : json_(std::move(json)) {}
  Check laid_over(Check service) const;

  std::string json_;
};

}  // namespace sluice::config
