// The instances of one service, as the events of a watch tell of them. A value without a loop or a
// clock; one thread.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "proxy/client/discoverer.h"
#include "proxy/client/event_reader.h"

namespace sluice::client {

// Reads an instance as the API writes it (registry/api.h), or as json_of() does. Nothing: it is
// none that could be connected to.
std::optional<Instance> instance_of(const nlohmann::json& json);
nlohmann::json json_of(const Instance& instance);

class Catalogue {
 public:
  using Entry = std::shared_ptr<const Instance>;
  using Changes = std::vector<Change>;

  // Takes a snapshot or a change, and answers what that changed here, in order. Other kinds of
  // events are passed over. Nothing: the event cannot be understood, and nothing was changed.
  std::optional<Changes> take(const ServerEvent& event);

  // The same for a whole list, of the cache file.
  Changes take_all(std::vector<Instance> instances);

  std::vector<Entry> entries() const;  // in order of their ids

 private:
  std::optional<Changes> take_change(const nlohmann::json& change);
  void put(Instance instance, Changes& changes);
  void drop(const std::string& id, Changes& changes);

  std::map<std::string, Entry> entries_;
};

}  // namespace sluice::client
