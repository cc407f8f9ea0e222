#include "registry/records.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "registry/json_body.h"

namespace sluice::registry {

namespace {

using Json = nlohmann::ordered_json;
using nlohmann::json;

std::string record_text(const Json& record) {
  return record.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Whether it is a number as we write them: no fraction, no truth, nothing that would wrap.
template <class T>
bool is_number_for(const json& value) {
  return value.is_number_unsigned() && value.get<std::uint64_t>() <= std::numeric_limits<T>::max();
}

// A field of the record, if it is there and of its type.
template <class T>
bool take(const json& record, const char* name, T& into) {
  const auto at = record.find(name);
  if (at == record.end()) return true;
  if constexpr (std::is_integral_v<T>) {
    if (!is_number_for<T>(*at)) return false;
  }
  try {
    into = at->get<T>();
  } catch (const json::exception&) {
    return false;
  }
  return true;
}

std::optional<json> object_of(std::string_view bytes, std::string& why) {
  auto record = read_json(bytes, why);
  if (record && !record->is_object()) {
    why = "the record is no object";
    return std::nullopt;
  }
  return record;
}

bool is_within(const Registration& said, const access::Bounds& bounds, std::string& why) {
  for (const access::Refusal& refusal :
       {bounds.judge_id(said.id), bounds.judge_labels(said.labels), bounds.judge_meta(said.meta),
        bounds.judge_zone(said.zone), bounds.judge_version(said.version),
        bounds.judge_protocol(said.protocol), bounds.judge_weight(said.weight),
        bounds.judge_priority(said.priority)}) {
    if (!refusal) continue;
    why = *refusal;
    return false;
  }
  return true;
}

}  // namespace

std::string instance_record(const Instance& instance) {
  Json record = {{"address", instance.address.text()},
                 {"incarnation", instance.incarnation},
                 {"weight", instance.weight},
                 {"priority", instance.priority},
                 {"zone", *instance.zone},
                 {"labels", *instance.labels},
                 {"meta", *instance.meta},
                 {"version", *instance.version},
                 {"protocol", *instance.protocol},
                 {"ttl_ms", instance.ttl_ms},
                 {"status", word(instance.inputs.status)},
                 {"owner", *instance.owner}};
  if (!instance.own_check.empty()) record["check"] = Json::parse(instance.own_check->json());
  return record_text(record);
}

std::optional<StoredInstance> read_instance_record(std::string_view bytes, std::string service,
                                                   std::string id, const access::Bounds& bounds,
                                                   std::string& why) {
  const auto record = object_of(bytes, why);
  if (!record) return std::nullopt;
  StoredInstance stored;
  Registration& said = stored.registration;
  said.service = std::move(service);
  said.id = std::move(id);
  std::string address, status = "up";
  std::map<std::string, std::string> labels, meta;
  std::uint64_t ttl_ms = 0;
  const bool well_typed =
      take(*record, "address", address) && take(*record, "incarnation", stored.incarnation) &&
      take(*record, "weight", said.weight) && take(*record, "priority", said.priority) &&
      take(*record, "zone", said.zone) && take(*record, "labels", labels) &&
      take(*record, "meta", meta) && take(*record, "version", said.version) &&
      take(*record, "protocol", said.protocol) && take(*record, "ttl_ms", ttl_ms) &&
      take(*record, "status", status) && take(*record, "owner", said.owner);
  if (!well_typed || stored.incarnation == 0) {
    why = "a field of the record is of another type";
    return std::nullopt;
  }
  said.labels = config::Labels(labels.begin(), labels.end());
  said.meta = config::Labels(meta.begin(), meta.end());
  if (const auto check = record->find("check"); check != record->end()) {
    auto own = config::OwnCheck::read(*check, why);
    if (!own) return std::nullopt;
    said.check = std::move(*own);
  }
  said.ttl_ms = ttl_ms;
  said.status = parse_state(status).value_or(State::up);
  const auto endpoint = config::Endpoint::parse(address, why);
  if (!endpoint || !is_within(said, bounds, why)) return std::nullopt;
  said.address = *endpoint;
  return stored;
}

std::string admin_record(const Inputs& inputs) {
  return record_text({{"admin", word(inputs.admin)}, {"reason", *inputs.admin_reason}});
}

std::optional<StoredAdmin> read_admin_record(std::string_view bytes, std::string& why) {
  const auto record = object_of(bytes, why);
  if (!record) return std::nullopt;
  StoredAdmin stored;
  std::string admin;
  const bool well_typed = take(*record, "admin", admin) && take(*record, "reason", stored.reason);
  const auto parsed = parse_admin(admin);
  if (!well_typed || !parsed) {
    why = "the record is no word of an operator";
    return std::nullopt;
  }
  stored.admin = *parsed;
  return stored;
}

std::string incarnation_record(std::uint64_t last) {
  return record_text({{"last", last}});
}

std::optional<std::uint64_t> read_incarnation_record(std::string_view bytes, std::string& why) {
  const auto record = object_of(bytes, why);
  if (!record) return std::nullopt;
  std::uint64_t last = 0;
  if (take(*record, "last", last)) return last;
  why = "the record is no number";
  return std::nullopt;
}

}  // namespace sluice::registry
