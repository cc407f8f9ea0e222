#include "proxy/session/admission.h"

#include <gtest/gtest.h>

namespace sluice::session {
namespace {

net::Peer peer(const std::string& address) {
  std::string why;
  return net::Peer::of(config::Endpoint::parse(address, why).value());
}

config::Listener listener(config::ProxyAccept accept, std::vector<std::string> trusted,
                          std::vector<std::string> allow = {}, std::vector<std::string> deny = {}) {
  config::Listener made;
  made.proxy_protocol = {accept, std::move(trusted)};
  made.access = {std::move(allow), std::move(deny)};
  return made;
}

TEST(Admission, IsNoneWhereEverybodyIsLetIn) {
  EXPECT_FALSE(Admission::of(listener(config::ProxyAccept::off, {"10.0.0.0/8"})));
  EXPECT_TRUE(Admission::of(listener(config::ProxyAccept::required, {})));
  EXPECT_TRUE(Admission::of(listener(config::ProxyAccept::off, {}, {"10.0.0.0/8"})));
  EXPECT_TRUE(Admission::of(listener(config::ProxyAccept::off, {}, {}, {"10.0.0.0/8"})));
}

TEST(Admission, ReadsHeadersOfWhomItTrusts) {
  using Accept = config::ProxyAccept;
  const struct {
    Accept accept;
    std::vector<std::string> trusted;
    const char* sender;
    bool reads;
    const char* why_not;
  } rows[] = {
      {Accept::required, {}, "10.0.0.9:1", true, ""},
      {Accept::required, {"10.0.0.0/8"}, "10.0.0.9:1", true, ""},
      {Accept::required, {"10.0.0.0/8"}, "unix:/x", true, ""},
      {Accept::required,
       {"10.0.0.0/8"},
       "11.0.0.9:1",
       false,
       "11.0.0.9 is not one of proxy_protocol.trusted"},
      {Accept::required,
       {"10.0.0.0/8"},
       "[::1]:1",
       false,
       "::1 is not one of proxy_protocol.trusted"},
      {Accept::optional, {"10.0.0.0/8"}, "10.0.0.9:1", true, ""},
      {Accept::optional, {"10.0.0.0/8"}, "11.0.0.9:1", false, ""},
  };
  for (const auto& row : rows) {
    const auto admission = Admission::of(listener(row.accept, row.trusted)).value();
    EXPECT_EQ(admission.reads_header_of(peer(row.sender)), row.reads) << row.sender;
    EXPECT_EQ(admission.why_not_from(peer(row.sender)), row.why_not) << row.sender;
  }
}

TEST(Admission, IsByLists) {
  const struct {
    std::vector<std::string> allow, deny;
    const char* client;
    const char* why_not;
  } rows[] = {
      {{}, {"10.1.0.0/16"}, "10.2.0.1:1", ""},
      {{}, {"10.1.0.0/16"}, "10.1.0.1:1", "10.1.0.1 lies in 10.1.0.0/16 of access.deny"},
      {{"10.0.0.0/8"}, {}, "10.2.0.1:1", ""},
      {{"10.0.0.0/8"}, {}, "11.2.0.1:1", "11.2.0.1 lies in nothing of access.allow"},
      {{"10.1.0.1"}, {"10.1.0.0/16"}, "10.1.0.1:1", "10.1.0.1 lies in 10.1.0.0/16 of access.deny"},
      {{"10.0.0.0/8"}, {}, "[::ffff:10.0.0.1]:1", ""},
      {{"::/0"}, {}, "10.0.0.1:1", "10.0.0.1 lies in nothing of access.allow"},
      {{"10.0.0.0/8"}, {}, "unix:/x", ""},
  };
  for (const auto& row : rows) {
    const auto admission =
        Admission::of(listener(config::ProxyAccept::off, {}, row.allow, row.deny)).value();
    EXPECT_EQ(admission.why_not(peer(row.client)), row.why_not);
    EXPECT_EQ(admission.why_not_from(peer(row.client)), row.why_not);
  }
}

}  // namespace
}  // namespace sluice::session
