// The first bytes of a connection.
#include "proxy/net/proxy_header.h"

#include <algorithm>
#include <string>

#include "tests/fuzz/fuzz.h"

namespace sluice::fuzz::proxy_header_target {

using namespace sluice::net;
using sluice::config::Endpoint;
using State = ReadHeader::State;

namespace {

bool is_same(const ReadHeader& a, const ReadHeader& b) {
  return a.state == b.state && a.size == b.size && a.header == b.header && a.why == b.why;
}

// `decided`: with so many bytes it is known what they are.
void require_partial_below(std::string_view bytes, std::size_t decided) {
  for (std::size_t size = 0; size < decided; ++size) {
    require(read_proxy_header(bytes.substr(0, size)).state == State::partial,
            "the beginning of a header is no header yet");
  }
}

void require_sound(const ProxyHeader& header) {
  if (!header.ends) {
    require(header.tlvs.empty(), "who says nothing of addresses says nothing else");
    return;
  }
  for (const Endpoint& end : {header.ends->source, header.ends->destination}) {
    require(end.family != Endpoint::Family::unix_path, "an end is an IP address");
    require(end == end.unmapped(), "an IPv4 address is one");
  }
  for (const ProxyTlv& tlv : header.tlvs) {
    require(tlv.type != kTlvCrc32c && tlv.type != kTlvNoop, "sums and padding are not passed on");
    require(tlv.type != kTlvUniqueId || tlv.value.size() <= 128, "a unique id is short");
  }
}

void require_read_back(const ProxyHeader& header) {
  const bool is_nameable =
      header.ends && header.ends->source.family == header.ends->destination.family;
  const ProxyHeader expected = is_nameable ? header : ProxyHeader();
  const std::string v1 = proxy_header_v1(header.ends);
  const ReadHeader one = read_proxy_header(v1);
  require(one.state == State::complete && one.size == v1.size(), "version 1 is read back");
  require(one.header.ends == expected.ends, "version 1 is read back equal");
  for (const bool with_crc : {false, true}) {
    const std::string v2 = proxy_header_v2(header, with_crc);
    require(v2.size() <= proxy_header_size(header.tlvs), "it is as long as was foretold at most");
    if (v2.size() > kLongestProxyHeader) continue;
    const ReadHeader two = read_proxy_header(v2);
    require(two.state == State::complete && two.size == v2.size(), "version 2 is read back");
    require(two.header == expected, "version 2 is read back equal");
  }
}

}  // namespace

SLUICE_FUZZ_TARGET(proxy_header) {
  const std::string_view bytes = text_of(data, size);
  const ReadHeader read = read_proxy_header(bytes);
  require(is_same(read_proxy_header(bytes.substr(0, kLongestProxyHeader)), read),
          "no more bytes are needed than a header may have");
  if (read.state == State::partial) {
    require(size < kLongestProxyHeader, "a header has an end");
    require_partial_below(bytes, size);
    return 0;
  }
  require(is_same(read_proxy_header(std::string(bytes) + "\r\n"), read),
          "what follows changes nothing");
  if (read.state != State::complete) {
    require(read.size == 0 && read.header == ProxyHeader(), "what is no header says nothing");
    require_message(read.why);
    return 0;
  }
  require(read.size > 0 && read.size <= std::min(size, kLongestProxyHeader),
          "a header lies in what was sent");
  require(read.why.empty(), "nothing is wrong with a header");
  require(is_same(read_proxy_header(bytes.substr(0, read.size)), read), "it needs nothing else");
  require_partial_below(bytes, read.size);
  require_sound(read.header);
  require_read_back(read.header);
  return 0;
}

}  // namespace sluice::fuzz::proxy_header_target
