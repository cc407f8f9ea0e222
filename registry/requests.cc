#include "registry/requests.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "config/nearest.h"
#include "config/printable.h"
#include "config/units.h"
#include "registry/json_body.h"

namespace sluice::registry {

namespace {

using nlohmann::json;

// Takes the fields of one object, and tells the first thing that is wrong.
class Fields {
 public:
  explicit Fields(std::string& why) : why_(why) {}

  template <class Take>
  Fields& field(std::string_view name, Take take) {
    names_.push_back(name);
    takers_.emplace_back(std::move(take));
    return *this;
  }

  bool read(std::string_view text) {
    const auto body = read_json(text, why_);
    if (!body) return false;
    if (!body->is_object()) return refuse("the body must be an object");
    for (const auto& [key, value] : body->items()) {
      const auto at = std::find(names_.begin(), names_.end(), key);
      if (at == names_.end()) return refuse(unknown(key));
      const access::Refusal wrong = takers_[static_cast<std::size_t>(at - names_.begin())](value);
      if (wrong) return refuse(*wrong);
    }
    return true;
  }

  const std::vector<std::string_view>& names() const { return names_; }

 private:
  bool refuse(std::string why) {
    why_ = std::move(why);
    return false;
  }
  std::string unknown(const std::string& key) const {
    const std::string_view near = config::nearest(key, names_);
    return "unknown field: " + config::in_quotes(key) +
           (near.empty() ? "" : "; did you mean " + std::string(near) + "?");
  }

  std::string& why_;
  std::vector<std::string_view> names_;
  std::vector<std::function<access::Refusal(const json&)>> takers_;
};

access::Refusal wrong(std::string_view field, std::string_view what) {
  return std::string(field) + ": " + std::string(what);
}

auto text_into(std::string_view field, std::string& into) {
  return [field, &into](const json& value) -> access::Refusal {
    if (!value.is_string()) return wrong(field, "must be a text");
    into = value.get<std::string>();
    return std::nullopt;
  };
}

access::Refusal take_number(std::string_view field, const json& value, std::uint64_t max,
                            std::uint64_t& into) {
  if (!value.is_number_unsigned()) return wrong(field, "must be a whole number, not negative");
  into = value.get<std::uint64_t>();
  if (into > max) return wrong(field, "above " + std::to_string(max));
  return std::nullopt;
}

template <class Number>
auto number_into(std::string_view field, std::uint64_t max, Number& into) {
  return [field, max, &into](const json& value) -> access::Refusal {
    std::uint64_t number = 0;
    if (auto refusal = take_number(field, value, max, number)) return refusal;
    into = static_cast<std::uint32_t>(number);
    return std::nullopt;
  };
}

auto labels_into(std::string_view field, config::Labels& into) {
  return [field, &into](const json& value) -> access::Refusal {
    if (!value.is_object()) return wrong(field, "must be an object of texts");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) return wrong(field, "must be an object of texts");
      into.emplace(key, text.get<std::string>());
    }
    return std::nullopt;
  };
}

access::Refusal take_status(const json& value, State& into) {
  const auto state = value.is_string() ? parse_state(value.get<std::string>()) : std::nullopt;
  if (!state) return wrong("status", "is none of up, warming, draining, down");
  into = *state;
  return std::nullopt;
}

access::Refusal take_ttl(const json& value, std::optional<std::uint64_t>& into) {
  if (!value.is_string()) return wrong("ttl", "must be a duration with its unit: \"30s\"");
  std::string why;
  const auto ttl = config::parse_duration(value.get<std::string>(), why);
  if (!ttl) return wrong("ttl", why);
  into = static_cast<std::uint64_t>(ttl->count());
  return std::nullopt;
}

access::Refusal take_check(const json& value, config::Frozen<config::OwnCheck>& into) {
  std::string why;
  auto check = config::OwnCheck::read(value, why);
  if (!check) return why;
  into = std::move(*check);
  return std::nullopt;
}

// "10.0.0.7" with a port beside it, or "10.0.0.7:8080", "[::1]:8080".
access::Refusal join(const std::string& address, const std::optional<std::uint32_t>& port,
                     config::Endpoint& into) {
  if (address.empty()) return wrong("address", "is missing");
  std::string why;
  auto alone = config::Endpoint::parse_ip(address, why);
  if (!alone) {
    const auto whole = config::Endpoint::parse(address, why);
    if (!whole) return wrong("address", why);
    if (port && *port != whole->port) return wrong("port", "is another one than in the address");
    into = *whole;
    return std::nullopt;
  }
  if (!port) return wrong("port", "is missing");
  if (*port == 0) return wrong("port", "must be from 1 to 65535");
  into = *alone;
  into.port = static_cast<std::uint16_t>(*port);
  return std::nullopt;
}

access::Refusal judge(const Registration& said, const access::Bounds& bounds) {
  for (access::Refusal refusal : {bounds.judge_service(said.service),
                                  said.id.empty() ? access::Refusal() : bounds.judge_id(said.id),
                                  bounds.judge_labels(said.labels), bounds.judge_meta(said.meta),
                                  bounds.judge_zone(said.zone), bounds.judge_version(said.version),
                                  bounds.judge_protocol(said.protocol)}) {
    if (refusal) return refusal;
  }
  return std::nullopt;
}

class Draft {
 public:
  explicit Draft(const access::Bounds& bounds) : bounds_(bounds) {}

  void add_names(Fields& fields) {
    fields.field("service", text_into("service", said_.service))
        .field("id", text_into("id", said_.id));
  }
  void add_fields(Fields& fields) {
    fields.field("address", text_into("address", address_))
        .field("port", number_into("port", 65535, port_))
        .field("weight", number_into("weight", bounds_.weight, said_.weight))
        .field("priority", number_into("priority", bounds_.priority, said_.priority))
        .field("zone", text_into("zone", said_.zone))
        .field("labels", labels_into("labels", said_.labels))
        .field("meta", labels_into("meta", said_.meta))
        .field("version", text_into("version", said_.version))
        .field("protocol", text_into("protocol", said_.protocol))
        .field("ttl", [this](const json& value) { return take_ttl(value, said_.ttl_ms); })
        .field("status", [this](const json& value) { return take_status(value, said_.status); })
        .field("check", [this](const json& value) { return take_check(value, said_.check); });
  }

  std::optional<Registration> finish(std::string& why) {
    access::Refusal refusal = join(address_, port_, said_.address);
    if (!refusal) refusal = judge(said_, bounds_);
    if (!refusal) return std::move(said_);
    why = *refusal;
    return std::nullopt;
  }

  Registration& said() { return said_; }

 private:
  const access::Bounds& bounds_;
  Registration said_;
  std::string address_;
  std::optional<std::uint32_t> port_;
};

void add_fields(Fields& fields, const access::Bounds& bounds, Beat& beat) {
  fields
      .field("incarnation",
             [&beat](const json& value) {
               return take_number("incarnation", value, UINT64_MAX, beat.incarnation.emplace());
             })
      .field("weight", number_into("weight", bounds.weight, beat.weight))
      .field("load",
             [&beat](const json& value) -> access::Refusal {
               if (!value.is_number()) return wrong("load", "must be a number");
               beat.load = value.get<double>();
               if (*beat.load < 0) return wrong("load", "must not be negative");
               return std::nullopt;
             })
      .field("status",
             [&beat](const json& value) { return take_status(value, beat.status.emplace()); });
}

// `said`: whether there is a word at all.
void add_fields(Fields& fields, AdminWish& wish, bool& said) {
  fields
      .field("admin",
             [&](const json& value) -> access::Refusal {
               const auto admin =
                   value.is_string() ? parse_admin(value.get<std::string>()) : std::nullopt;
               if (!admin) return wrong("admin", "is none of ready, drain, maint");
               wish.admin = *admin;
               said = true;
               return std::nullopt;
             })
      .field("reason", text_into("reason", wish.reason));
}

}  // namespace

std::optional<Registration> read_registration(std::string_view text, std::string service,
                                              std::string id, const access::Bounds& bounds,
                                              std::string& why) {
  Draft draft(bounds);
  draft.said().service = std::move(service);
  draft.said().id = std::move(id);
  if (const auto refusal = bounds.judge_id(draft.said().id)) {
    why = *refusal;
    return std::nullopt;
  }
  Fields fields(why);
  draft.add_fields(fields);
  if (!fields.read(text)) return std::nullopt;
  return draft.finish(why);
}

std::optional<Registration> read_registration(std::string_view text, const access::Bounds& bounds,
                                              std::string& why) {
  Draft draft(bounds);
  Fields fields(why);
  draft.add_names(fields);
  draft.add_fields(fields);
  if (!fields.read(text)) return std::nullopt;
  if (draft.said().service.empty()) {
    why = "service: is missing";
    return std::nullopt;
  }
  return draft.finish(why);
}

std::optional<Beat> read_beat(std::string_view text, const access::Bounds& bounds,
                              std::string& why) {
  Beat beat;
  if (text.empty()) return beat;
  Fields fields(why);
  add_fields(fields, bounds, beat);
  if (!fields.read(text)) return std::nullopt;
  return beat;
}

std::optional<AdminWish> read_admin(std::string_view text, const access::Bounds& bounds,
                                    std::string& why) {
  AdminWish wish;
  bool said = false;
  Fields fields(why);
  add_fields(fields, wish, said);
  if (!fields.read(text)) return std::nullopt;
  if (!said) {
    why = "admin: is missing";
    return std::nullopt;
  }
  if (const auto refusal = bounds.judge_reason(wish.reason)) {
    why = *refusal;
    return std::nullopt;
  }
  return wish;
}

std::vector<std::string_view> fields_of(Body body) {
  const access::Bounds bounds;
  std::string why;
  Fields fields(why);
  Draft draft(bounds);
  Beat beat;
  AdminWish wish;
  bool said = false;
  switch (body) {
    case Body::named_registration:
      draft.add_names(fields);
      [[fallthrough]];
    case Body::registration:
      draft.add_fields(fields);
      break;
    case Body::beat:
      add_fields(fields, bounds, beat);
      break;
    case Body::admin:
      add_fields(fields, wish, said);
      break;
  }
  return fields.names();
}

}  // namespace sluice::registry
