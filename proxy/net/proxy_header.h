// The PROXY protocol, versions 1 and 2: a proxy in front says first whose connection it passes on.
// Source: W. Tarreau, "The PROXY protocol, versions 1 & 2" (2020/03/05), sections 2.1 and 2.2.
//
// Pure; any thread. Strict: a receiver must not guess, so that whatever is neither a whole header
// nor the beginning of one is malformed, as are a v2 header whose addresses or TLVs do not fit its
// length, and one whose CRC32C (type 0x03) is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/endpoint.h"

namespace sluice::net {

// A header that is longer is malformed. The protocol lets v2 grow to 64 KiB; what is sent in
// practice fits one segment.
inline constexpr std::size_t kLongestProxyHeader = 4096;

struct ProxyTlv {
  std::uint8_t type = 0;
  std::string value;
  friend bool operator==(const ProxyTlv&, const ProxyTlv&) = default;
};

// Types of section 2.2. 0xE0 to 0xEF are free for applications.
inline constexpr std::uint8_t kTlvAlpn = 0x01;
inline constexpr std::uint8_t kTlvAuthority = 0x02;
inline constexpr std::uint8_t kTlvCrc32c = 0x03;
inline constexpr std::uint8_t kTlvNoop = 0x04;
inline constexpr std::uint8_t kTlvUniqueId = 0x05;

struct ProxyHeader {
  // Whose connection it is, and where it led to; a v4-mapped address as the IPv4 one. None: the
  // connection is the sender's own (LOCAL), or of a kind without addresses (UNKNOWN, UNSPEC).
  struct Ends {
    config::Endpoint source, destination;
    friend bool operator==(const Ends&, const Ends&) = default;
  };
  std::optional<Ends> ends;
  std::vector<ProxyTlv> tlvs;  // of v2, without NOOP and CRC32C
  friend bool operator==(const ProxyHeader&, const ProxyHeader&) = default;
};

struct ReadHeader {
  enum class State : std::uint8_t {
    partial,    // the beginning of one: more is needed
    complete,   // `size` bytes are the header, what follows is payload
    absent,     // it begins otherwise than a header does
    malformed,  // `why` says what is wrong
  };
  State state = State::partial;
  std::size_t size = 0;
  ProxyHeader header;
  std::string_view why;
};

// What the first bytes of a connection are. No more than kLongestProxyHeader of them are needed.
ReadHeader read_proxy_header(std::string_view bytes);

// The header that says this. Ends of different families, or of unix sockets, which v1 does not
// know, are UNKNOWN in v1 and UNSPEC in v2; no ends: UNKNOWN, and LOCAL. `with_crc`: a CRC32C is
// added. Requires: what is written is no longer than kLongestProxyHeader.
std::string proxy_header_v1(const std::optional<ProxyHeader::Ends>& ends);
std::string proxy_header_v2(const ProxyHeader& header, bool with_crc);

// How long the v2 header will be at most, with addresses and CRC32C.
std::size_t proxy_header_size(const std::vector<ProxyTlv>& tlvs);

}  // namespace sluice::net
