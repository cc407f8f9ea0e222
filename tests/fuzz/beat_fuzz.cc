// The body of PUT .../heartbeat.
#include <cmath>
#include <string>

#include "registry/requests.h"
#include "tests/fuzz/said.h"

namespace sluice::fuzz::beat_target {

using namespace sluice::registry;

namespace {

std::string written(const Beat& beat) {
  nlohmann::json body = nlohmann::json::object();
  if (beat.incarnation) body["incarnation"] = *beat.incarnation;
  if (beat.weight) body["weight"] = *beat.weight;
  if (beat.load) body["load"] = *beat.load;
  if (beat.status) body["status"] = word(*beat.status);
  return body.dump();
}

template <class T>
void require_field(const nlohmann::json& object, const char* name, const std::optional<T>& taken) {
  require(object.contains(name) == taken.has_value(), "a field is there if it was said");
  if (taken) require_said(object, name, *taken);
}

bool is_same(const Beat& one, const Beat& other) {
  return one.incarnation == other.incarnation && one.weight == other.weight &&
         one.load == other.load && one.status == other.status;
}

}  // namespace

SLUICE_FUZZ_TARGET(beat) {
  const std::string_view body = text_of(data, size);
  const sluice::access::Bounds bounds;
  std::string why;
  const auto beat = read_beat(body, bounds, why);
  if (!beat) {
    require_message(why);
    return 0;
  }
  require(beat->weight.value_or(0) <= bounds.weight, "the weight is within its bounds");
  require(std::isfinite(beat->load.value_or(0)) && beat->load.value_or(0) >= 0,
          "a load is a number that is not negative");
  const auto object = body.empty() ? nlohmann::json::object() : object_of(body);
  require_field(object, "incarnation", beat->incarnation);
  require_field(object, "weight", beat->weight);
  require(object.contains("load") == beat->load.has_value(), "a field is there if it was said");
  require(object.contains("status") == beat->status.has_value(), "a field is there if it was said");
  const auto again = read_beat(written(*beat), bounds, why);
  require(again && is_same(*again, *beat), "what is written is read back");
  return 0;
}

}  // namespace sluice::fuzz::beat_target
