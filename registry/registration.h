// What a service says about one of its instances when it registers it or reports on it. Values,
// already read and within bounds (registry/requests.h does that); any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "registry/instance.h"

namespace sluice::registry {

struct Registration {
  std::string service;
  std::string id;
  config::Endpoint address;
  std::uint32_t weight = 1;
  std::uint32_t priority = 0;
  std::string zone;
  config::Labels labels;
  config::Labels meta;
  std::string version;
  std::string protocol;
  std::optional<std::uint64_t> ttl_ms;  // none: the default; 0: no lease
  State status = State::up;             // its own word on itself
  std::string owner;                    // the name of the token that it came with; "": none
  config::Frozen<config::OwnCheck> check;
  friend bool operator==(const Registration&, const Registration&) = default;
};

struct Beat {
  std::optional<std::uint64_t> incarnation;  // none: whichever there is
  std::optional<std::uint32_t> weight;
  std::optional<double> load;  // as the instance measures it; shown, not balanced by
  std::optional<State> status;
};

// Why a request was not granted, for programs; the message is for people.
enum class Fault : std::uint8_t {
  none,
  unknown_service,    // not configured
  closed,             // the service takes no registrations
  unknown_instance,   // or one that was forgotten: register again
  static_instance,    // the operator's; not to be registered over
  older_incarnation,  // a word of a process that has been replaced
  exists,             // and the request was to create
  ttl_out_of_bounds,
  check_refused,  // its own check cannot lie over the service's
  full,           // there are as many instances as there may be
  address_refused,
};

// What became of a request.
struct Receipt {
  Fault fault = Fault::none;
  std::string message;  // of a fault: what was asked, what there is
  std::uint64_t index = 0;
  std::shared_ptr<const Instance>
      instance;          // as it is now, or was at its end; null with most faults
  bool created = false;  // a new incarnation began
};

}  // namespace sluice::registry
