#include "config/units.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::config {
namespace {

TEST(Durations, AreANumberWithAUnit) {
  const std::vector<std::pair<std::string, Duration>> cases = {
      {"0", 0ms},
      {"0s", 0ms},
      {"1ms", 1ms},
      {"500ms", 500ms},
      {"1.5s", 1500ms},
      {"0.001s", 1ms},
      {"1.500000000s", 1500ms},
      {"0.5m", 30s},
      {"1.25h", 75min},
      {"0.0000025h", 9ms},
      {"10m", 10min},
      {"87600h", kLongestDuration},
  };
  for (const auto& [text, duration] : cases) {
    std::string why;
    EXPECT_EQ(parse_duration(text, why), duration) << text << ": " << why;
  }
}

TEST(Durations, SayWhatIsWrongWithThem) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "not a duration"},          {"5", "has no unit"},
      {"00", "not a duration"},        {"05s", "not a duration"},
      {"s", "not a duration"},         {".5s", "not a duration"},
      {"1.s", "not a duration"},       {"-5s", "is negative"},
      {"+5s", "not a duration"},       {"5 s", "unknown unit \" s\""},
      {"5S", "unknown unit \"S\""},    {"5sec", "unknown unit \"sec\""},
      {"1d", "unknown unit \"d\""},    {"1h30m", "unknown unit \"h30m\""},
      {"1e3ms", "unknown unit"},       {"1.5ms", "whole number of milliseconds"},
      {"0.0001s", "whole number"},     {"0.00000001h", "whole number"},
      {"87601h", "above ten years"},   {"87600.1h", "above ten years"},
      {"315360000001ms", "above ten"}, {"99999999999999999999999s", "above ten years"},
      {"1.5", "has no unit"},          {"inf", "not a duration"},
  };
  for (const auto& [text, reason] : cases) {
    std::string why;
    EXPECT_EQ(parse_duration(text, why), std::nullopt) << text;
    EXPECT_NE(why.find(reason), std::string::npos) << text << ": " << why;
  }
}

TEST(Sizes, AreBytesOrPowersOf1024) {
  const std::vector<std::pair<std::string, std::uint64_t>> cases = {
      {"0", 0},           {"4096", 4096},       {"512B", 512},           {"64KiB", 65536},
      {"1MiB", 1u << 20}, {"2GiB", 2ull << 30}, {"1024GiB", 1ull << 40},
  };
  for (const auto& [text, count] : cases) {
    std::string why;
    EXPECT_EQ(parse_bytes(text, why), Bytes{count}) << text << ": " << why;
  }
  for (const char* const text : {"", "KiB", "-1", "1.5KiB", "64KB", "64k", "64 KiB", "0x10", "010",
                                 "1025GiB", "99999999999999999999", "1e3"}) {
    std::string why;
    EXPECT_EQ(parse_bytes(text, why), std::nullopt) << text;
    EXPECT_FALSE(why.empty());
  }
}

TEST(WholeNumbers, AreStrictlyDecimal) {
  std::string why;
  EXPECT_EQ(parse_whole("0", 10, why), 0u);
  EXPECT_EQ(parse_whole("10", 10, why), 10u);
  EXPECT_EQ(parse_whole("18446744073709551615", UINT64_MAX, why), UINT64_MAX);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"11", "above 10"},     {"18446744073709551616", "above 10"},
      {"-1", "is negative"},  {"-", "not a whole"},
      {"010", "not a whole"}, {"0x1", "not a whole"},
      {"0o1", "not a whole"}, {"1_0", "not a whole"},
      {"1.0", "not a whole"}, {"1e1", "not a whole"},
      {" 1", "not a whole"},  {"+1", "not a whole"},
      {"", "not a whole"},    {"-1x", "not a whole"},
  };
  for (const auto& [text, reason] : cases) {
    EXPECT_EQ(parse_whole(text, 10, why), std::nullopt) << text;
    EXPECT_NE(why.find(reason), std::string::npos) << text << ": " << why;
  }
}

TEST(Decimals, HaveNoExponentAndNoNames) {
  std::string why;
  EXPECT_EQ(parse_decimal("0.1", why), 0.1);
  EXPECT_EQ(parse_decimal("2", why), 2.0);
  EXPECT_EQ(parse_decimal("-1.25", why), -1.25);
  for (const char* const text :
       {"", "-", ".5", "5.", "1e999", "nan", "inf", ".inf", "0x1p3", "1,5", "01"}) {
    EXPECT_EQ(parse_decimal(text, why), std::nullopt) << text;
  }
}

TEST(StatusRanges, LieWithin100To599) {
  std::string why;
  EXPECT_EQ(parse_status("204", why), (StatusRange{204, 204}));
  EXPECT_EQ(parse_status("200-299", why), (StatusRange{200, 299}));
  EXPECT_EQ(parse_status("100-599", why), (StatusRange{100, 599}));
  for (const char* const text : {"", "99", "600", "300-200", "200-", "-200", "2xx", "200-299-300",
                                 "200 - 299", "99999999999999999999"}) {
    EXPECT_EQ(parse_status(text, why), std::nullopt) << text;
  }
}

TEST(Quantities, AreWrittenInTheLargestWholeUnit) {
  EXPECT_EQ(text(Duration(0)), "0s");
  EXPECT_EQ(text(1500ms), "1500ms");
  EXPECT_EQ(text(Duration(90s)), "90s");
  EXPECT_EQ(text(Duration(1h)), "1h");
  EXPECT_EQ(text(Bytes{0}), "0B");
  EXPECT_EQ(text(Bytes{1000}), "1000B");
  EXPECT_EQ(text(Bytes{65536}), "64KiB");
  EXPECT_EQ(text(StatusRange{200, 299}), "200-299");
  EXPECT_EQ(text(StatusRange{204, 204}), "204");
  EXPECT_EQ(text(2.0), "2.0");
  EXPECT_EQ(text(0.1), "0.1");
  EXPECT_EQ(text(0.0000001), "0.0000001");
}

TEST(Quantities, AreReadBackAsTheyWereWritten) {
  std::string why;
  for (const std::int64_t ms : {0L, 1L, 999L, 1000L, 60'000L, 61'000L, 3'600'000L, 86'400'001L}) {
    EXPECT_EQ(parse_duration(text(Duration(ms)), why), Duration(ms));
  }
  for (const std::uint64_t count :
       {0ull, 1ull, 1023ull, 1024ull, 1ull << 20, 3ull << 30, (1ull << 40) - 1}) {
    EXPECT_EQ(parse_bytes(text(Bytes{count}), why), Bytes{count});
  }
  for (const double number : {0.0, 0.1, 1.0 / 3.0, 2.0, 1e-9, 123456.789}) {
    EXPECT_EQ(parse_decimal(text(number), why), number);
  }
}

}  // namespace
}  // namespace sluice::config
