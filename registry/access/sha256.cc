#include "registry/access/sha256.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace sluice::access {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<Digest> sha256(std::string_view bytes) {
  Digest digest{};
  unsigned int size = 0;
  const bool ok =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1;
  if (!ok || size != digest.size()) return std::nullopt;
  return digest;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::optional<Digest> digest_from_hex(std::string_view digits) {
  Digest digest{};
  if (digits.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const int high = hex_value(digits[2 * i]);
    const int low = hex_value(digits[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return digest;
}

std::uint32_t equal_in_constant_time(const Digest& a, const Digest& b) {
  // CRYPTO_memcmp() answers 0 or the bits that differ, at most 8 of them.
  const auto difference = static_cast<std::uint32_t>(CRYPTO_memcmp(a.data(), b.data(), a.size()));
  return (difference - 1) >> 31;
}

}  // namespace sluice::access
