// What a Channel and the writing thread share. Private to proxy/log.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "config/config.h"
#include "proxy/log/line_text.h"
#include "proxy/log/ring.h"
#include "proxy/net/wake_fd.h"

namespace sluice::log {

// One a Log, shared by its writer and every channel; outlives the Log while a channel does. Any
// thread.
struct Shared {
  std::atomic<config::LogLevel> level{config::LogLevel::info};
  std::atomic<config::LogFormat> format{config::LogFormat::json};
  std::atomic<std::uint64_t> dropped{0};  // lines that found their ring full
  net::WakeFd bell;
};

// One a channel. Enough for the lines of a busy worker while the writer is at the others.
struct Feed {
  static constexpr std::size_t kRingBytes = 256 * 1024;

  explicit Feed(std::shared_ptr<Shared> with) : shared(std::move(with)) {}

  const std::shared_ptr<Shared> shared;
  Ring ring{kRingBytes};
  std::atomic<bool> closed{false};  // nothing is pushed after this is set
  LineText text;                    // the channel's thread only
};

}  // namespace sluice::log
