// The bodies of PUT .../instances/{id} and of POST /v1/register.
#include <string>

#include "config/units.h"
#include "registry/requests.h"
#include "tests/fuzz/own_check.h"

namespace sluice::fuzz::registration_target {

using namespace sluice::registry;

namespace {

const sluice::access::Bounds kBounds;

std::string written(const Registration& said) {
  nlohmann::json body = {{"service", said.service},   {"address", said.address.text()},
                         {"weight", said.weight},     {"priority", said.priority},
                         {"zone", said.zone},         {"labels", said.labels},
                         {"meta", said.meta},         {"version", said.version},
                         {"protocol", said.protocol}, {"status", word(said.status)}};
  if (!said.id.empty()) body["id"] = said.id;
  if (said.ttl_ms) body["ttl"] = std::to_string(*said.ttl_ms) + "ms";
  if (!said.check.empty()) body["check"] = nlohmann::json::parse(said.check->json());
  return body.dump();
}

void require_bounds(const Registration& said) {
  require(!kBounds.judge_service(said.service), "the service is a name");
  require(said.id.empty() || !kBounds.judge_id(said.id), "the id is one");
  require(!kBounds.judge_labels(said.labels), "the labels are within their bounds");
  require(!kBounds.judge_meta(said.meta), "what informs is within its bounds");
  require(!kBounds.judge_zone(said.zone), "the zone is within its bounds");
  require(!kBounds.judge_version(said.version), "the version is within its bounds");
  require(!kBounds.judge_protocol(said.protocol), "the protocol is within its bounds");
  require(said.weight <= kBounds.weight, "the weight is within its bounds");
  require(said.priority <= kBounds.priority, "the priority is within its bounds");
  require(said.address.port != 0 || !said.address.path.empty(), "the port is one");
  require(said.ttl_ms.value_or(0) <= std::uint64_t(sluice::config::kLongestDuration.count()),
          "the ttl is within its bounds");
  require_check_bounds(*said.check);
}

void require_what_was_said(const Registration& said, std::string_view body) {
  const auto object = object_of(body);
  require_said(object, "weight", said.weight);
  require_said(object, "priority", said.priority);
  require_said(object, "port", said.address.port);
  require_said(object, "zone", said.zone);
  require_said(object, "labels", said.labels);
  require_said(object, "meta", said.meta);
  require_said(object, "version", said.version);
  require_said(object, "protocol", said.protocol);
  require_check_as_said(*said.check, object);
}

}  // namespace

SLUICE_FUZZ_TARGET(registration) {
  const std::string_view body = text_of(data, size);
  std::string why;
  if (const auto said = read_registration(body, kBounds, why)) {
    require_bounds(*said);
    require_what_was_said(*said, body);
    require_said(object_of(body), "service", said->service);
    require_said(object_of(body), "id", said->id);
    require(read_registration(written(*said), kBounds, why) == said,
            "what is written is read back");
  } else {
    require_message(why);
  }
  why.clear();
  if (const auto said = read_registration(body, "web", "a", kBounds, why)) {
    require_bounds(*said);
    require_what_was_said(*said, body);
    require(said->service == "web" && said->id == "a", "the path has the names");
  } else {
    require_message(why);
  }
  return 0;
}

}  // namespace sluice::fuzz::registration_target
