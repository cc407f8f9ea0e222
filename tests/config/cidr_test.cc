#include "config/cidr.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice::config {
namespace {

Cidr read_prefix(std::string_view text) {
  std::string why;
  const auto prefix = Cidr::parse(text, why);
  EXPECT_TRUE(prefix) << text << ": " << why;
  return prefix.value_or(Cidr{});
}

Endpoint ip_of(std::string_view text) {
  std::string why;
  const auto endpoint = Endpoint::parse_ip(text, why);
  EXPECT_TRUE(endpoint) << text << ": " << why;
  return endpoint.value_or(Endpoint{});
}

TEST(Cidr, IsWrittenTheCanonicalWay) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"10.0.0.0/8", "10.0.0.0/8"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"10.0.0.1", "10.0.0.1/32"},
      {"10.0.0.128/25", "10.0.0.128/25"},
      {"255.255.255.255/32", "255.255.255.255/32"},
      {"::/0", "::/0"},
      {"::1/128", "::1/128"},
      {"2001:DB8::1", "2001:db8::1/128"},
      {"2001:db8:0:0::/32", "2001:db8::/32"},
      {"fe80::/10", "fe80::/10"},
      {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
      {"::ffff:0:0/96", "0.0.0.0/0"},
      {"::ffff:10.0.0.1", "10.0.0.1/32"},
  };
  for (const auto& [written, canonical] : cases) {
    const Cidr prefix = read_prefix(written);
    EXPECT_EQ(prefix.text(), canonical);
    EXPECT_EQ(read_prefix(prefix.text()), prefix) << written;
  }
}

TEST(Cidr, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "is empty; write an IP address"},
      {"/8", "is empty; write an IP address"},
      {"10.1.2.3/8", "\"10.1.2.3/8\" has bits set below the prefix; the prefix is 10.0.0.0/8"},
      {"10.0.0.1/31", "the prefix is 10.0.0.0/31"},
      {"128.0.0.0/0", "the prefix is 0.0.0.0/0"},
      {"2001:db8::1/64", "the prefix is 2001:db8::/64"},
      {"::ffff:10.0.0.1/104", "the prefix is ::ffff:10.0.0.0/104"},
      {"::ffff:10.0.0.0/64", "the prefix is ::/64"},
      {"10.0.0.0/33", "the length of the prefix, \"33\" is above 32; write 10.0.0.0/32"},
      {"::1/129", "the length of the prefix, \"129\" is above 128; write ::1/128"},
      {"10.0.0.0/", "the length of the prefix, \"\" is not a whole decimal number"},
      {"10.0.0.0/-1", "\"-1\" is negative"},
      {"10.0.0.0/08", "\"08\" is not a whole decimal number"},
      {"10.0.0.0/8/8", "\"8/8\" is not a whole decimal number"},
      {"10.0.0.0/255.0.0.0", "is not a whole decimal number"},
      {"10.0.0.0/99999999999999999999", "is above 32"},
      {"10.0.0.0 /8", "is not an IP address"},
      {"10/8", "\"10\" is not an IPv4 address"},
      {"127.1", "\"127.1\" is not an IPv4 address"},
      {"localhost/8", "is not an IP address"},
      {"[::1]/128", "without brackets"},
      {"fe80::1%eth0/64", "an IPv6 zone"},
      {"10.0.0.0:80/8", "no port here"},
      {"unix:/run", "a unix socket is no IP address"},
      {std::string("10.0.0.0\0/8", 11), "is not an IP address"},
      {std::string(100'000, '1'), "is too long"},
  };
  for (const auto& [text, reason] : cases) {
    std::string why;
    EXPECT_EQ(Cidr::parse(text, why), std::nullopt) << text;
    EXPECT_NE(why.find(reason), std::string::npos) << text << ": " << why;
  }
}

TEST(Cidr, HoldsTheAddressesThatShareItsBits) {
  struct Row {
    const char* prefix;
    std::vector<std::string> inside;
    std::vector<std::string> outside;
  };
  const std::vector<Row> table = {
      {"10.0.0.0/8",
       {"10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"},
       {"9.255.255.255", "11.0.0.0"}},
      {"10.0.0.0/9", {"10.127.255.255"}, {"10.128.0.0"}},
      {"10.0.0.1", {"10.0.0.1", "::ffff:a00:1"}, {"10.0.0.0", "::10.0.0.1", "::ffff:10.0.0.2"}},
      {"0.0.0.0/0", {"0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"}, {"::", "::1"}},
      {"::/0", {"::", "::1", "ffff::"}, {"0.0.0.0", "10.0.0.1", "::ffff:10.0.0.1"}},
      {"::/1", {"7fff::"}, {"8000::", "::ffff:10.0.0.1"}},
      {"::1/128", {"::1", "0:0::1"}, {"::", "::2", "127.0.0.1", "0.0.0.1"}},
      {"2001:db8::/33", {"2001:db8:7fff::"}, {"2001:db8:8000::", "2001:db9::"}},
      {"::ffff:10.0.0.0/104", {"10.1.2.3", "::ffff:10.1.2.3"}, {"11.0.0.0", "::10.0.0.1"}},
  };
  for (const Row& row : table) {
    const Cidr prefix = read_prefix(row.prefix);
    for (const auto& in : row.inside) EXPECT_TRUE(prefix.contains(ip_of(in))) << row.prefix << in;
    for (const auto& out : row.outside) {
      EXPECT_FALSE(prefix.contains(ip_of(out))) << row.prefix << " " << out;
    }
  }
}

TEST(Cidr, HoldsNoUnixSocket) {
  Endpoint socket;
  socket.family = Endpoint::Family::unix_path;
  socket.path = "/run/pg.sock";
  EXPECT_FALSE(read_prefix("0.0.0.0/0").contains(socket));
  EXPECT_FALSE(read_prefix("::/0").contains(socket));
}

TEST(Cidr, HoldsNarrowerPrefixes) {
  EXPECT_TRUE(read_prefix("10.0.0.0/8").contains(read_prefix("10.0.0.0/8")));
  EXPECT_TRUE(read_prefix("10.0.0.0/8").contains(read_prefix("10.1.0.0/16")));
  EXPECT_FALSE(read_prefix("10.1.0.0/16").contains(read_prefix("10.0.0.0/8")));
  EXPECT_FALSE(read_prefix("10.0.0.0/8").contains(read_prefix("11.0.0.0/16")));
  EXPECT_FALSE(read_prefix("::/0").contains(read_prefix("10.0.0.0/8")));
}

TEST(Cidr, IsFoundAroundAnAddress) {
  EXPECT_EQ(Cidr::around(ip_of("10.1.2.3"), 32, 64).text(), "10.1.2.3/32");
  EXPECT_EQ(Cidr::around(ip_of("10.1.2.3"), 12, 64).text(), "10.0.0.0/12");
  EXPECT_EQ(Cidr::around(ip_of("::ffff:10.1.2.3"), 24, 64).text(), "10.1.2.0/24");
  EXPECT_EQ(Cidr::around(ip_of("2001:db8::1:2"), 32, 64).text(), "2001:db8::/64");
  EXPECT_EQ(Cidr::around(ip_of("2001:db8::1"), 0, 0).text(), "::/0");
}

TEST(Cidr, OneOfAListIsEnough) {
  const std::vector<Cidr> list = {read_prefix("10.0.0.0/8"), read_prefix("::1")};
  EXPECT_TRUE(is_in(list, ip_of("10.1.1.1")));
  EXPECT_TRUE(is_in(list, ip_of("::1")));
  EXPECT_FALSE(is_in(list, ip_of("192.0.2.1")));
  EXPECT_FALSE(is_in({}, ip_of("192.0.2.1")));
}

}  // namespace
}  // namespace sluice::config
