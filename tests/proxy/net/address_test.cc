#include "proxy/net/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>

namespace sluice::net {
namespace {

config::Endpoint endpoint(std::string_view text) {
  std::string why;
  const auto parsed = config::Endpoint::parse(text, why);
  EXPECT_TRUE(parsed) << why;
  return parsed.value_or(config::Endpoint{});
}

TEST(SocketAddress, IsTheEndpointThatItWasMadeOf) {
  for (const char* text : {"127.0.0.1:80", "10.0.0.255:65535", "[::1]:443", "[2001:db8::1]:1",
                           "unix:/run/pg.sock", "unix:/a"}) {
    EXPECT_EQ(SocketAddress(endpoint(text)).endpoint().text(), text);
  }
}

TEST(SocketAddress, IsWhatTheKernelWants) {
  const SocketAddress v4(endpoint("1.2.3.4:5"));
  EXPECT_EQ(v4.family(), AF_INET);
  EXPECT_EQ(v4.size(), sizeof(sockaddr_in));

  const SocketAddress v6(endpoint("[::1]:5"));
  EXPECT_EQ(v6.family(), AF_INET6);
  EXPECT_EQ(v6.size(), sizeof(sockaddr_in6));

  const SocketAddress path(endpoint("unix:/a/b"));
  EXPECT_EQ(path.family(), AF_UNIX);
  EXPECT_EQ(path.size(), offsetof(sockaddr_un, sun_path) + sizeof("/a/b"));
}

TEST(SocketAddress, HoldsTheLongestUnixPath) {
  config::Endpoint longest;
  longest.family = config::Endpoint::Family::unix_path;
  longest.path = "/" + std::string(sizeof(sockaddr_un::sun_path) - 2, 'p');
  EXPECT_EQ(SocketAddress(longest).endpoint(), longest);
}

// As the kernel would: writes the address and its length.
template <class Raw>
SocketAddress from_kernel(const Raw& raw, std::size_t size = sizeof(Raw)) {
  SocketAddress address;
  EXPECT_GE(*address.size_for_kernel(), size);
  *address.size_for_kernel() = static_cast<socklen_t>(size);
  std::memcpy(address.get(), &raw, size);
  return address;
}

sockaddr_in6 v6(const char* text, std::uint16_t port) {
  sockaddr_in6 raw{};
  raw.sin6_family = AF_INET6;
  raw.sin6_port = htons(port);
  EXPECT_EQ(::inet_pton(AF_INET6, text, &raw.sin6_addr), 1);
  return raw;
}

TEST(Peer, IsWrittenAsPeopleWriteIt) {
  struct Case {
    SocketAddress address;
    std::string host, text;
  };
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(4711);
  v4.sin_addr.s_addr = htonl(0x0a000009);
  const Case cases[] = {
      {from_kernel(v4), "10.0.0.9", "10.0.0.9:4711"},
      {from_kernel(v6("2001:db8::1", 4711)), "2001:db8::1", "[2001:db8::1]:4711"},
      {from_kernel(v6("::ffff:10.0.0.9", 4711)), "10.0.0.9", "10.0.0.9:4711"},
      {from_kernel(v6("::10.0.0.9", 1)), "::10.0.0.9", "[::10.0.0.9]:1"},
      {SocketAddress(endpoint("unix:/run/pg.sock")), "", "unix"},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(Peer::of(each.address).host(), each.host);
    EXPECT_EQ(Peer::of(each.address).text(), each.text);
  }
}

TEST(Peer, AMappedV4AddressIsTheV4Address) {
  const SocketAddress mapped = from_kernel(v6("::ffff:10.0.0.9", 4711));
  EXPECT_EQ(Peer::of(mapped).family, AF_INET);
  EXPECT_EQ(mapped.endpoint(), endpoint("10.0.0.9:4711"));
}

// What accept4() gives for a unix client: a family and no path.
TEST(Peer, AnUnnamedUnixClientHasAnEmptyPath) {
  sockaddr_un raw{};
  raw.sun_family = AF_UNIX;
  const SocketAddress unnamed = from_kernel(raw, sizeof(raw.sun_family));
  EXPECT_EQ(Peer::of(unnamed).family, AF_UNIX);
  EXPECT_EQ(unnamed.endpoint().family, config::Endpoint::Family::unix_path);
  EXPECT_EQ(unnamed.endpoint().path, "");
}

// The kernel does not end a path with a NUL that fills sun_path, and counts one more than there is.
TEST(Peer, AUnixPathWithoutItsNulIsReadToItsEnd) {
  struct {
    sockaddr_un un;
    char behind = 'x';
  } raw{};
  raw.un.sun_family = AF_UNIX;
  std::memset(raw.un.sun_path, 'p', sizeof(raw.un.sun_path));
  const SocketAddress full = from_kernel(raw, sizeof(sockaddr_un) + 1);
  EXPECT_EQ(full.endpoint().path, std::string(sizeof(raw.un.sun_path), 'p'));
}

}  // namespace
}  // namespace sluice::net
