// The walk over a whole Config, on top of the fields() of its structs.
//
// A visitor V is called once for each key, in the order of the reference file:
//
//   v(name, field)                        a key and its value: a scalar, a list or a struct with
//   fields() v.one_or_list(name, texts)            a list of texts that may be written as one text
//   v.inheriting(name, list, defaults)    a list of structs that begin as `defaults`
//
// The reader takes fields by reference and fills them; the writer takes them by const reference.
#pragma once

#include <string_view>
#include <type_traits>

#include "config/config.h"

namespace sluice::config {

// Whether T lists its keys in fields().
struct AnyVisitor {
  template <class F>
  void operator()(std::string_view, F&) {}
  template <class F>
  void one_or_list(std::string_view, F&) {}
  template <class F>
  void inheriting(std::string_view, F&, const typename F::value_type&) {}
};
template <class T>
concept Section = requires(T& value, AnyVisitor& visitor) { value.fields(visitor); };

// The sections that a listener and a service share: under `defaults` they are written once for
// both.
template <class T>
concept Shared =
    std::is_same_v<T, TimeoutsSaid> || std::is_same_v<T, TcpSaid> || std::is_same_v<T, RelaySaid>;

// The sections of both that have one name and keys of their own: there, they are one section, and a
// key of either is said once for both.
template <class T>
concept Half = std::is_same_v<T, ProxyAcceptance> || std::is_same_v<T, ProxyAnnouncement> ||
               std::is_same_v<T, ListenerLimits> || std::is_same_v<T, ServiceLimits>;

template <class V>
struct WithoutHalves {
  V& visitor;
  template <class F>
  void operator()(std::string_view name, F& field) {
    if constexpr (!Half<F>) visitor(name, field);
  }
};

template <class V>
struct WithoutShared {
  V& visitor;
  template <class F>
  void operator()(std::string_view name, F& field) {
    if constexpr (!Shared<F> && !Half<F>) visitor(name, field);
  }
};

template <class A, class B>
struct Joint {
  A& listener;
  B& service;
  template <class V>
  void fields(V& v) {
    listener.fields(v);
    service.fields(v);
  }
};

// What stands under `defaults`: the policies of both. The shared sections are the listener's.
struct Defaults {
  Listener& listener;
  Service& service;
  template <class V>
  void fields(V& v) {
    WithoutHalves<V> whole{v};
    listener.policies(whole);
    Joint<ProxyAcceptance, ProxyAnnouncement> proxy_protocol{listener.proxy_protocol,
                                                             service.proxy_protocol};
    v("proxy_protocol", proxy_protocol);
    Joint<ListenerLimits, ServiceLimits> limits{listener.limits, service.limits};
    v("limits", limits);
    WithoutShared<V> rest{v};
    service.policies(rest);
  }
};

template <class V>
void walk(Config& config, V& v) {
  v("version", config.version);
  v("process", config.process);
  v("log", config.log);
  v("admin", config.admin);
  v("registry", config.registry);
  Defaults defaults{config.listener_defaults, config.service_defaults};
  v("defaults", defaults);
  v.inheriting("listeners", config.listeners, config.listener_defaults);
  v.inheriting("services", config.services, config.service_defaults);
}

// For visitors that only read. fields() is written once, for fields that can be filled; these take
// every field as const, so nothing is written through the cast.
template <class T, class V>
void walk_const(const T& section, V& v) {
  const_cast<T&>(section).fields(v);
}
template <class V>
void walk_const(const Config& config, V& v) {
  walk(const_cast<Config&>(config), v);
}

}  // namespace sluice::config
