// What is told to the registry about an instance, and the request that says it. Values and pure
// functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/client/admin_client.h"

namespace sluice::client {

// What is left empty is not sent, so that the registry's defaults apply.
struct Announcement {
  std::string service;
  std::string id;       // "": the registry makes one of the address
  std::string address;  // "10.0.0.7:8080"
  std::optional<std::uint32_t> weight;
  std::optional<std::uint32_t> priority;
  std::string zone;
  std::vector<std::string> labels;  // "role=primary": a key, which has no '=', and its value
  std::vector<std::string> meta;
  std::string version;
  std::string protocol;
  std::string ttl;     // "30s"; "0s": no lease
  std::string status;  // its own word: "" or "up", "warming", "draining", "down", ...
  std::string check;   // JSON that config::OwnCheck::parse() takes
};

// The request that registers it. `wait_applied`: answered once every worker routes by it;
// `create`: refused if the id exists.
AdminRequest registration_of(const Announcement& said, bool wait_applied, bool create);

struct Report {
  std::string service;
  std::string id;
  std::optional<std::uint32_t> weight;
  std::optional<double> load;
  std::string status;                        // as above
  std::optional<std::uint64_t> incarnation;  // report only if this is the one that is registered
};
AdminRequest heartbeat_of(const Report& report);

struct Leaving {
  std::string service;
  std::string id;
  std::optional<config::Duration> drain;     // else what the service's on_remove says
  bool wait = false;                         // answered when the last connection has gone
  std::optional<std::uint64_t> incarnation;  // leave only if this is the one that is registered
};
AdminRequest departure_of(const Leaving& leaving);

// "/v1/services/S/instances/ID", encoded.
std::string path_of(const std::string& service, const std::string& id);

}  // namespace sluice::client
