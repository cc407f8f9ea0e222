// What is asked of a registry: the requests of each workload, whole. Pure.
//
// There are services s0, s1, ... (that many as told), and instances i0, i1, ..., of which the n-th
// belongs to service n modulo their number. Its address is the n-th of 127.16.0.0/12, and its port
// one where the bench's backends answer, so that connections to it succeed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sluice::bench {

// The request of the n-th operation of all, which is the k-th of its client.
using Script = std::function<std::string(std::uint64_t n, std::uint64_t client, std::uint64_t k)>;

struct Registry {
  std::string host;           // 127.0.0.1:9901, for the field of that name
  std::size_t services = 1;   // that there are
  std::size_t instances = 1;  // that are registered, of which those to beat or to list are taken
  std::string ttl = "30s";
};

// What they do: register, applied (with wait=applied), beat, churn (each client registers one of
// s0's and takes it off, in turns), discover (a service with its instances), select (one instance).
// Throws std::invalid_argument for another word.
Script script_of(std::string_view what, const Registry& registry);

std::string put(const Registry& registry, const std::string& path, const std::string& body);
std::string get(const Registry& registry, const std::string& path);
// Of an instance; `more` are further fields, with their comma before them.
std::string registration(const Registry& registry, std::uint64_t instance,
                         const std::string& more = "");
std::string path_of(const Registry& registry, std::uint64_t instance);

}  // namespace sluice::bench
