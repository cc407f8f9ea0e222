// An entry of the store, taken for each of its kinds: a disk, or another program, may have put any
// bytes there.
#include "registry/records.h"

#include <string>

#include "tests/fuzz/own_check.h"

namespace sluice::fuzz::record_target {

using namespace sluice::registry;

namespace {

const sluice::access::Bounds kBounds;

// As the registry has it once it has taken it back.
Instance instance_of(const StoredInstance& stored) {
  const Registration& said = stored.registration;
  Instance instance;
  instance.address = said.address;
  instance.incarnation = stored.incarnation;
  instance.weight = said.weight;
  instance.priority = said.priority;
  instance.zone = said.zone;
  instance.labels = said.labels;
  instance.meta = said.meta;
  instance.version = said.version;
  instance.protocol = said.protocol;
  instance.ttl_ms = said.ttl_ms.value_or(0);
  instance.inputs.status = said.status;
  instance.owner = said.owner;
  instance.own_check = said.check;
  return instance;
}

void read_as_instance(std::string_view bytes) {
  std::string why;
  const auto stored = read_instance_record(bytes, "web", "a", kBounds, why);
  if (!stored) return require_message(why);
  const Registration& said = stored->registration;
  const auto object = object_of(bytes);
  require_said(object, "address", std::string(object["address"]));
  require_said(object, "incarnation", stored->incarnation);
  require_said(object, "weight", said.weight);
  require_said(object, "priority", said.priority);
  require_said(object, "zone", said.zone);
  require_said(object, "labels", said.labels);
  require_said(object, "meta", said.meta);
  require_said(object, "version", said.version);
  require_said(object, "protocol", said.protocol);
  require_said(object, "ttl_ms", said.ttl_ms.value_or(0));
  require_said(object, "owner", said.owner);
  require_check_as_said(*said.check, object);
  require_check_bounds(*said.check);
  require(stored->incarnation != 0, "an incarnation is above 0");
  require(said.weight <= kBounds.weight, "the weight is within its bounds");
  require(read_instance_record(instance_record(instance_of(*stored)), "web", "a", kBounds, why) ==
              stored,
          "what is written is read back");
}

void read_as_admin(std::string_view bytes) {
  std::string why;
  const auto stored = read_admin_record(bytes, why);
  if (!stored) return require_message(why);
  require_said(object_of(bytes), "reason", stored->reason);
  Inputs inputs;
  inputs.admin = stored->admin;
  inputs.admin_reason = stored->reason;
  require(read_admin_record(admin_record(inputs), why) == stored, "what is written is read back");
}

void read_as_incarnation(std::string_view bytes) {
  std::string why;
  const auto last = read_incarnation_record(bytes, why);
  if (!last) return require_message(why);
  require_said(object_of(bytes), "last", *last);
  require(read_incarnation_record(incarnation_record(*last), why) == last,
          "what is written is read back");
}

}  // namespace

SLUICE_FUZZ_TARGET(record) {
  const std::string_view bytes = text_of(data, size);
  read_as_instance(bytes);
  read_as_admin(bytes);
  read_as_incarnation(bytes);
  return 0;
}

}  // namespace sluice::fuzz::record_target
