#include "registry/access/sha256.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice::access {
namespace {

// The first and the third are of FIPS 180's examples, the second is widely known.
TEST(Sha256, IsThatOfTheStandard) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
  };
  for (const auto& [text, digits] : cases) {
    const auto digest = sha256(text);
    ASSERT_TRUE(digest);
    EXPECT_EQ(hex(*digest), digits);
    EXPECT_EQ(digest_from_hex(digits), digest);
  }
}

TEST(Sha256, ReadsDigitsOfEitherCaseAndNothingElse) {
  EXPECT_EQ(digest_from_hex(std::string(64, 'F')), digest_from_hex(std::string(64, 'f')));
  for (const std::string& bad :
       {std::string(), std::string(63, '0'), std::string(65, '0'), std::string(63, '0') + "g",
        std::string(62, '0') + "0x", ' ' + std::string(63, '0'), std::string(64, '\0')}) {
    EXPECT_EQ(digest_from_hex(bad), std::nullopt) << bad;
  }
}

TEST(Sha256, ADifferenceInAnyBitIsOne) {
  Digest a{};
  EXPECT_EQ(equal_in_constant_time(a, a), 1u);
  for (std::size_t byte = 0; byte < a.size(); ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      Digest b = a;
      b[byte] = static_cast<std::uint8_t>(1u << bit);
      EXPECT_EQ(equal_in_constant_time(a, b), 0u) << byte << " " << bit;
    }
  }
}

}  // namespace
}  // namespace sluice::access
