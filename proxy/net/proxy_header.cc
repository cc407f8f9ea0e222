#include "proxy/net/proxy_header.h"

#include <algorithm>
#include <boost/crc.hpp>
#include <charconv>
#include <cstring>
#include <utility>

namespace sluice::net {

namespace {

using config::Endpoint;
using State = ReadHeader::State;

constexpr std::string_view kV1{"PROXY "};
constexpr std::size_t kLongestV1 = 107;  // with its CRLF
constexpr std::string_view kV2{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t kV2Head = 16;
constexpr std::size_t kTlvHead = 3;
constexpr std::size_t kCrcSize = 4;
constexpr std::size_t kLongestUniqueId = 128;
constexpr std::size_t kTcp4Size = 12;
constexpr std::size_t kTcp6Size = 36;

constexpr std::uint8_t kLocal = 0x20;  // version and command
constexpr std::uint8_t kProxy = 0x21;
constexpr std::uint8_t kUnspec = 0x00;  // family and transport
constexpr std::uint8_t kTcp4 = 0x11;
constexpr std::uint8_t kTcp6 = 0x21;

// CRC-32C (Castagnoli), as in RFC 3720, appendix B.4.
using Crc32c = boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true>;

ReadHeader malformed(std::string_view why) {
  return {State::malformed, 0, {}, why};
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(bytes[at]) << 8 |
                                    static_cast<std::uint8_t>(bytes[at + 1]));
}

void put_number(std::string& out, std::size_t number) {
  out += static_cast<char>(number >> 8 & 0xff);
  out += static_cast<char>(number & 0xff);
}

// --- Version 1: "PROXY TCP4 192.0.2.1 198.51.100.7 4711 443\r\n".

// The text up to the next blank, taken off the line with it.
std::string_view take_word(std::string_view& line) {
  const std::size_t end = line.find(' ');
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return word;
}

std::optional<std::uint16_t> port_of(std::string_view word) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), port);
  const bool is_whole = error == std::errc() && end == word.data() + word.size();
  const bool has_leading_zero = word.size() > 1 && word.front() == '0';
  if (!is_whole || has_leading_zero) return std::nullopt;
  return port;
}

std::optional<Endpoint> address_of(std::string_view word, Endpoint::Family family) {
  std::string why;
  auto address = Endpoint::parse_ip(word, why);
  if (!address || address->family != family) return std::nullopt;
  return address;
}

std::optional<ProxyHeader::Ends> ends_of(std::string_view line, Endpoint::Family family) {
  if (std::ranges::count(line, ' ') != 3) return std::nullopt;
  auto source = address_of(take_word(line), family);
  auto destination = address_of(take_word(line), family);
  const auto source_port = port_of(take_word(line));
  const auto destination_port = port_of(take_word(line));
  if (!source || !destination || !source_port || !destination_port) return std::nullopt;
  source->port = *source_port;
  destination->port = *destination_port;
  return ProxyHeader::Ends{source->unmapped(), destination->unmapped()};
}

ReadHeader read_v1(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, kLongestV1).find('\n');
  if (end == std::string_view::npos) {
    if (bytes.size() >= kLongestV1) return malformed("a version 1 header without an end");
    return {};
  }
  if (bytes[end - 1] != '\r') return malformed("a version 1 header that does not end in CRLF");
  ReadHeader read{State::complete, end + 1, {}, {}};
  std::string_view line = bytes.substr(kV1.size(), end - 1 - kV1.size());
  const std::string_view protocol = take_word(line);
  if (protocol == "UNKNOWN") return read;  // the rest is to be ignored
  if (protocol != "TCP4" && protocol != "TCP6") return malformed("a protocol that is not known");
  read.header.ends =
      ends_of(line, protocol == "TCP4" ? Endpoint::Family::ipv4 : Endpoint::Family::ipv6);
  if (!read.header.ends) return malformed("addresses or ports that are none");
  return read;
}

// --- Version 2: a signature, version and command, family and transport, a length; then the
// addresses, then TLVs.

Endpoint address_at(std::string_view bytes, std::size_t at, std::size_t port_at,
                    Endpoint::Family family) {
  Endpoint address;
  address.family = family;
  std::memcpy(address.ip.data(), bytes.data() + at, family == Endpoint::Family::ipv4 ? 4 : 16);
  address.port = number_at(bytes, port_at);
  return address.unmapped();
}

bool is_crc_right(std::string_view header, std::string_view crc) {
  const std::string_view before =
      header.substr(0, static_cast<std::size_t>(crc.data() - header.data()));
  const std::string_view after = header.substr(before.size() + kCrcSize);
  Crc32c sum;
  sum.process_bytes(before.data(), before.size());
  for (std::size_t i = 0; i < kCrcSize; ++i) sum.process_byte(0);
  sum.process_bytes(after.data(), after.size());
  const std::uint32_t said =
      static_cast<std::uint32_t>(number_at(crc, 0)) << 16 | number_at(crc, 2);
  return sum.checksum() == said;
}

// "" or what is wrong with the TLVs, which end with the header.
std::string_view read_tlvs(std::string_view header, std::size_t at, std::vector<ProxyTlv>& into) {
  bool has_crc = false;
  while (at < header.size()) {
    if (header.size() - at < kTlvHead) return "a TLV that is cut off";
    const auto type = static_cast<std::uint8_t>(header[at]);
    const std::size_t length = number_at(header, at + 1);
    at += kTlvHead;
    if (length > header.size() - at) return "a TLV that is longer than the header";
    const std::string_view value = header.substr(at, length);
    at += length;
    if (type == kTlvCrc32c) {
      if (length != kCrcSize || std::exchange(has_crc, true)) return "more or less than one CRC32C";
      if (!is_crc_right(header, value)) return "a CRC32C that is wrong";
    } else if (type == kTlvUniqueId && length > kLongestUniqueId) {
      return "a unique id of more than 128 bytes";
    } else if (type != kTlvNoop) {
      into.push_back({type, std::string(value)});
    }
  }
  return {};
}

ReadHeader read_v2(std::string_view bytes) {
  if (bytes.size() < kV2Head) return {};
  const auto command = static_cast<std::uint8_t>(bytes[12]);
  const auto family = static_cast<std::uint8_t>(bytes[13]);
  const std::size_t size = kV2Head + number_at(bytes, 14);
  if (command != kLocal && command != kProxy) return malformed("a version or command not known");
  if (family >> 4 > 3 || (family & 0xf) > 2) return malformed("a family or transport not known");
  if (size > kLongestProxyHeader) return malformed("a version 2 header of more than 4096 bytes");
  if (bytes.size() < size) return {};
  ReadHeader read{State::complete, size, {}, {}};
  if (command == kLocal || (family != kTcp4 && family != kTcp6)) return read;
  const bool is_v4 = family == kTcp4;
  const std::size_t tlvs_at = kV2Head + (is_v4 ? kTcp4Size : kTcp6Size);
  if (size < tlvs_at) return malformed("a version 2 header too short for its addresses");
  const auto kind = is_v4 ? Endpoint::Family::ipv4 : Endpoint::Family::ipv6;
  const std::size_t width = is_v4 ? 4 : 16;
  const std::size_t ports_at = kV2Head + 2 * width;
  read.header.ends = {address_at(bytes, kV2Head, ports_at, kind),
                      address_at(bytes, kV2Head + width, ports_at + 2, kind)};
  const std::string_view why = read_tlvs(bytes.substr(0, size), tlvs_at, read.header.tlvs);
  return why.empty() ? read : malformed(why);
}

bool is_ip(const Endpoint& end) {
  return end.family != Endpoint::Family::unix_path;
}

// Ends that a header can name: two addresses of one family.
bool is_nameable(const std::optional<ProxyHeader::Ends>& ends) {
  return ends && is_ip(ends->source) && ends->source.family == ends->destination.family;
}

void put_address(std::string& out, const Endpoint& end) {
  out.append(reinterpret_cast<const char*>(end.ip.data()),
             end.family == Endpoint::Family::ipv4 ? 4 : 16);
}

void put_tlv(std::string& out, std::uint8_t type, std::string_view value) {
  out += static_cast<char>(type);
  put_number(out, value.size());
  out += value;
}

void put_crc(std::string& header) {
  Crc32c sum;
  sum.process_bytes(header.data(), header.size());
  const std::uint32_t crc = sum.checksum();
  for (std::size_t i = 0; i < kCrcSize; ++i) {
    header[header.size() - kCrcSize + i] = static_cast<char>(crc >> (24 - 8 * i) & 0xff);
  }
}

}  // namespace

ReadHeader read_proxy_header(std::string_view bytes) {
  for (const auto& [signature, read] : {std::pair(kV1, &read_v1), {kV2, &read_v2}}) {
    const std::size_t common = std::min(bytes.size(), signature.size());
    if (bytes.substr(0, common) != signature.substr(0, common)) continue;
    if (common < signature.size()) return {};
    return read(bytes);
  }
  return {State::absent, 0, {}, "no PROXY header"};
}

std::string proxy_header_v1(const std::optional<ProxyHeader::Ends>& ends) {
  if (!is_nameable(ends)) return "PROXY UNKNOWN\r\n";
  const char* protocol = ends->source.family == Endpoint::Family::ipv4 ? "TCP4 " : "TCP6 ";
  return std::string(kV1) + protocol + ends->source.host() + ' ' + ends->destination.host() + ' ' +
         std::to_string(ends->source.port) + ' ' + std::to_string(ends->destination.port) + "\r\n";
}

std::string proxy_header_v2(const ProxyHeader& header, bool with_crc) {
  std::string out(kV2);
  const bool has_addresses = is_nameable(header.ends);
  out += static_cast<char>(header.ends ? kProxy : kLocal);
  if (!has_addresses) {
    out += static_cast<char>(kUnspec);
  } else {
    out += static_cast<char>(header.ends->source.family == Endpoint::Family::ipv4 ? kTcp4 : kTcp6);
  }
  put_number(out, 0);
  if (has_addresses) {
    put_address(out, header.ends->source);
    put_address(out, header.ends->destination);
    put_number(out, header.ends->source.port);
    put_number(out, header.ends->destination.port);
  }
  for (const ProxyTlv& tlv : header.tlvs) put_tlv(out, tlv.type, tlv.value);
  if (with_crc) put_tlv(out, kTlvCrc32c, std::string(kCrcSize, '\0'));
  const std::size_t length = out.size() - kV2Head;
  out[14] = static_cast<char>(length >> 8 & 0xff);
  out[15] = static_cast<char>(length & 0xff);
  if (with_crc) put_crc(out);
  return out;
}

std::size_t proxy_header_size(const std::vector<ProxyTlv>& tlvs) {
  std::size_t size = kV2Head + kTcp6Size + kTlvHead + kCrcSize;
  for (const ProxyTlv& tlv : tlvs) size += kTlvHead + tlv.value.size();
  return size;
}

}  // namespace sluice::net
