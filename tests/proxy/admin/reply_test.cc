#include "proxy/admin/reply.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::admin {
namespace {

constexpr std::time_t kThen = 784111777;  // the example of RFC 9110, 5.6.7

TEST(Reply, IsWrittenWithWhatProtectsIt) {
  Reply reply = Reply::json("{}");
  reply.headers.emplace_back("X-Sluice-Index", "7");
  EXPECT_EQ(to_wire(reply, {false, false, kThen}),
            "HTTP/1.1 200 OK\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json\r\n"
            "Content-Length: 2\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Cache-Control: no-store\r\n"
            "X-Sluice-Index: 7\r\n"
            "\r\n{}");
}

TEST(Reply, SaysThatTheConnectionEnds) {
  const std::string wire = to_wire(Reply::json("{}"), {false, true, kThen});
  EXPECT_NE(wire.find("\r\nConnection: close\r\n"), wire.npos);
}

TEST(Reply, ToHeadHasTheLengthAndNotTheBody) {
  const std::string wire = to_wire(Reply::json("{\"a\":1}"), {true, false, kThen});
  EXPECT_NE(wire.find("\r\nContent-Length: 7\r\n"), wire.npos);
  EXPECT_TRUE(wire.ends_with("\r\n\r\n"));
}

TEST(Reply, WithoutContentHasNeitherBodyNorLength) {
  const std::string wire = to_wire(Reply{204, "", "", {}}, {false, false, kThen});
  EXPECT_TRUE(wire.starts_with("HTTP/1.1 204 No Content\r\n"));
  EXPECT_EQ(wire.find("Content-"), wire.find("Content-Type-Options"));
  EXPECT_TRUE(wire.ends_with("\r\n\r\n"));
}

TEST(Reply, OfAnErrorNamesItInAWord) {
  const struct {
    int status;
    const char* code;
  } cases[] = {{400, "bad_request"},        {403, "forbidden"},
               {404, "not_found"},          {405, "method_not_allowed"},
               {408, "request_timeout"},    {413, "payload_too_large"},
               {414, "uri_too_long"},       {415, "unsupported_media_type"},
               {417, "expectation_failed"}, {431, "header_too_large"},
               {500, "internal"},           {501, "not_implemented"},
               {503, "unavailable"},        {505, "http_version_not_supported"}};
  for (const auto& c : cases) {
    const Reply reply = Reply::error(c.status, "why");
    EXPECT_EQ(reply.status, c.status);
    const auto error = nlohmann::json::parse(reply.body);
    EXPECT_EQ(error["error"]["code"], c.code);
    EXPECT_EQ(error["error"]["message"], "why");
  }
}

TEST(Reply, OfAnErrorIsJsonWhateverTheMessageHolds) {
  const Reply reply = Reply::error(404, "no service \"\xff\n\"");
  EXPECT_EQ(nlohmann::json::parse(reply.body)["error"]["message"], "no service \"\uFFFD\n\"");
}

}  // namespace
}  // namespace sluice::admin
