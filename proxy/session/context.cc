#include "proxy/session/context.h"

#include <cstdio>
#include <random>

namespace sluice::session {

namespace {

std::string random_name() {
  std::random_device kernel;
  char digits[17];
  std::snprintf(digits, sizeof(digits), "%08x%08x", kernel(), kernel());
  return digits;
}

}  // namespace

std::string Context::unique_id(std::uint64_t serial) const {
  static const std::string kProcess = random_name();
  return kProcess + '-' + std::to_string(worker) + '-' + std::to_string(serial);
}

}  // namespace sluice::session
