#include "proxy/admin/request_target.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::admin {
namespace {

using Segments = std::vector<std::string>;

int status_of(std::string_view target) {
  Request request;
  const Objection objection = read_target(target, request);
  return objection ? objection->status : 0;
}

TEST(RequestTarget, IsCutIntoSegmentsThatAreDecodedOneByOne) {
  const struct {
    const char* target;
    const char* path;
    Segments segments;
  } cases[] = {
      {"/", "/", {}},
      {"/healthz", "/healthz", {"healthz"}},
      {"/v1/services/pg", "/v1/services/pg", {"v1", "services", "pg"}},
      {"/v1/services/", "/v1/services/", {"v1", "services", ""}},
      {"//x", "//x", {"", "x"}},
      {"/a%2Fb/%63", "/a/b/c", {"a/b", "c"}},
      {"/a+b", "/a+b", {"a+b"}},
      {"/../etc", "/../etc", {"..", "etc"}},
      {"/%c3%a4", "/\xc3\xa4", {"\xc3\xa4"}},
  };
  for (const auto& c : cases) {
    Request request;
    ASSERT_FALSE(read_target(c.target, request)) << c.target;
    EXPECT_EQ(request.path, c.path);
    EXPECT_EQ(request.segments, c.segments) << c.target;
  }
}

TEST(RequestTarget, NamesItsParameters) {
  Request request;
  ASSERT_FALSE(read_target("/a?client=10.0.0.1&empty=&bare&&x%3D=a+b%26?", request));
  EXPECT_EQ(request.query.size(), 4u);
  EXPECT_EQ(request.parameter("client"), "10.0.0.1");
  EXPECT_EQ(request.parameter("empty"), "");
  EXPECT_EQ(request.parameter("bare"), "");
  EXPECT_EQ(request.parameter("x="), "a b&?");
  EXPECT_EQ(request.parameter("other"), std::nullopt);
}

TEST(RequestTarget, IsRefusedWhenItCouldMeanTwoThings) {
  for (const char* target :
       {"", "a", "*", "http://localhost/", "localhost:80", "/a#b", "/a b", "/%", "/%4", "/%zz",
        "/%00", "/a\x7f", "/a\x80", "/?a=%", "/?%=a", "/?a=%00", "/?a=1&a=2", "/?a=1&%61=1"}) {
    EXPECT_EQ(status_of(target), 400) << target;
  }
}

TEST(RequestTarget, IsNotRepeatedByTheRefusal) {
  Request request;
  EXPECT_EQ(read_target("/?%ff%0a=1&%ff%0a=2", request)->message,
            "the parameter \"\\xff\\n\" is given twice");
  const std::string name(1000, 'n');
  EXPECT_LT(read_target("/?" + name + "&" + name, request)->message.size(), 100u);
}

TEST(RequestTarget, HasALimit) {
  EXPECT_EQ(status_of("/" + std::string(kMaxTarget - 1, 'x')), 0);
  EXPECT_EQ(status_of("/" + std::string(kMaxTarget, 'x')), 414);
}

}  // namespace
}  // namespace sluice::admin
