// What `register` and `exec` tell the registry about an instance. A value; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proxy/cli/admin_client.h"

namespace sluice::cli {

// What is left empty is not sent, so that the registry's defaults apply.
struct Announcement {
  std::string service;
  std::string id;       // "": the registry makes one of the address
  std::string address;  // "10.0.0.7:8080"
  std::optional<std::uint32_t> weight;
  std::optional<std::uint32_t> priority;
  std::string zone;
  std::vector<std::string> labels;  // "role=primary"; see why_no_pair()
  std::vector<std::string> meta;
  std::string version;
  std::string protocol;
  std::string ttl;  // "30s"; "0s": no lease
};

// The request that registers it. `wait_applied`: answered once every worker routes by it;
// `create`: refused if the id exists.
AdminRequest registration_of(const Announcement& said, bool wait_applied, bool create);

// "/v1/services/S/instances/ID", encoded.
std::string path_of(const std::string& service, const std::string& id);

// What is wrong with these as the command line's words; "" when nothing is. A pair is KEY=VALUE
// with a key.
std::string why_no_pair(const std::string& text);
std::string why_no_address(const std::string& text);
std::string why_no_duration(const std::string& text);

}  // namespace sluice::cli
