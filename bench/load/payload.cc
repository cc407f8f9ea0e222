#include "bench/load/payload.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace sluice::bench {

namespace {

constexpr std::size_t kPeriod = 65'521;

// SplitMix64 (Steele, Lea and Flood 2014).
std::vector<char> make_stream() {
  std::vector<char> bytes(kPeriod + kChunk);
  std::uint64_t state = 0;
  for (std::size_t at = 0; at < kPeriod; ++at) {
    std::uint64_t word = state += 0x9e3779b97f4a7c15;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    bytes[at] = static_cast<char>(word >> 56);
  }
  for (std::size_t at = kPeriod; at < bytes.size(); ++at) bytes[at] = bytes[at - kPeriod];
  return bytes;
}

}  // namespace

const char* stream_at(std::uint64_t position) {
  static const std::vector<char> stream = make_stream();
  return stream.data() + position % kPeriod;
}

void write_message(std::span<char> message, std::uint64_t stamp) {
  std::memcpy(message.data(), stream_at(0), std::min(message.size(), kChunk));
  std::memcpy(message.data(), &stamp, std::min(message.size(), sizeof stamp));
}

}  // namespace sluice::bench
