#include "proxy/session/introduction.h"

#include <gtest/gtest.h>

namespace sluice::session {
namespace {

using config::ProxySend;

config::Endpoint at(const std::string& text) {
  std::string why;
  return config::Endpoint::parse(text, why).value();
}

const config::Endpoint kHere = at("10.0.0.1:80");

net::Peer client(const std::string& text = "10.0.0.9:4711") {
  return net::Peer::of(at(text));
}

net::ProxyHeader came_with(std::vector<net::ProxyTlv> tlvs = {}) {
  return {net::ProxyHeader::Ends{at("203.0.113.7:1"), at("198.51.100.1:443")}, std::move(tlvs)};
}

// What the other side reads.
net::ProxyHeader said(const std::string& text) {
  const net::ReadHeader read = net::read_proxy_header(text);
  EXPECT_EQ(read.state, net::ReadHeader::State::complete) << read.why;
  EXPECT_EQ(read.size, text.size());
  return read.header;
}

TEST(Introduction, IsNoneUnlessTheServiceWantsOne) {
  EXPECT_FALSE(Introduction::of({ProxySend::off, {{"alpn", "h2"}}}));
  EXPECT_TRUE(Introduction::of({ProxySend::v1, {}}));
}

TEST(Introduction, NamesTheClientAndWhereItCameTo) {
  const auto v1 = Introduction::of({ProxySend::v1, {}}).value();
  EXPECT_EQ(v1.text(client(), kHere, nullptr, ""), "PROXY TCP4 10.0.0.9 10.0.0.1 4711 80\r\n");
  const auto header = came_with();
  EXPECT_EQ(v1.text(client("203.0.113.7:1"), kHere, &header, ""),
            "PROXY TCP4 203.0.113.7 198.51.100.1 1 443\r\n");
  const net::ProxyHeader local;
  EXPECT_EQ(v1.text(client(), kHere, &local, ""), "PROXY TCP4 10.0.0.9 10.0.0.1 4711 80\r\n");
  EXPECT_EQ(v1.text(net::Peer::of(at("unix:/x")), at("unix:/y"), nullptr, ""), "PROXY UNKNOWN\r\n");
}

TEST(Introduction, CarriesWhatTheServiceSaysAndPassesOnTheRest) {
  const auto v2 =
      Introduction::of({ProxySend::v2,
                        {{"alpn", "h2"}, {"0xE3", "own"}, {"unique_id", "auto"}, {"crc32c", "on"}}})
          .value();
  const auto header =
      came_with({{net::kTlvAuthority, "a.example"}, {net::kTlvAlpn, "http/1.1"}, {0xE4, "else"}});
  const std::string text = v2.text(client("203.0.113.7:1"), kHere, &header, "id-1");
  EXPECT_EQ(said(text).ends, header.ends);
  EXPECT_EQ(said(text).tlvs, (std::vector<net::ProxyTlv>{{net::kTlvAuthority, "a.example"},
                                                         {0xE4, "else"},
                                                         {0xE3, "own"},
                                                         {net::kTlvAlpn, "h2"},
                                                         {net::kTlvUniqueId, "id-1"}}));
  EXPECT_NE(text.find(std::string("\x03\0\x04", 3)), std::string::npos) << "a CRC32C";
}

TEST(Introduction, LeavesOutWhatCameWhereItWouldNotFit) {
  const auto v2 = Introduction::of({ProxySend::v2, {{"0xE3", std::string(2000, 'o')}}}).value();
  const auto header = came_with({{0xE4, std::string(4000, 'x')}});
  const std::string text = v2.text(client(), kHere, &header, "");
  EXPECT_LE(text.size(), net::kLongestProxyHeader);
  EXPECT_EQ(said(text).tlvs, (std::vector<net::ProxyTlv>{{0xE3, std::string(2000, 'o')}}));
}

}  // namespace
}  // namespace sluice::session
