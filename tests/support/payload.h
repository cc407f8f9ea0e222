// Bytes to send and to know again: a stream of pseudo-random bytes and its SHA-256.
//
// A stream is a function of its seed (SplitMix64, Steele, Lea and Flood 2014), so that a gigabyte
// can be compared without being kept. Values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::test {

class Stream {
 public:
  explicit Stream(std::uint64_t seed) : state_(seed) {}
  void fill(char* to, std::size_t n);  // the next n bytes, whatever the sizes of the calls

 private:
  std::uint64_t next();
  std::uint64_t state_;
  std::uint64_t word_ = 0;  // bytes that the last call left over
  unsigned left_ = 0;
};

std::string stream_bytes(std::uint64_t seed, std::size_t n);

class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  std::string hex();  // ends the sum

 private:
  struct Context;
  std::shared_ptr<Context> context_;
};

std::string sha256(std::string_view bytes);
std::string sha256_of_stream(std::uint64_t seed, std::uint64_t n);

}  // namespace sluice::test
