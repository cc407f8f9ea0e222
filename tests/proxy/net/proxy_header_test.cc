#include "proxy/net/proxy_header.h"

#include <gtest/gtest.h>

#include "tests/support/hex.h"

namespace sluice::net {
namespace {

using config::Endpoint;
using State = ReadHeader::State;
using test::bytes_of;

const std::string kSignature = "0d0a0d0a000d0a515549540a";

std::string v2(const std::string& rest) {
  return bytes_of(kSignature + rest);
}

Endpoint at(const std::string& text) {
  std::string why;
  return Endpoint::parse(text, why).value();
}

ProxyHeader::Ends ends(const std::string& source, const std::string& destination) {
  return {at(source), at(destination)};
}

std::string text_of(const ProxyHeader& header) {
  if (!header.ends) return "";
  return header.ends->source.text() + " > " + header.ends->destination.text();
}

// The versions' own examples, nginx's and HAProxy's tests; "" for a header without addresses.
TEST(ProxyHeader, IsReadWithWhatFollowsIt) {
  const struct {
    std::string bytes, ends;
    std::vector<ProxyTlv> tlvs = {};
  } rows[] = {
      {"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", "192.168.0.1:56324 > 192.168.0.11:443"},
      {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
       "255.255.255.255:65535 > 255.255.255.255:65535"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 0 443\r\n", "192.0.2.1:0 > 198.51.100.1:443"},
      {"PROXY TCP6 2001:0DB8:0:0:0:0:0:1 2001:Db8::2 50000 443\r\n",
       "[2001:db8::1]:50000 > [2001:db8::2]:443"},
      {"PROXY TCP6 ::ffff:10.0.0.1 ::ffff:10.0.0.2 1 2\r\n", "10.0.0.1:1 > 10.0.0.2:2"},
      {"PROXY UNKNOWN\r\n", ""},
      {"PROXY UNKNOWN 1 2 3 4 5 6\r\n", ""},
      {"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
       ""},
      {v2("21 11 000c c0000201 c0000202 007b 162e"), "192.0.2.1:123 > 192.0.2.2:5678"},
      {v2("21 21 0024 20010db8000000000000000000000001 20010db8000000000000000000000002 007b 162e"),
       "[2001:db8::1]:123 > [2001:db8::2]:5678"},
      {v2("21 21 0024 00000000000000000000ffffc0000201 00000000000000000000ffffc0000202 007b 162e"),
       "192.0.2.1:123 > 192.0.2.2:5678"},
      {v2("21 11 0015 c0000201 c0000202 007b 162e 000000 000000 000000"),
       "192.0.2.1:123 > 192.0.2.2:5678",
       {{0, ""}, {0, ""}, {0, ""}}},
      {v2("20 00 0000"), ""},
      {v2("20 11 000c c0000201 c0000202 007b 162e"), ""},
      {v2("20 00 0003 ffffff"), ""},  // LOCAL: whatever it is, it is skipped
      {v2("21 00 0000"), ""},
      {v2("21 01 0000"), ""},
      {v2("21 12 000c c0000201 c0000202 007b 162e"), ""},  // UDP4
      {v2("21 31 0004 00000000"), ""},
      {v2("21 11 0014 7f000001 7f000001 002a 0539 02 0005 3132333435"),
       "127.0.0.1:42 > 127.0.0.1:1337",
       {{kTlvAuthority, "12345"}}},
      {v2("21 11 0017 7f000001 7f000001 002a 0539 04 0000 02 0005 3132333435"),
       "127.0.0.1:42 > 127.0.0.1:1337",
       {{kTlvAuthority, "12345"}}},
      {v2("21 11 0013 c0000201 c0000202 007b 162e 03 0004 1c2b486c"),
       "192.0.2.1:123 > 192.0.2.2:5678"},
  };
  for (const auto& row : rows) {
    for (const std::string payload : {"", "payload", "\x02\x00\x05 54321"}) {
      const ReadHeader read = read_proxy_header(row.bytes + payload);
      ASSERT_EQ(read.state, State::complete) << row.bytes << read.why;
      EXPECT_EQ(read.size, row.bytes.size());
      EXPECT_EQ(text_of(read.header), row.ends);
      EXPECT_EQ(read.header.tlvs, row.tlvs);
    }
    for (std::size_t size = 0; size < row.bytes.size(); ++size) {
      EXPECT_EQ(read_proxy_header(row.bytes.substr(0, size)).state, State::partial)
          << row.bytes << size;
    }
  }
}

TEST(ProxyHeader, IsMalformed) {
  const std::string tcp4 = "PROXY TCP4 192.0.2.1 198.51.100.1 ";
  const std::string rows[] = {
      "PROXY TCP4\r\n",
      "PROXY \r\n",
      "PROXY TCP4 192.0.2.1\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.1\r\n",
      tcp4 + "50000\r\n",
      tcp4 + "50000 443 \r\n",
      tcp4 + "50000  443\r\n",
      tcp4 + " 50000 443\r\n",
      "PROXY  TCP4 192.0.2.1 198.51.100.1 50000 443\r\n",
      "PROXY TCP4  192.0.2.1 198.51.100.1 50000 443\r\n",
      "PROXY TCP4 192.0.2.1  198.51.100.1 50000 443\r\n",
      "PROXY TCP1 192.0.2.1 198.51.100.1 50000 443\r\n",
      "PROXY UDP4 192.0.2.1 198.51.100.1 50000 443\r\n",
      "PROXY tcp4 192.0.2.1 198.51.100.1 50000 443\r\n",
      "PROXY TCP4 2001:db8::1 2001:db8::2 50000 443\r\n",
      "PROXY TCP6 192.0.2.1 198.51.100.1 50000 443\r\n",
      "PROXY TCP4 192.0.2.01 198.51.100.1 50000 443\r\n",
      "PROXY TCP4 192.0.2 198.51.100.1 50000 443\r\n",
      "PROXY TCP4 example.org 198.51.100.1 50000 443\r\n",
      "PROXY TCP6 [2001:db8::1] 2001:db8::2 50000 443\r\n",
      "PROXY TCP6 fe80::1%eth0 2001:db8::2 50000 443\r\n",
      tcp4 + "050000 443\r\n",
      tcp4 + "65536 443\r\n",
      tcp4 + "65537 443\r\n",
      tcp4 + "131152 443\r\n",
      tcp4 + "-1 443\r\n",
      tcp4 + "+1 443\r\n",
      tcp4 + "50000 443\n",
      tcp4 + "50000 443\r\r\n\n",
      tcp4 + "50000 443" + std::string(80, ' '),
      "PROXY UNKNOWN" + std::string(94, 'a'),
      "PROXY UNKNOWN" + std::string(93, 'a') + "\r\n",
      v2("11 11 000c c0000201 c0000202 007b 162e"),
      v2("22 11 000c c0000201 c0000202 007b 162e"),
      v2("31 11 000c c0000201 c0000202 007b 162e"),
      v2("21 41 0004 01020304"),
      v2("21 13 000c c0000201 c0000202 007b 162e"),
      v2("21 11 000b c0000201 c0000202 007b 16"),
      v2("21 21 0023 20010db8000000000000000000000001 20010db8000000000000000000000002 007b 16"),
      v2("21 11 0014 7f000001 7f000001 002a 0539 02 000a 3132333435"),
      v2("21 11 0014 7f000001 7f000001 002a 0539 02 0004 31323334 00"),
      v2("21 11 000e 7f000001 7f000001 002a 0539 02 00"),
      v2("21 11 0012 7f000001 7f000001 002a 0539 03 0003 000000"),
      v2("21 11 0013 c0000201 c0000202 007b 162e 03 0004 1c2b486d"),
      v2("21 11 0013 c0000201 c0000203 007b 162e 03 0004 1c2b486c"),
      v2("21 11 1000"),  // 4096 after its head
      v2("21 11 ffff"),
      v2("21 11 0090 7f000001 7f000001 002a 0539 05 0081 " + std::string(2 * 129, 'a')),
  };
  for (const std::string& row : rows) {
    const ReadHeader read = read_proxy_header(row);
    EXPECT_EQ(read.state, State::malformed) << row;
    EXPECT_NE(read.why, "") << row;
  }
}

TEST(ProxyHeader, IsAbsentWhereSomethingElseBegins) {
  for (const std::string_view row : {"GET / HTTP/1.1\r\n", "PROX ", "PROXZ ", "PROXY\r\n",
                                     "proxy TCP4", "\r\n\r\nX", "\r\n\r\n\r", " PROXY TCP4", "x"}) {
    EXPECT_EQ(read_proxy_header(row).state, State::absent) << row;
  }
}

// Whatever is flipped in a header that carries its sum is noticed, but for what says that there is
// one.
TEST(ProxyHeader, OfWhichABitIsFlippedIsNotTaken) {
  const std::string good = v2("21 11 0013 c0000201 c0000202 007b 162e 03 0004 1c2b486c");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    constexpr std::size_t kType = 28;
    if (bit / 8 == kType) continue;
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    const ReadHeader read = read_proxy_header(bad);
    const bool says_nothing = read.state == State::complete && !read.header.ends;  // LOCAL, UNSPEC
    EXPECT_TRUE(read.state != State::complete || says_nothing) << bit;
  }
}

TEST(ProxyHeader, IsWrittenInVersion1) {
  const struct {
    std::optional<ProxyHeader::Ends> ends;
    const char* text;
  } rows[] = {
      {ends("10.0.0.9:4711", "10.0.0.1:80"), "PROXY TCP4 10.0.0.9 10.0.0.1 4711 80\r\n"},
      {ends("[2001:db8::1]:4711", "[::1]:80"), "PROXY TCP6 2001:db8::1 ::1 4711 80\r\n"},
      {ends("10.0.0.9:4711", "[::1]:80"), "PROXY UNKNOWN\r\n"},
      {ends("unix:/a", "unix:/b"), "PROXY UNKNOWN\r\n"},
      {std::nullopt, "PROXY UNKNOWN\r\n"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(proxy_header_v1(row.ends), row.text);
    EXPECT_EQ(read_proxy_header(row.text).state, State::complete);
  }
}

TEST(ProxyHeader, IsWrittenInVersion2) {
  const auto hex = [](const ProxyHeader& header, bool with_crc) {
    return proxy_header_v2(header, with_crc);
  };
  EXPECT_EQ(hex({ends("192.0.2.1:123", "192.0.2.2:5678"), {}}, false),
            v2("21 11 000c c0000201 c0000202 007b 162e"));
  EXPECT_EQ(hex({ends("192.0.2.1:123", "192.0.2.2:5678"), {}}, true),
            v2("21 11 0013 c0000201 c0000202 007b 162e 03 0004 1c2b486c"));
  EXPECT_EQ(
      hex({ends("[2001:db8::1]:123", "[2001:db8::2]:5678"), {}}, false),
      v2("21 21 0024 20010db8000000000000000000000001 20010db8000000000000000000000002 007b 162e"));
  EXPECT_EQ(hex({ends("127.0.0.1:42", "127.0.0.1:1337"), {{kTlvAuthority, "12345"}}}, false),
            v2("21 11 0014 7f000001 7f000001 002a 0539 02 0005 3132333435"));
  EXPECT_EQ(hex({}, false), v2("20 00 0000"));
  EXPECT_EQ(hex({ends("unix:/a", "unix:/b"), {}}, false), v2("21 00 0000"));
}

TEST(ProxyHeader, IsReadAsItWasWritten) {
  const std::vector<ProxyTlv> tlvs = {{kTlvAlpn, "h2"},
                                      {kTlvAuthority, "a.example"},
                                      {0xE0, std::string(1000, '\xff')},
                                      {0xEF, ""}};
  for (const bool with_crc : {false, true}) {
    for (const auto& both : {ends("10.0.0.9:4711", "10.0.0.1:80"), ends("[::1]:1", "[::2]:2")}) {
      const ProxyHeader header{both, tlvs};
      const std::string bytes = proxy_header_v2(header, with_crc);
      EXPECT_LE(bytes.size(), proxy_header_size(tlvs));
      const ReadHeader read = read_proxy_header(bytes);
      ASSERT_EQ(read.state, State::complete) << read.why;
      EXPECT_EQ(read.header, header);
    }
  }
}

}  // namespace
}  // namespace sluice::net
