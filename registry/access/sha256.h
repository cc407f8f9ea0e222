// SHA-256 (FIPS 180-4), by OpenSSL. Pure; safe on any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::access {

using Digest = std::array<std::uint8_t, 32>;

// Nothing if OpenSSL has no SHA-256 or no memory.
std::optional<Digest> sha256(std::string_view bytes);

// Two lower-case digits a byte.
std::string hex(std::span<const std::uint8_t> bytes);
// Reads 64 digits of either case; nothing for anything else.
std::optional<Digest> digest_from_hex(std::string_view digits);

// Whether two are equal, in a time that does not depend on where they differ. 1: equal, 0: not, to
// be computed with rather than branched on.
std::uint32_t equal_in_constant_time(const Digest& a, const Digest& b);

}  // namespace sluice::access
