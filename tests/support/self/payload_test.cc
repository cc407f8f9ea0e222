#include "tests/support/payload.h"

#include <gtest/gtest.h>

namespace sluice::test {
namespace {

// FIPS 180-2, appendix B.1.
TEST(Sha256, IsThatOfTheStandard) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Stream, IsTheSameHoweverItIsCut) {
  const std::string whole = stream_bytes(7, 100);
  std::string parts(100, '\0');
  Stream stream(7);
  std::size_t at = 0;
  for (const std::size_t size : {1, 2, 3, 5, 8, 13, 21, 34, 13}) {
    stream.fill(parts.data() + at, size);
    at += size;
  }
  EXPECT_EQ(at, 100u);
  EXPECT_EQ(parts, whole);
}

TEST(Stream, DiffersBySeedAndSumsUpLikeItsBytes) {
  EXPECT_NE(stream_bytes(1, 64), stream_bytes(2, 64));
  EXPECT_EQ(sha256_of_stream(3, 200'001), sha256(stream_bytes(3, 200'001)));
}

}  // namespace
}  // namespace sluice::test
