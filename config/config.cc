#include "config/config.h"

#include <algorithm>
#include <array>

namespace sluice::config {
namespace {

template <class T>
void overlay(T& value, const std::optional<T>& said) {
  if (said) value = *said;
}

void overlay(Timeouts& timeouts, const TimeoutsSaid& said) {
  overlay(timeouts.connect, said.connect);
  overlay(timeouts.idle, said.idle);
  overlay(timeouts.half_close, said.half_close);
  overlay(timeouts.first_bytes, said.first_bytes);
  overlay(timeouts.max_age, said.max_age);
  overlay(timeouts.max_age_jitter, said.max_age_jitter);
}

void overlay(Tcp& tcp, const TcpSaid& said) {
  overlay(tcp.nodelay, said.nodelay);
  overlay(tcp.keepalive.idle, said.keepalive.idle);
  overlay(tcp.keepalive.interval, said.keepalive.interval);
  overlay(tcp.keepalive.count, said.keepalive.count);
  overlay(tcp.user_timeout, said.user_timeout);
}

void overlay(Relay& relay, const RelaySaid& said) {
  overlay(relay.splice, said.splice);
  overlay(relay.buffer, said.buffer);
}

}  // namespace

const Service* Config::find_service(std::string_view name) const {
  const auto found = std::ranges::find(services, name, &Service::name);
  return found == services.end() ? nullptr : &*found;
}

std::vector<Target> targets_of(const Listener& listener) {
  if (listener.routes.empty()) return {{listener.service, listener.selector}};
  std::vector<Target> targets;
  for (const Route& route : listener.routes) {
    if (route.split.empty()) targets.push_back({route.service, route.selector});
    for (const Part& part : route.split) targets.push_back({part.service, part.selector});
  }
  return targets;
}

std::optional<std::uint8_t> free_tlv_type(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (name.size() != 4 || !name.starts_with("0x") || (name[2] | 0x20) != 'e') return std::nullopt;
  const std::size_t digit = kDigits.find(static_cast<char>(name[3] | 0x20));
  if (digit == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint8_t>(0xE0 + digit);
}

Timeouts resolve_timeouts(const Config& config, const Listener& listener, const Service& service) {
  Timeouts timeouts;
  overlay(timeouts, config.listener_defaults.timeouts);
  overlay(timeouts, listener.timeouts);
  overlay(timeouts, service.timeouts);
  return timeouts;
}

Relay resolve_relay(const Config& config, const Listener& listener, const Service& service) {
  Relay relay;
  overlay(relay, config.listener_defaults.relay);
  overlay(relay, listener.relay);
  overlay(relay, service.relay);
  return relay;
}

Tcp client_tcp(const Config& config, const Listener& listener) {
  Tcp tcp;
  overlay(tcp, config.listener_defaults.tcp);
  overlay(tcp, listener.tcp);
  return tcp;
}

Tcp instance_tcp(const Config& config, const Service& service) {
  Tcp tcp;
  overlay(tcp, config.service_defaults.tcp);
  overlay(tcp, service.tcp);
  return tcp;
}

}  // namespace sluice::config
