// The words of every enum, in one place: what YAML, the API and the diff call each value.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "config/config.h"

namespace sluice::config {

using Word = std::string_view;

// kNow lists the words in the order of the enum; kLater those that the design has and this version
// does not, so that they are refused for what they are instead of as typing errors.
template <class E>
struct Words;

template <>
struct Words<LogLevel> {
  static constexpr auto kNow =
      std::to_array<Word>({"trace", "debug", "info", "warn", "error", "off"});
  static constexpr std::array<Word, 0> kLater{};
};

template <>
struct Words<LogFormat> {
  static constexpr auto kNow = std::to_array<Word>({"json", "text"});
  static constexpr std::array<Word, 0> kLater{};
};

template <>
struct Words<SpliceMode> {
  static constexpr auto kNow = std::to_array<Word>({"auto", "off"});
  static constexpr std::array<Word, 0> kLater{};
};

template <>
struct Words<Policy> {
  static constexpr auto kNow = std::to_array<Word>(
      {"least_connections", "p2c", "round_robin", "random", "first", "hash", "maglev"});
  static constexpr std::array<Word, 0> kLater{};
};

template <>
struct Words<HashKey> {
  static constexpr auto kNow = std::to_array<Word>({"client_ip", "client"});
  static constexpr auto kLater = std::to_array<Word>({"sni"});
};

template <>
struct Words<CheckType> {
  static constexpr auto kNow =
      std::to_array<Word>({"none", "tcp", "http", "send_expect", "redis", "pgsql", "mysql"});
  static constexpr auto kLater = std::to_array<Word>({"tls"});
};

template <>
struct Words<CheckInitial> {
  static constexpr auto kNow = std::to_array<Word>({"checking", "up"});
  static constexpr std::array<Word, 0> kLater{};
};

template <>
struct Words<Jitter> {
  static constexpr auto kNow = std::to_array<Word>({"full", "none"});
  static constexpr std::array<Word, 0> kLater{};
};

template <>
struct Words<AcceptMode> {
  static constexpr auto kNow = std::to_array<Word>({"reuse_port", "least_loaded"});
  static constexpr std::array<Word, 0> kLater{};
};

template <>
struct Words<ProxyAccept> {
  static constexpr auto kNow = std::to_array<Word>({"off", "required", "optional"});
  static constexpr std::array<Word, 0> kLater{};
};

template <>
struct Words<ProxySend> {
  static constexpr auto kNow = std::to_array<Word>({"off", "v1", "v2"});
  static constexpr std::array<Word, 0> kLater{};
};

template <>
struct Words<OverLimit> {
  static constexpr auto kNow = std::to_array<Word>({"reject", "delay", "backlog"});
  static constexpr std::array<Word, 0> kLater{};
};

template <>
struct Words<NoInstanceAction> {
  static constexpr auto kNow = std::to_array<Word>({"reject", "hold"});
  static constexpr std::array<Word, 0> kLater{};
};

template <>
struct Words<OnDown> {
  static constexpr auto kNow = std::to_array<Word>({"keep", "drain", "close", "reset"});
  static constexpr std::array<Word, 0> kLater{};
};

template <>
struct Words<StoreType> {
  static constexpr auto kNow = std::to_array<Word>({"memory", "sqlite"});
  static constexpr auto kLater = std::to_array<Word>({"etcd", "redis"});
};

template <>
struct Words<StoreSync> {
  static constexpr auto kNow = std::to_array<Word>({"normal", "full"});
  static constexpr std::array<Word, 0> kLater{};
};

template <>
struct Words<Verify> {
  static constexpr auto kNow = std::to_array<Word>({"probe", "none"});
  static constexpr std::array<Word, 0> kLater{};
};

template <class E>
  requires std::is_enum_v<E>
constexpr std::string_view word(E value) {
  return Words<E>::kNow[static_cast<std::size_t>(value)];
}

}  // namespace sluice::config
