#include "proxy/health/pgsql.h"

#include <gtest/gtest.h>

#include "tests/proxy/health/judged.h"
#include "tests/support/hex.h"

namespace sluice::health {
namespace {

using namespace std::string_literals;
using test::bytes_of;

std::string message(char type, const std::string& body) {
  const std::size_t length = body.size() + 4;
  return type + "\0\0"s + static_cast<char>(length / 256) + static_cast<char>(length % 256) + body;
}

std::string error(const std::string& state, const std::string& text) {
  return message('E', "SFATAL\0VFATAL\0C"s + state + "\0M"s + text + "\0\0"s);
}

std::string asks_for(char method) {
  return message('R', "\0\0\0"s + method);
}

// What PostgreSQL 15.18 said. To a role that may log in by trust:
const std::string kLetIn =
    "R\0\0\0\x08\0\0\0\0"
    "S\0\0\0\x16"
    "application_name\0\0"
    "S\0\0\0\x19"
    "client_encoding\0UTF8\0"
    "S\0\0\0\x32server_version\0"
    "15.18 (Debian 15.18-0+deb12u1)\0"
    "S\0\0\0\x15TimeZone\0Etc/UTC\0"
    "K\0\0\0\x0c\0\0\x07\xf4\x83\x8e\x1b&"
    "Z\0\0\0\x05I"s;
// To one that there is not:
const std::string kNoRole =
    "R\0\0\0\x08\0\0\0\0E\0\0\0bSFATAL\0VFATAL\0C28000\0Mrole \"sluice\" does not exist\0"
    "Fmiscinit.c\0L768\0RInitializeSessionUserId\0\0"s;
const std::string kTooMany =
    "E\0\0\0USFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0Fproc.c\0L357\0"
    "RInitProcess\0\0"s;
const std::string kShutsDown =
    "E\0\0\0jSFATAL\0VFATAL\0C57P03\0Mthe database system is shutting down\0Fpostmaster.c\0"
    "L2432\0RProcessStartupPacket\0\0"s;
const std::string kScram = "R\0\0\0\x17\0\0\0\nSCRAM-SHA-256\0\0"s;

TEST(Pgsql, BeginsWithAStartupMessage) {
  EXPECT_EQ(pgsql_startup(),
            bytes_of("0000 0027 0003 0000") + "user\0sluice\0database\0postgres\0\0"s);
}

TEST(Pgsql, IsJudgedByWhatItSaysBeforeItWantsAnything) {
  const Answer table[] = {
      {"", "open"},
      {kScram, "up: asked for a password"},
      {asks_for(3), "up: asked for a password"},
      {message('R', "\0\0\0\5salt"s), "up: asked for a password"},
      {message('N', "SNOTICE\0C00000\0Mhello\0\0"s) + kScram, "up: asked for a password"},
      {message('v', "\0\0\0\0\0\0\0\0"s) + kScram, "up: asked for a password"},
      {kLetIn, "up: accepted our login"},
      {kLetIn.substr(0, kLetIn.size() - 1), "open"},
      {kNoRole, "up: refused us alone: 28000 \"role \"sluice\" does not exist\""},
      {error("3D000", "database \"postgres\" does not exist"),
       "up: refused us alone: 3D000 \"database \"postgres\" does not exist\""},
      {kTooMany, "down: answered 53300 \"sorry, too many clients already\""},
      {asks_for(0) + kTooMany, "down: answered 53300 \"sorry, too many clients already\""},
      {kShutsDown, "down: answered 57P03 \"the database system is shutting down\""},
      {error("57P03", "the database system is starting up"),
       "down: answered 57P03 \"the database system is starting up\""},
      {error("08006", "server\nlogin failed"), "down: answered 08006 \"server\\nlogin failed\""},
      {error("XX000", ""), "down: answered XX000 \"\""},
      {error("58030", "\xff"), "down: answered 58030 \"\\xff\""},
  };
  for (const auto& [bytes, expected] : table) EXPECT_EQ(judged(&judge_pgsql, bytes), expected);
}

TEST(Pgsql, IsNoneIfItSpeaksOtherwise) {
  std::string chatty = asks_for(0);
  while (chatty.size() < kJudgedBytes) chatty += message('S', "a\0b\0"s);
  for (const std::string& bytes : {
           "HTTP/1.1 400 Bad Request"s,
           "S"s,           // what a server says to a wish for TLS
           "Z\0\0\0\5I"s,  // nobody has been let in
           "R\0\0\0\3"s,   // a length without itself
           "R\0\0\0\4"s,   // nothing wanted
           "R\0\0\0\7\0\0\0"s,
           asks_for(13),
           asks_for(-1),
           "R\xff\xff\xff\xff\0\0\0\0"s,
           "E\0\1\0\0SFATAL"s,
           error("", "x"),
           error("abcde", "x"),
           error("57P033", "x"),
           message('E', ""),
           message('E', "C57P0"),
           asks_for(0) + asks_for(99),
           asks_for(0) + "v\0\0\0\4"s,
           chatty,
           kLetIn.substr(0, 9) + "\0"s,
       }) {
    EXPECT_TRUE(judged(&judge_pgsql, bytes).starts_with("down: no answer of PostgreSQL: \""))
        << bytes;
  }
}

TEST(Pgsql, IsToldTerminateByWhomItHasLetInAlone) {
  EXPECT_EQ(judge_pgsql(kLetIn).words, bytes_of("58 00000004"));
  EXPECT_EQ(judge_pgsql(kLetIn.substr(0, 20)).words, "");
  EXPECT_EQ(judge_pgsql(kScram).words, "");
  EXPECT_EQ(judge_pgsql(kNoRole).words, "");
}

}  // namespace
}  // namespace sluice::health
