// What a Discoverer knows, kept in a file, for the next start of the program.
//
// JSON: {"format": 1, "service", "selector", "last_id", "heard_ms", "instances": [...]}. Blocking;
// one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proxy/client/discoverer.h"

namespace sluice::client {

struct Cached {
  std::string service;
  std::string selector;
  std::string last_id;        // of the watch's last event
  std::int64_t heard_ms = 0;  // Unix time of the registry's last sign of life; 0: never
  std::vector<Instance> instances;

  friend bool operator==(const Cached&, const Cached&) = default;
};

// Nothing if there is no such file, or it is not one of ours; then, `why` says so.
std::optional<Cached> read_cache(const std::string& path, std::string& why);

// Replaces the file as a whole: who reads it finds the old or the new, whatever happens meanwhile.
// False: it could not, and the old one is still there.
bool write_cache(const std::string& path, const Cached& cached, std::string& why);

}  // namespace sluice::client
