// How much a registration may say, and how many there may be.
//
// What is registered is kept, stored, published in snapshots, logged and labelled in metrics; all
// of it comes from outside. Each function judges one field and answers what is wrong with it,
// beginning with the field's name as the API has it ("labels.role: longer than 255 bytes"), or
// nothing. No message holds a value, and of names only what fits on a line. Pure; a Bounds is a
// value.
//
// Names are as strict as those of the configuration, so that what is registered can be selected,
// written into a URL and into YAML; ids alone are freer, for they are made by schedulers. A text is
// UTF-8 without control characters and line separators.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace sluice::access {

using Refusal = std::optional<std::string>;

struct Bounds {
  // Sizes in bytes.
  std::size_t service_name = 253;
  std::size_t id = 255;
  std::size_t label_key = 63;  // as in Kubernetes, without its prefix
  std::size_t label_value = 255;
  std::size_t labels = 64;  // entries
  std::size_t meta_key = 63;
  std::size_t meta = 64;          // entries
  std::size_t meta_total = 4096;  // keys and values together
  std::size_t zone = 253;
  std::size_t version = 255;
  std::size_t protocol = 63;
  std::size_t reason = 255;  // of an admin state
  std::uint64_t weight = 65535;
  std::uint64_t priority = 65535;

  // How many may be registered at once.
  std::size_t services = 10'000;    // that hold registered instances
  std::size_t instances = 100'000;  // in all
  std::size_t instances_of_service = 10'000;
  std::size_t instances_of_token = 10'000;  // by the token's name

  // "service": letters, digits and _.:@+~- ; neither "." nor "..".
  Refusal judge_service(std::string_view name) const;
  // "id": visible ASCII without "/", neither "." nor "..", which a URL's path would lose.
  Refusal judge_id(std::string_view id) const;
  // Keys: letters, digits and _./- ; values: any text.
  Refusal judge_labels(const config::Labels& labels) const;
  Refusal judge_meta(const config::Labels& meta) const;
  Refusal judge_zone(std::string_view zone) const;
  Refusal judge_version(std::string_view version) const;
  Refusal judge_protocol(std::string_view protocol) const;
  Refusal judge_reason(std::string_view reason) const;
  Refusal judge_weight(std::uint64_t weight) const;
  Refusal judge_priority(std::uint64_t priority) const;

  // Whether one more instance may come to what is there already; for one that only renews or
  // replaces another, there is nothing to ask.
  struct Held {
    std::size_t services = 0;  // 0 is enough where the service has instances already
    std::size_t instances = 0;
    std::size_t of_service = 0;
    std::size_t of_token = 0;
  };
  Refusal judge_one_more(const Held& held) const;

  friend bool operator==(const Bounds&, const Bounds&) = default;
};

}  // namespace sluice::access
