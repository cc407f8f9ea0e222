#include "registry/access/address_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::access {
namespace {

using config::Cidr;
using config::Endpoint;
using testing::HasSubstr;

Endpoint endpoint(std::string_view text) {
  std::string why;
  const auto parsed = Endpoint::parse(text, why);
  EXPECT_TRUE(parsed) << text << ": " << why;
  return parsed.value_or(Endpoint{});
}

std::vector<Cidr> prefixes(const std::vector<std::string>& texts) {
  std::vector<Cidr> parsed;
  for (const std::string& text : texts) {
    std::string why;
    const auto prefix = Cidr::parse(text, why);
    EXPECT_TRUE(prefix) << text << ": " << why;
    if (prefix) parsed.push_back(*prefix);
  }
  return parsed;
}

// The API on loopback, one listener on all addresses and one on a certain one.
AddressPolicy local_policy(const std::vector<std::string>& allowed = {}) {
  AddressPolicy policy;
  policy.allowed = prefixes(allowed);
  policy.admin = endpoint("127.0.0.1:9901");
  policy.listeners = {endpoint("0.0.0.0:5432"), endpoint("192.0.2.1:6379")};
  policy.own_addresses = {endpoint("192.0.2.1:0"), endpoint("[2001:db8::1]:0")};
  return policy;
}

AddressPolicy open_policy(const std::vector<std::string>& allowed = {}) {
  AddressPolicy policy = local_policy(allowed);
  policy.admin = endpoint("0.0.0.0:9901");
  return policy;
}

// "" when the address may be registered.
std::string judgement(const AddressPolicy& policy, std::string_view address) {
  return policy.judge(endpoint(address)).value_or("");
}

struct Judged {
  const char* address;
  const char* reason;  // "": taken
};

TEST(AddressPolicy, TakesOrdinaryAddresses) {
  for (const char* const address :
       {"10.0.0.1:80", "192.0.2.2:5432", "203.0.113.9:1", "[2001:db8::2]:5432", "[fd00::1]:80",
        "192.0.2.1:80", "[::ffff:10.0.0.1]:80", "240.0.0.1:80", "10.0.0.255:80"}) {
    EXPECT_EQ(judgement(local_policy(), address), "");
    EXPECT_EQ(judgement(open_policy(), address), "");
  }
}

TEST(AddressPolicy, NeverTakesWhatIsNoPlace) {
  const std::vector<std::string> everything = {
      "0.0.0.0/0",       "::/0",     "0.0.0.0/32", "224.0.0.0/4",
      "255.255.255.255", "ff00::/8", "::/96",      "::/128"};
  for (const Judged& row : {
           Judged{"0.0.0.0:80", "it stands for this machine"},
           Judged{"0.0.0.1:80", "it stands for this machine"},
           Judged{"[::]:80", "it stands for every one"},
           Judged{"[::ffff:0.0.0.0]:80", "it stands for this machine"},
           Judged{"10.0.0.1:0", "has the port 0"},
           Judged{"[2001:db8::2]:0", "has the port 0"},
           Judged{"224.0.0.1:80", "a multicast address"},
           Judged{"239.255.255.255:80", "a multicast address"},
           Judged{"[ff02::1]:80", "a multicast address"},
           Judged{"[::ffff:224.0.0.1]:80", "a multicast address"},
           Judged{"255.255.255.255:80", "the broadcast address"},
           Judged{"[::ffff:255.255.255.255]:80", "the broadcast address"},
           Judged{"[::127.0.0.1]:80", "in a form that is deprecated"},
           Judged{"[::10.0.0.1]:80", "in a form that is deprecated"},
           Judged{"unix:/run/docker.sock", "only IP addresses can be registered"},
       }) {
    EXPECT_THAT(judgement(local_policy(), row.address), HasSubstr(row.reason));
    EXPECT_THAT(judgement(open_policy(), row.address), HasSubstr(row.reason));
    EXPECT_THAT(judgement(local_policy(everything), row.address), HasSubstr(row.reason));
  }
}

TEST(AddressPolicy, TakesLinkLocalAndMetadataOnlyByName) {
  struct Case {
    const char* address;
    const char* reason;
    std::vector<std::string> not_named_by;
    std::vector<std::string> named_by;
  };
  for (const Case& c : {
           Case{"169.254.169.254:80",
                "metadata service",
                {"0.0.0.0/0", "169.254.0.0/16", "169.254.169.254/31", "169.254.169.253"},
                {"169.254.169.254"}},
           Case{"[::ffff:169.254.169.254]:80",
                "metadata service",
                {"::/0", "0.0.0.0/0", "169.254.0.0/16"},
                {"::ffff:169.254.169.254", "169.254.169.254"}},
           Case{"[::ffff:a9fe:a9fe]:80", "metadata service", {"::/0"}, {"169.254.169.254"}},
           Case{"[fd00:ec2::254]:80",
                "metadata service",
                {"::/0", "fd00::/8", "fd00:ec2::/32"},
                {"fd00:ec2::254"}},
           Case{"[fd20:ce::254]:80", "metadata service", {"fd00::/8"}, {"fd20:ce::254"}},
           Case{"100.100.100.200:80", "metadata service", {"100.64.0.0/10"}, {"100.100.100.200"}},
           Case{"168.63.129.16:80", "metadata service", {"168.0.0.0/8"}, {"168.63.129.16/32"}},
           Case{"169.254.1.1:80",
                "a link-local address",
                {"0.0.0.0/0", "169.0.0.0/8", "169.254.2.0/24"},
                {"169.254.0.0/16", "169.254.1.0/24", "169.254.1.1"}},
           Case{"[fe80::1]:80",
                "a link-local address",
                {"::/0", "fe80::/9"},
                {"fe80::/10", "fe80::/64"}},
           Case{"[febf::1]:80", "a link-local address", {"fe80::/64"}, {"fe80::/10"}},
       }) {
    EXPECT_THAT(judgement(local_policy(), c.address), HasSubstr(c.reason));
    EXPECT_THAT(judgement(open_policy(), c.address), HasSubstr(c.reason));
    for (const std::string& prefix : c.not_named_by) {
      EXPECT_THAT(judgement(local_policy({prefix}), c.address), HasSubstr("registry.allow"))
          << prefix;
    }
    for (const std::string& prefix : c.named_by) {
      EXPECT_EQ(judgement(local_policy({prefix}), c.address), "") << prefix;
      EXPECT_EQ(judgement(open_policy({"10.0.0.0/8", prefix}), c.address), "") << prefix;
    }
  }
}

TEST(AddressPolicy, TakesLoopbackWhereTheApiIsOnLoopbackToo) {
  for (const char* const address :
       {"127.0.0.1:80", "127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80"}) {
    EXPECT_EQ(judgement(local_policy(), address), "");
    EXPECT_EQ(judgement(local_policy({"0.0.0.0/0", "::/0"}), address), "");
    EXPECT_THAT(judgement(local_policy({"10.0.0.0/8"}), address), HasSubstr("in none of"));
    EXPECT_THAT(judgement(open_policy(), address), HasSubstr("a loopback address"));
    EXPECT_THAT(judgement(open_policy({"0.0.0.0/0", "::/0"}), address),
                HasSubstr("a loopback address"));
    EXPECT_EQ(judgement(open_policy({"127.0.0.0/8", "::1"}), address), "");
  }
  AddressPolicy by_socket = local_policy();
  by_socket.admin = endpoint("unix:/run/sluice.sock");
  EXPECT_EQ(judgement(by_socket, "127.0.0.1:80"), "") << "a unix socket is this machine's alone";
  by_socket.admin.reset();
  EXPECT_EQ(judgement(by_socket, "127.0.0.1:80"), "");
  EXPECT_THAT(judgement(open_policy({"127.0.0.1"}), "127.0.0.2:80"), HasSubstr("a loopback"));
}

TEST(AddressPolicy, NeverTakesItsOwnApi) {
  for (const char* const address :
       {"127.0.0.1:9901", "127.0.0.2:9901", "[::1]:9901", "[0:0:0:0:0:0:0:1]:9901",
        "[::ffff:127.0.0.1]:9901", "[::ffff:7f00:1]:9901"}) {
    const AddressPolicy named = local_policy({"127.0.0.0/8", "::1"});
    EXPECT_THAT(judgement(local_policy(), address), HasSubstr("this proxy's own API"));
    EXPECT_THAT(judgement(named, address), HasSubstr("this proxy's own API"));
    EXPECT_THAT(judgement(open_policy(), address), HasSubstr("this proxy's own API"));
  }
  for (const char* const address :
       {"192.0.2.1:9901", "[2001:db8::1]:9901", "[::ffff:192.0.2.1]:9901"}) {
    EXPECT_EQ(judgement(local_policy(), address), "") << "the API is on loopback alone";
    EXPECT_THAT(judgement(open_policy(), address), HasSubstr("this proxy's own API"));
  }
  EXPECT_EQ(judgement(open_policy(), "192.0.2.9:9901"), "") << "another machine's port";
}

TEST(AddressPolicy, NeverTakesItsOwnListeners) {
  AddressPolicy policy = local_policy();
  policy.listeners.push_back(endpoint("[::]:8080"));
  policy.listeners.push_back(endpoint("127.0.0.1:7000"));
  policy.listeners.push_back(endpoint("unix:/run/listener.sock"));
  for (const Judged& row : {
           Judged{"127.0.0.1:5432", "own listener 0.0.0.0:5432"},
           Judged{"127.0.0.9:5432", "own listener 0.0.0.0:5432"},
           Judged{"[::1]:5432", "own listener 0.0.0.0:5432"},
           Judged{"192.0.2.1:5432", "own listener 0.0.0.0:5432"},
           Judged{"[::ffff:192.0.2.1]:5432", "own listener 0.0.0.0:5432"},
           Judged{"[2001:db8::1]:5432", "own listener 0.0.0.0:5432"},
           Judged{"192.0.2.2:5432", ""},
           Judged{"192.0.2.1:6379", "own listener 192.0.2.1:6379"},
           Judged{"[::ffff:192.0.2.1]:6379", "own listener 192.0.2.1:6379"},
           Judged{"127.0.0.1:6379", ""},
           Judged{"[2001:db8::1]:6379", ""},
           Judged{"127.0.0.1:8080", "own listener [::]:8080"},
           Judged{"192.0.2.1:8080", "own listener [::]:8080"},
           Judged{"127.0.0.1:7000", "own listener 127.0.0.1:7000"},
           Judged{"[::1]:7000", "own listener 127.0.0.1:7000"},
           Judged{"192.0.2.1:7000", ""},
       }) {
    if (*row.reason == '\0') {
      EXPECT_EQ(judgement(policy, row.address), "");
    } else {
      EXPECT_THAT(judgement(policy, row.address), HasSubstr(row.reason));
    }
  }
}

TEST(AddressPolicy, KeepsToTheAllowedPrefixes) {
  const AddressPolicy policy = local_policy({"10.0.0.0/8", "2001:db8::/64"});
  for (const char* const inside : {"10.1.2.3:80", "[::ffff:10.1.2.3]:80", "[2001:db8::2]:80"}) {
    EXPECT_EQ(judgement(policy, inside), "");
  }
  for (const char* const outside : {"11.0.0.1:80", "[2001:db9::1]:80", "[::ffff:11.0.0.1]:80"}) {
    EXPECT_EQ(judgement(policy, outside),
              std::string(outside) + " lies in none of the prefixes of registry.allow");
  }
  EXPECT_THAT(judgement(local_policy({"::/0"}), "10.0.0.1:80"), HasSubstr("lies in none of"));
}

// Every way to write 127.0.0.1 that some program or other understands is either no address here, or
// is judged as 127.0.0.1.
TEST(AddressPolicy, IsNotPassedByBySpelling) {
  const AddressPolicy policy = open_policy();
  for (const std::string& host : {std::string("127.1"),
                                  std::string("127.0.1"),
                                  std::string("0x7f.1"),
                                  std::string("0x7f.0.0.1"),
                                  std::string("0x7f000001"),
                                  std::string("2130706433"),
                                  std::string("017700000001"),
                                  std::string("0177.0.0.1"),
                                  std::string("127.000.000.001"),
                                  std::string("127.0.0.1."),
                                  std::string(" 127.0.0.1"),
                                  std::string("127.0.0.1 "),
                                  std::string("127.0.0.1\n"),
                                  std::string("127.0.0.1\0", 10),
                                  std::string("localhost"),
                                  std::string("localhost\n"),
                                  std::string("ip6-localhost"),
                                  std::string("127.0.0.1.nip.io"),
                                  std::string("\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1"),
                                  std::string("0"),
                                  std::string("*"),
                                  std::string("::1%lo"),
                                  std::string("fe80::1%eth0"),
                                  std::string("fe80::1%1"),
                                  std::string("::ffff:127.1"),
                                  std::string("::ffff:0x7f.0.0.1"),
                                  std::string("[::1]"),
                                  std::string("user@127.0.0.1"),
                                  std::string("unix:/run/docker.sock"),
                                  std::string("/run/docker.sock"),
                                  std::string("@abstract"),
                                  std::string()}) {
    std::string why;
    EXPECT_EQ(Endpoint::parse_ip(host, why), std::nullopt) << host;
    EXPECT_EQ(Endpoint::parse("[" + host + "]:80", why), std::nullopt) << host;
    if (!host.starts_with("unix:")) {
      EXPECT_EQ(host == "[::1]", Endpoint::parse(host + ":80", why).has_value()) << host;
    }
  }
  for (const char* const host : {"127.0.0.1", "::1", "0:0:0:0:0:0:0:1", "0::0001",
                                 "::ffff:127.0.0.1", "::FFFF:7F00:1", "0:0:0:0:0:ffff:7f00:0001"}) {
    std::string why;
    auto address = Endpoint::parse_ip(host, why);
    ASSERT_TRUE(address) << host;
    address->port = 80;
    EXPECT_THAT(policy.judge(*address).value_or(""), HasSubstr("a loopback address")) << host;
  }
}

}  // namespace
}  // namespace sluice::access
