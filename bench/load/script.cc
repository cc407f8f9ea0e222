#include "bench/load/script.h"

#include <stdexcept>

namespace sluice::bench {

namespace {

constexpr int kPort = 21001;                  // of the first echo backend
constexpr std::uint64_t kChurned = 1u << 19;  // instances of nobody else's
constexpr std::uint64_t kStride = 7919;       // a prime: neighbours are of other services

std::string request(const Registry& registry, std::string_view method, const std::string& path,
                    const std::string& body) {
  std::string text;
  text.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: ").append(registry.host);
  if (method == "PUT") text.append("\r\nContent-Type: application/json");
  if (method != "GET") text.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  return text.append("\r\n\r\n").append(body);
}

std::string address_of(std::uint64_t instance) {
  return "127." + std::to_string(16 + (instance >> 16)) + '.' +
         std::to_string(instance >> 8 & 255) + '.' + std::to_string(instance & 255) + ':' +
         std::to_string(kPort);
}

std::string churned(const Registry& registry, std::uint64_t client, std::uint64_t k) {
  Registry one = registry;
  one.services = 1;
  const std::uint64_t instance = kChurned + client;
  if (k % 2 == 0) return put(one, path_of(one, instance), registration(one, instance));
  return request(one, "DELETE", path_of(one, instance), "");
}

}  // namespace

std::string put(const Registry& registry, const std::string& path, const std::string& body) {
  return request(registry, "PUT", path, body);
}

std::string get(const Registry& registry, const std::string& path) {
  return request(registry, "GET", path, "");
}

std::string registration(const Registry& registry, std::uint64_t instance,
                         const std::string& more) {
  return R"({"address":")" + address_of(instance) + R"(","ttl":")" + registry.ttl +
         R"(","zone":"z)" + std::to_string(instance % 3) + R"(","labels":{"version":"v7"})" + more +
         '}';
}

std::string path_of(const Registry& registry, std::uint64_t instance) {
  return "/v1/services/s" + std::to_string(instance % registry.services) + "/instances/i" +
         std::to_string(instance);
}

Script script_of(std::string_view what, const Registry& registry) {
  if (what == "register" || what == "applied") {
    const std::string query = what == "applied" ? "?wait=applied" : "";
    return [registry, query](std::uint64_t n, std::uint64_t, std::uint64_t) {
      return put(registry, path_of(registry, n) + query, registration(registry, n));
    };
  }
  if (what == "beat") {
    return [registry](std::uint64_t n, std::uint64_t, std::uint64_t) {
      return put(registry, path_of(registry, n * kStride % registry.instances) + "/heartbeat", "");
    };
  }
  if (what == "churn") {
    return [registry](std::uint64_t, std::uint64_t client, std::uint64_t k) {
      return churned(registry, client, k);
    };
  }
  if (what == "discover" || what == "select") {
    const std::string tail = what == "select" ? "/instance" : "";
    return [registry, tail](std::uint64_t n, std::uint64_t, std::uint64_t) {
      return get(registry,
                 "/v1/services/s" + std::to_string(n * kStride % registry.services) + tail);
    };
  }
  throw std::invalid_argument("there is no script " + std::string(what));
}

}  // namespace sluice::bench
