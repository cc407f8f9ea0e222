#include "config/endpoint.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::config {
namespace {

std::string why_not(std::string_view text) {
  std::string why;
  EXPECT_EQ(Endpoint::parse(text, why), std::nullopt) << text;
  return why;
}

Endpoint parsed(std::string_view text) {
  std::string why;
  const auto endpoint = Endpoint::parse(text, why);
  EXPECT_TRUE(endpoint) << text << ": " << why;
  return endpoint.value_or(Endpoint{});
}

TEST(Endpoint, WritesEveryAddressTheCanonicalWay) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"10.0.0.1:5432", "10.0.0.1:5432"},
      {"0.0.0.0:0", "0.0.0.0:0"},
      {"255.255.255.255:65535", "255.255.255.255:65535"},
      {"[::]:80", "[::]:80"},
      {"[2001:DB8:0:0:0:0:0:1]:5432", "[2001:db8::1]:5432"},
      {"[0::1]:1", "[::1]:1"},
      {"[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.1]:80"},
      {"[::ffff:a00:1]:80", "[::ffff:10.0.0.1]:80"},
      {"unix:/run/pg.sock", "unix:/run/pg.sock"},
      {"unix:/" + std::string(106, 'a'), "unix:/" + std::string(106, 'a')},
  };
  for (const auto& [written, canonical] : cases) {
    const Endpoint endpoint = parsed(written);
    EXPECT_EQ(endpoint.text(), canonical);
    EXPECT_EQ(parsed(endpoint.text()), endpoint) << written;
  }
}

TEST(Endpoint, KeepsHostPortAndFamilyApart) {
  const Endpoint v4 = parsed("10.1.2.3:5432");
  EXPECT_EQ(v4.family, Endpoint::Family::ipv4);
  EXPECT_EQ(v4.host(), "10.1.2.3");
  EXPECT_EQ(v4.port, 5432);

  const Endpoint v6 = parsed("[2001:db8::1]:443");
  EXPECT_EQ(v6.family, Endpoint::Family::ipv6);
  EXPECT_EQ(v6.host(), "2001:db8::1");
  EXPECT_EQ(v6.port, 443);

  const Endpoint unix_path = parsed("unix:/run/pg.sock");
  EXPECT_EQ(unix_path.family, Endpoint::Family::unix_path);
  EXPECT_EQ(unix_path.path, "/run/pg.sock");
  EXPECT_EQ(unix_path.host(), "unix:/run/pg.sock");
  EXPECT_EQ(unix_path.port, 0);
}

TEST(Endpoint, RefusesWhatIsNoAddressAndSaysWhy) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "is empty"},
      {"10.0.0.1", "no port; write 10.0.0.1:PORT"},
      {"10.0.0.1:", "no port after the \":\""},
      {":80", "no address before the port; write 0.0.0.0"},
      {"*:80", "\"*\" is no address; write 0.0.0.0"},
      {"10.0.0.1:70000", "port 70000 is above 65535"},
      {"10.0.0.1:99999999999999999999999999", "is above 65535"},
      {"10.0.0.1:080", "port \"080\" is not a plain decimal number"},
      {"10.0.0.1:-1", "port \"-1\" is not a plain decimal number"},
      {"10.0.0.1:+1", "port \"+1\" is not a plain decimal number"},
      {"10.0.0.1:0x50", "port \"0x50\" is not a plain decimal number"},
      {"10.0.0.1:80 ", "port \"80 \" is not a plain decimal number"},
      {"127.1:80", "\"127.1\" is not an IPv4 address"},
      {"010.0.0.1:80", "\"010.0.0.1\" is not an IPv4 address"},
      {"0x7f.0.0.1:80", "\"0x7f.0.0.1\" is not an IPv4 address"},
      {"2130706433:80", "\"2130706433\" is not an IPv4 address"},
      {"256.0.0.1:80", "\"256.0.0.1\" is not an IPv4 address"},
      {"1.2.3.4.5:80", "\"1.2.3.4.5\" is not an IPv4 address"},
      {"localhost:80", "\"localhost\" is not an IP address; a host name needs a dns source"},
      {" 10.0.0.1:80", "is not an IP address"},
      {"2001:db8::1:80", "stands in brackets"},
      {"::1", "stands in brackets"},
      {"[::1]", "no port; write [::1]:PORT"},
      {"[::1]80", "no port; write [::1]:PORT"},
      {"[::1]:", "no port after the \":\""},
      {"[::1", "no \"]\""},
      {"[]:80", "\"\" is not an IPv6 address"},
      {"[10.0.0.1]:80", "\"10.0.0.1\" is not an IPv6 address"},
      {"[:::1]:80", "is not an IPv6 address"},
      {"[fe80::1%eth0]:80", "an IPv6 zone"},
      {"unix:", "unix:/absolute/path"},
      {"unix:run/pg.sock", "unix:/absolute/path"},
      {"unix:@abstract", "unix:/absolute/path"},
      {"unix:/" + std::string(107, 'a'), "at most 107 bytes, this one has 108"},
      {"unix:/a\nb", "control characters"},
      {std::string("unix:/a\0b", 9), "control characters"},
      {std::string("10.0.0.1\0:80", 12), "is not an IP address"},
      {std::string("[::1\0]:80", 9), "is not an IPv6 address"},
      {"\xff\xfe:80", "is not an IP address"},
  };
  for (const auto& [text, reason] : cases) {
    EXPECT_NE(why_not(text).find(reason), std::string::npos) << text << ": " << why_not(text);
  }
}

TEST(Endpoint, ReadsAnAddressWithoutAPort) {
  std::string why;
  for (const auto& [written, canonical] : std::vector<std::pair<std::string, std::string>>{
           {"10.0.0.1", "10.0.0.1"},
           {"2001:DB8:0::1", "2001:db8::1"},
           {"::", "::"},
           {"::ffff:7f00:1", "::ffff:127.0.0.1"},
       }) {
    const auto address = Endpoint::parse_ip(written, why);
    ASSERT_TRUE(address) << written << ": " << why;
    EXPECT_EQ(address->host(), canonical);
    EXPECT_EQ(address->port, 0);
    EXPECT_EQ(Endpoint::parse_ip(address->host(), why), address);
  }
  for (const auto& [text, reason] : std::vector<std::pair<std::string, std::string>>{
           {"", "is empty"},
           {"10.0.0.1:80", "no port here"},
           {"[::1]", "without brackets"},
           {"127.1", "\"127.1\" is not an IPv4 address"},
           {"0x7f.1", "\"0x7f.1\" is not an IPv4 address"},
           {"017700000001", "\"017700000001\" is not an IPv4 address"},
           {"localhost", "a host name needs a dns source"},
           {"fe80::1%eth0", "an IPv6 zone"},
           {":::1", "is not an IPv6 address"},
           {"unix:/run/pg.sock", "a unix socket is no IP address"},
           {std::string("10.0.0.1\0", 9), "is not an IP address"},
           {std::string("::1\0", 4), "is not an IPv6 address"},
       }) {
    EXPECT_EQ(Endpoint::parse_ip(text, why), std::nullopt) << text;
    EXPECT_NE(why.find(reason), std::string::npos) << text << ": " << why;
  }
}

TEST(Endpoint, UnmapsToTheAddressThatIsMeant) {
  EXPECT_EQ(parsed("[::ffff:10.0.0.1]:80").unmapped(), parsed("10.0.0.1:80"));
  for (const char* const text : {"10.0.0.1:80", "[::10.0.0.1]:80", "[::1]:80", "unix:/a"}) {
    EXPECT_EQ(parsed(text).unmapped(), parsed(text));
  }
}

TEST(Endpoint, SeesLoopbackThroughEverySpelling) {
  for (const char* const text : {"127.0.0.1:1", "127.255.0.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1",
                                 "unix:/run/sluice.sock"}) {
    EXPECT_TRUE(parsed(text).is_loopback()) << text;
  }
  for (const char* const text :
       {"0.0.0.0:1", "128.0.0.1:1", "[::]:1", "[::2]:1", "[::ffff:10.0.0.1]:1", "[7f00::1]:1"}) {
    EXPECT_FALSE(parsed(text).is_loopback()) << text;
  }
}

TEST(Endpoint, KnowsWildcardsAndMappedAddresses) {
  EXPECT_TRUE(parsed("0.0.0.0:80").is_wildcard());
  EXPECT_TRUE(parsed("[::]:80").is_wildcard());
  EXPECT_FALSE(parsed("127.0.0.1:80").is_wildcard());
  EXPECT_FALSE(parsed("unix:/a").is_wildcard());
  EXPECT_TRUE(parsed("[::ffff:10.0.0.1]:80").is_v4_mapped());
  EXPECT_FALSE(parsed("[::10.0.0.1]:80").is_v4_mapped());
  EXPECT_NE(parsed("[::ffff:10.0.0.1]:80"), parsed("10.0.0.1:80"));
}

TEST(Endpoint, IsOrderedByFamilyThenAddressThenPort) {
  const std::vector<std::string> ascending = {"10.0.0.1:80", "10.0.0.1:81", "10.0.0.2:1",
                                              "[::1]:80",    "unix:/a",     "unix:/b"};
  for (std::size_t i = 1; i < ascending.size(); ++i) {
    EXPECT_LT(parsed(ascending[i - 1]), parsed(ascending[i]));
  }
}

}  // namespace
}  // namespace sluice::config
