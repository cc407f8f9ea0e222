// What the store keeps of the registry: instances that registered, and the operator's words.
//
// Each entry is a JSON object, so that people and other programs can read a store, and later
// versions an older one's: a field that is missing has its default, one that is not known is left
// alone. Pure; any thread.
//
//   kind "instance"       {"address": "10.0.0.7:80", "incarnation": 7, "weight": 1, ...}; with
//                         "check": {...} where it has settings of its own
//   kind "admin"          {"admin": "drain", "reason": "disk swap"}
//   kind "incarnation"    {"last": 7}, under the empty names: none given out later is as low
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "registry/access/bounds.h"
#include "registry/registration.h"

namespace sluice::registry {

inline constexpr std::string_view kInstanceKind = "instance";
inline constexpr std::string_view kAdminKind = "admin";
inline constexpr std::string_view kIncarnationKind = "incarnation";

struct StoredInstance {
  Registration registration;
  std::uint64_t incarnation = 0;
  friend bool operator==(const StoredInstance&, const StoredInstance&) = default;
};

std::string instance_record(const Instance& instance);
std::optional<StoredInstance> read_instance_record(std::string_view bytes, std::string service,
                                                   std::string id, const access::Bounds& bounds,
                                                   std::string& why);

struct StoredAdmin {
  Admin admin = Admin::ready;
  std::string reason;
  friend bool operator==(const StoredAdmin&, const StoredAdmin&) = default;
};

std::string admin_record(const Inputs& inputs);
std::optional<StoredAdmin> read_admin_record(std::string_view bytes, std::string& why);

std::string incarnation_record(std::uint64_t last);
std::optional<std::uint64_t> read_incarnation_record(std::string_view bytes, std::string& why);

}  // namespace sluice::registry
