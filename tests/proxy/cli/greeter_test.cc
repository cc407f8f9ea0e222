#include "proxy/cli/greeter.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

constexpr const char* kGreeting =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 32\r\n\r\n"
    "hello from alpha (connection 3)\n";
constexpr const char* kLastGreeting =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 32\r\n"
    "Connection: close\r\n\r\nhello from alpha (connection 3)\n";

TEST(Greeter, SendsAPlainLineBackUnderItsName) {
  Greeter greeter("alpha", 3);
  EXPECT_EQ(greeter.hear("good day\nand "), "alpha: good day\n");
  EXPECT_EQ(greeter.hear("good bye\r\n"), "alpha: and good bye\n");
  EXPECT_FALSE(greeter.is_done());
}

TEST(Greeter, AnswersARequestOnceItsHeadersAreComplete) {
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  for (std::size_t cut = 0; cut < request.size(); ++cut) {
    Greeter greeter("alpha", 3);
    EXPECT_EQ(greeter.hear(request.substr(0, cut)), "") << cut;
    EXPECT_EQ(greeter.hear(request.substr(cut)), kGreeting) << cut;
    EXPECT_FALSE(greeter.is_done());
  }
}

TEST(Greeter, RequestsFollowEachOtherOnOneConnection) {
  Greeter greeter("alpha", 3);
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_EQ(greeter.hear(request + request), std::string(kGreeting) + kGreeting);
}

TEST(Greeter, TheConnectionEndsWhereTheClientOrTheMethodSaysSo) {
  for (const char* request :
       {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nConnection: Close\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody"}) {
    Greeter greeter("alpha", 3);
    EXPECT_EQ(greeter.hear(request), kLastGreeting) << request;
    EXPECT_TRUE(greeter.is_done()) << request;
    EXPECT_EQ(greeter.hear("more\n"), "") << request;
  }
}

TEST(Greeter, AnswersHeadWithoutABody) {
  Greeter greeter("alpha", 3);
  const std::string reply = greeter.hear("HEAD / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(reply.ends_with("Content-Length: 32\r\n\r\n")) << reply;
}

TEST(Greeter, GivesUpOnALineWithoutEnd) {
  Greeter greeter("alpha", 3);
  EXPECT_EQ(greeter.hear(std::string(8'192, 'x')), "");
  EXPECT_FALSE(greeter.is_done());
  greeter.hear("x");
  EXPECT_TRUE(greeter.is_done());
}

}  // namespace
}  // namespace sluice::cli
