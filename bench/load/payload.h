// The bytes that are sent, so that the receiver can tell them from any others.
//
// A stream repeats 65 521 pseudo-random bytes: a prime, so that bytes that are lost, doubled or
// swapped by any usual buffer's size come out wrong. A message begins with a stamp that no other
// message of the run has (as much of it as fits) and goes on like a stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::bench {

// Most that is looked at at once.
inline constexpr std::size_t kChunk = 256u << 10;

// The stream's bytes from `position` on; kChunk of them may be read.
const char* stream_at(std::uint64_t position);

// Makes `message` the one with this stamp.
void write_message(std::span<char> message, std::uint64_t stamp);

}  // namespace sluice::bench
