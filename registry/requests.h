// What clients say to the registry, read out of JSON: pure functions of the text, any thread.
//
// Strict: an unknown field, a wrong type, a value out of bounds (access::Bounds) is an error that
// names the field ("labels.role: longer than 255 bytes"), and nothing of the request counts.
//
// A registration is an object of
//
//   address   an IP address, or one with its port ("10.0.0.7:8080"); required
//   port      1 to 65535; required unless the address has it
//   weight    0 to 65535 (1)      priority  0 to 65535 (0)     zone  a text ("")
//   labels, meta    objects of texts
//   version, protocol    texts, which only inform
//   ttl       "30s"; the configuration's default; "0s": no lease
//   status    "up", "warming", "draining", "down", or what other systems say for these
//   check     an object of check settings that go before its service's (config/own_check.h)
//   service, id    only where the path does not say them
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/access/bounds.h"
#include "registry/registration.h"

namespace sluice::registry {

// Each answers nothing if the text is not such a request, and says why.

// PUT .../instances/{id}: service and id are those of the path.
std::optional<Registration> read_registration(std::string_view json, std::string service,
                                              std::string id, const access::Bounds& bounds,
                                              std::string& why);

// POST /v1/register: `service` stands in the body, and perhaps `id`; without one it is "" here.
std::optional<Registration> read_registration(std::string_view json, const access::Bounds& bounds,
                                              std::string& why);

// {incarnation, weight, load, status}, each of which may be missing; an empty text is {}.
std::optional<Beat> read_beat(std::string_view json, const access::Bounds& bounds,
                              std::string& why);

// {admin, reason}; the reason may be missing.
struct AdminWish {
  Admin admin = Admin::ready;
  std::string reason;
};
std::optional<AdminWish> read_admin(std::string_view json, const access::Bounds& bounds,
                                    std::string& why);

// The names of the fields that each of them takes, for a description of the API.
enum class Body { registration, named_registration, beat, admin };
std::vector<std::string_view> fields_of(Body body);

}  // namespace sluice::registry
