#include "registry/store/sqlite_log.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <vector>

#include "registry/store/store.h"

namespace sluice::registry::sqlite {
namespace {

constexpr std::size_t kHeader = 32;
constexpr std::size_t kFrameHeader = 24;
constexpr std::uint32_t kMagic = 0x377F0682;  // the lowest bit: checksums are big-endian

using Bytes = std::span<const unsigned char>;

std::uint32_t big_endian(Bytes at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 |
         std::uint32_t{at[3]};
}

// The running checksum over the header and all frames.
struct Checksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  bool is_big_endian = false;

  void add(Bytes bytes) {
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
      first += word(bytes) + second;
      second += word(bytes.subspan(4)) + first;
    }
  }
  bool stands_at(Bytes at) const {
    return first == big_endian(at) && second == big_endian(at.subspan(4));
  }

 private:
  std::uint32_t word(Bytes at) const {
    const std::uint32_t word = big_endian(at);
    return is_big_endian ? word : __builtin_bswap32(word);
  }
};

}  // namespace

bool is_log_whole(std::span<const unsigned char> log) {
  if (log.size() < kHeader) return true;
  const std::uint32_t magic = big_endian(log);
  if ((magic | 1) != (kMagic | 1)) return false;
  Checksum checksum{.is_big_endian = (magic & 1) != 0};
  checksum.add(log.first(24));
  if (!checksum.stands_at(log.subspan(24))) return false;

  const std::size_t frame = kFrameHeader + big_endian(log.subspan(8));
  const Bytes salt = log.subspan(16, 8);
  for (log = log.subspan(kHeader); log.size() >= frame; log = log.subspan(frame)) {
    checksum.add(log.first(8));
    checksum.add(log.subspan(kFrameHeader, frame - kFrameHeader));
    if (!std::ranges::equal(log.subspan(8, 8), salt)) return false;
    if (!checksum.stands_at(log.subspan(16))) return false;
  }
  return true;
}

bool is_log_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) {
    if (!std::filesystem::exists(path)) return true;
    throw StoreError(path + " cannot be read");
  }
  std::vector<unsigned char> log(static_cast<std::size_t>(file.tellg()));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(log.data()), static_cast<std::streamsize>(log.size()));
  if (!file) throw StoreError(path + " cannot be read");
  return is_log_whole(std::span<const unsigned char>(log));
}

}  // namespace sluice::registry::sqlite
