#include "config/complete.h"

#include <string>

namespace sluice::config {
namespace {

TimeoutsSaid said(const Timeouts& timeouts) {
  return {timeouts.connect,     timeouts.idle,    timeouts.half_close,
          timeouts.first_bytes, timeouts.max_age, timeouts.max_age_jitter};
}

TcpSaid said(const Tcp& tcp) {
  return {tcp.nodelay,
          {tcp.keepalive.idle, tcp.keepalive.interval, tcp.keepalive.count},
          tcp.user_timeout};
}

RelaySaid said(const Relay& relay) {
  return {relay.splice, relay.buffer};
}

void spell_out_defaults(Config& config) {
  Listener& listener = config.listener_defaults;
  Service& service = config.service_defaults;
  listener.timeouts = service.timeouts = said(resolve_timeouts(config, {}, {}));
  listener.tcp = service.tcp = said(client_tcp(config, {}));
  listener.relay = service.relay = said(resolve_relay(config, {}, {}));
}

void make_canonical(std::string& address, const Site& site) {
  std::string why;
  if (const auto endpoint = Endpoint::parse(address, why)) {
    address = endpoint->text();
  } else {
    site.error(why);
  }
}

void complete(Route& route, std::size_t place) {
  if (route.name.empty()) route.name = route.source.empty() ? "default" : std::to_string(place);
  for (Part& part : route.split) {
    if (part.name.empty()) part.name = part.service;
  }
}

void complete(Listener& listener, const Site& site) {
  const Site bind = site.key("bind");
  const bool is_list = bind.is_said() && bind.node().kind == Node::Kind::list;
  for (std::size_t i = 0; i < listener.bind.size(); ++i) {
    make_canonical(listener.bind[i], is_list ? bind.item(i) : bind);
  }
  if (listener.name.empty() && !listener.bind.empty()) listener.name = listener.bind.front();
  for (std::size_t i = 0; i < listener.routes.size(); ++i) complete(listener.routes[i], i);
}

void complete(Instance& instance, const Site& site) {
  const Site address = site.key("address");  // of an address alone, too: at the item's place
  if (instance.address.empty() && !address.is_said()) {
    address.error("an instance needs an address");
  } else {
    make_canonical(instance.address, address);
  }
  if (instance.id.empty()) instance.id = instance.address;
}

}  // namespace

void complete(Config& config, const Site& root) {
  spell_out_defaults(config);
  const Site listeners = root.key("listeners");
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    complete(config.listeners[i], listeners.item(i));
  }
  const Site services = root.key("services");
  for (std::size_t i = 0; i < config.services.size(); ++i) {
    const Site instances = services.item(i).key("instances");
    for (std::size_t j = 0; j < config.services[i].instances.size(); ++j) {
      complete(config.services[i].instances[j], instances.item(j));
    }
  }
}

}  // namespace sluice::config
