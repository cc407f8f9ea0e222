#include "proxy/health/mysql.h"

#include <gtest/gtest.h>

#include "tests/proxy/health/judged.h"
#include "tests/support/hex.h"

namespace sluice::health {
namespace {

using namespace std::string_literals;
using test::bytes_of;

std::string packet(char number, const std::string& payload) {
  return static_cast<char>(payload.size() % 256) +
         (static_cast<char>(payload.size() / 256) + "\0"s) + number + payload;
}

// The greetings of MySQL 5.5.2 (the manual's, "Protocol::HandshakeV10") and 8.0.19.
const std::string kGreeting = bytes_of(
    "36000000 0a 352e352e322d6d3200 0b000000 64764840492d434a 00 fff7 08 0200 0000 00"
    "00000000000000000000 2a34647c635a776b345e5d3a00");
const std::string kGreeting8 = bytes_of(
    "4a000000 0a 382e302e313900 0a000000 6f3c025e6249410d 00 ffff ff 0200 ffc7 15"
    "00000000000000000000 7c182159106e276114432220 00"
    "63616368696e675f736861325f70617373776f726400");
const std::string kOk = bytes_of("07000002 00 00 00 0200 0000");
const std::string kSwitch = packet(2,
                                   "\xfe"
                                   "caching_sha2_password\0abcdefghijklmnopqrst\0"s);

std::string error(char number, std::size_t code, const std::string& text) {
  return packet(number,
                "\xff"s + static_cast<char>(code % 256) + static_cast<char>(code / 256) + text);
}

const std::string kDenied =
    error(2, 1045, "#28000Access denied for user 'sluice'@'10.0.0.9' (using password: NO)");

TEST(Mysql, IsJudgedByItsGreetingAndItsAnswerToOurLogin) {
  const Answer table[] = {
      {"", "open"},
      {kGreeting, "open"},
      {kGreeting + kOk, "up: greeted as \"5.5.2-m2\", accepted our login"},
      {kGreeting8 + kOk, "up: greeted as \"8.0.19\", accepted our login"},
      {kGreeting8 + kDenied,
       "up: greeted as \"8.0.19\", refused us alone: 1045 \"Access denied for user "
       "'sluice'@'10.0.0.9' (using password: ...\""},
      {kGreeting8 + kSwitch, "open"},
      {kGreeting8 + kSwitch + kOk, "up: greeted as \"8.0.19\", accepted our login"},
      {kGreeting8 + packet(2, "\xfe") + kOk, "up: greeted as \"8.0.19\", accepted our login"},
      {kGreeting8 + kSwitch + packet(4, "\1\4"), "up: greeted as \"8.0.19\", asked for a password"},
      {kGreeting8 + error(2, 3159, "Connections using insecure transport are prohibited"),
       "up: greeted as \"8.0.19\", refused us alone: 3159 \"Connections using insecure transport "
       "are prohibited\""},
      {error(0, 1040, "#08004Too many connections"),
       "down: answered 1040 \"Too many connections\""},
      {error(0, 1040, "Too many connections"), "down: answered 1040 \"Too many connections\""},
      {error(0, 1129, "Host '10.0.0.9' is blocked because of many connection errors"),
       "down: answered 1129 \"Host '10.0.0.9' is blocked because of many connection errors\""},
      {error(1, 1045, "no greeting"), "down: answered 1045 \"no greeting\""},
      {error(0, 1053, "#0"), "down: answered 1053 \"\""},
      {error(0, 1053, "a\nb\xff"), "down: answered 1053 \"a\\nb\\xff\""},
      {kGreeting + error(2, 1040, "#08004Too many connections"),
       "down: answered 1040 \"Too many connections\""},
      {kGreeting + error(2, 3032, "The server is currently in offline mode"),
       "down: answered 3032 \"The server is currently in offline mode\""},
  };
  for (const auto& [bytes, expected] : table) EXPECT_EQ(judged(&judge_mysql, bytes), expected);
}

TEST(Mysql, IsNoneIfItSpeaksOtherwise) {
  std::string switching = kGreeting;
  while (switching.size() < kJudgedBytes) switching += packet(2, "\xfe");
  for (const std::string& bytes : {
           "HTTP/1.1 400 Bad Request"s,
           "\0\0\0"s,              // an empty packet
           "\xff\xff\xff\0\x0a"s,  // one of 16 MiB
           "\0\x10\0\0\x0a"s,      // one larger than all that is read
           packet(0,
                  "\x09"
                  "3.20\0\1\0\0\0abcdefgh\0"s),  // the protocol before 1998
           packet(0, "\x0a"s + "8.0.19"),        // a version without an end
           packet(0, "\x0a"s + "8.0.19\0\1\0\0\0"s),
           packet(0, "\xff"s),
           packet(0, "\xff\x10"s),
           kGreeting + packet(2, "\xff\x10"s),
           kGreeting + "\0\0\0\2"s,
           switching,
       }) {
    EXPECT_TRUE(judged(&judge_mysql, bytes).starts_with("down: no answer of MySQL: \"")) << bytes;
  }
}

// What the manual has under "Protocol::HandshakeResponse41", with nothing but a name.
TEST(Mysql, IsLoggedInToAndLeftPolitely) {
  const std::string login = bytes_of("3e000001 01820800 00000001 2d") + std::string(23, '\0') +
                            "sluice\0\0mysql_native_password\0"s;
  const std::string no_password = bytes_of("00000003");
  const std::string quit = bytes_of("01000000 01");
  const std::pair<std::string, std::string> table[] = {
      {"", ""},
      {kGreeting8.substr(0, kGreeting8.size() - 1), ""},
      {kGreeting8, login},
      {kGreeting8 + kDenied, login},
      {kGreeting8 + kOk, login + quit},
      {kGreeting8 + kSwitch, login + no_password},
      {kGreeting8 + kSwitch + kOk, login + no_password + quit},
      {kGreeting8 + kSwitch + kDenied, login + no_password},
      {error(0, 1040, "Too many connections"), ""},
  };
  for (const auto& [heard, words] : table) EXPECT_EQ(judge_mysql(heard).words, words) << heard;
}

}  // namespace
}  // namespace sluice::health
