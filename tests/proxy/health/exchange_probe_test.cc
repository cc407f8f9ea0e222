#include "proxy/health/exchange_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "proxy/health/body_search.h"
#include "tests/proxy/health/probe_rig.h"
#include "tests/support/servers.h"

namespace sluice::health {
namespace {

using ::testing::MatchesRegex;
using ::testing::StartsWith;
using namespace std::chrono_literals;

config::Check expecting(const std::string& send, const std::string& expect) {
  config::Check check;
  check.type = config::CheckType::send_expect;
  check.send = send;
  check.expect = expect;
  check.timeout = 10s;
  return check;
}

// Probes an instance that behaves as `behave` has it with its connection, which then is closed.
struct Dialogue {
  Finding probe(const config::Check& check, const std::function<void(test::Peer&)>& behave,
                const TcpProbe::FirstWords& first_words = {}) {
    std::jthread answering([&] {
      test::Peer peer = instance.accept();
      behave(peer);
    });
    start(check, first_words);
    return rig.wait();
  }
  void start(const config::Check& check, const TcpProbe::FirstWords& first_words = {}) {
    rig.start([&](Done done) {
      return std::make_unique<ExchangeProbe>(rig.poller, rig.wheel, endpoint(instance.address()),
                                             check.timeout, make_exchange(check), std::move(done),
                                             first_words);
    });
  }

  test::Acceptor instance;
  ProbeRig rig;
};

TEST(ExchangeProbe, SaysItsWordsAndLeavesWithAFin) {
  std::string asked;
  test::End end = test::End::open;
  const config::Check check = expecting("hello\r\n", "wel");
  const Finding finding = Dialogue().probe(check, [&](test::Peer& peer) {
    asked = peer.receive(7);
    peer.send("well");
    end = peer.wait_for_end();
  });
  EXPECT_EQ(finding.outcome, Outcome::success) << finding.detail;
  EXPECT_THAT(finding.detail, MatchesRegex("answered \"wel\" in [0-9]+ ms"));
  EXPECT_GT(finding.duration_us, 0u);
  EXPECT_EQ(asked, "hello\r\n");
  EXPECT_EQ(end, test::End::fin);
}

TEST(ExchangeProbe, ListensFirstIfItHasNothingToSay) {
  for (const char* const expect : {"220 ", ""}) {
    const config::Check check = expecting("", expect);
    const Finding finding =
        Dialogue().probe(check, [](test::Peer& peer) { peer.send("220 mail.example\r\n"); });
    EXPECT_EQ(finding.outcome, Outcome::success) << finding.detail;
    EXPECT_THAT(finding.detail, StartsWith("answered"));
  }
}

TEST(ExchangeProbe, IsIntroducedFirst) {
  std::string asked;
  const config::Check check = expecting("ping", "pong");
  const Finding finding = Dialogue().probe(
      check,
      [&](test::Peer& peer) {
        asked = peer.receive(8);
        peer.send("pong");
      },
      [](int) { return "I am "; });
  EXPECT_EQ(asked, "I am pin");
  EXPECT_EQ(finding.outcome, Outcome::success) << finding.detail;
}

TEST(ExchangeProbe, FindsAnAnswerThatComesByteByByte) {
  const config::Check check = expecting("?", "yes");
  const Finding finding = Dialogue().probe(check, [](test::Peer& peer) {
    for (const char byte : std::string("well, ye, yes")) {
      peer.send({&byte, 1});
      std::this_thread::sleep_for(1ms);
    }
    peer.wait_for_end();
  });
  EXPECT_EQ(finding.outcome, Outcome::success) << finding.detail;
}

TEST(ExchangeProbe, SaysAndHearsAsMuchAsItMay) {
  const std::string question(64 << 10, '?');
  std::string answer(BodySearch::kLimit, '.');
  answer.replace(answer.size() - 3, 3, "yes");
  const config::Check check = expecting(question, "yes");
  std::string asked;
  const Finding finding = Dialogue().probe(check, [&](test::Peer& peer) {
    asked = peer.receive(question.size());
    peer.send(answer);
    peer.wait_for_end();
  });
  EXPECT_EQ(asked, question);
  EXPECT_EQ(finding.outcome, Outcome::success) << finding.detail;
}

TEST(ExchangeProbe, ReadsNoFurtherThanItsBound) {
  const config::Check check = expecting("", "yes");
  const Finding finding = Dialogue().probe(check, [](test::Peer& peer) {
    peer.try_send(std::string(BodySearch::kLimit - 2, '.') + "yes");
    peer.wait_for_end();
  });
  EXPECT_EQ(finding.outcome, Outcome::failure);
  EXPECT_EQ(finding.detail, "the first 64 KiB lack \"yes\"");
}

TEST(ExchangeProbe, TellsWhyThereIsNoAnswer) {
  struct Case {
    const char* send;
    const char* expect;
    std::function<void(test::Peer&)> behave;
    const char* detail;
  };
  const Case table[] = {
      {"", "yes", [](test::Peer&) {}, "closed without an answer, wanted \"yes\""},
      {"", "", [](test::Peer&) {}, "closed without an answer"},
      {"", "yes", [](test::Peer& peer) { peer.send("no\n"); },
       "closed after \"no\\n\", wanted \"yes\""},
      {"?", "yes",
       [](test::Peer& peer) {
         peer.receive(1);
         peer.reset();
       },
       "connection reset, wanted \"yes\""},
      {"", "yes",
       [](test::Peer& peer) {
         peer.send(std::string(100, 'n'));
         peer.finish();
       },
       "closed after \"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn...\", wanted "
       "\"yes\""},
  };
  for (const auto& [send, expect, behave, detail] : table) {
    const config::Check check = expecting(send, expect);
    const Finding finding = Dialogue().probe(check, behave);
    EXPECT_EQ(finding.outcome, Outcome::failure);
    EXPECT_EQ(finding.detail, detail);
  }
}

TEST(ExchangeProbe, ItsTimeoutWinsOverWhatWasHeard) {
  config::Check check = expecting("", "yes");
  check.timeout = 60ms;
  const std::pair<const char*, const char*> table[] = {
      {"", "no answer within 60 ms, wanted \"yes\""},
      {"ye", "no answer within 60 ms but \"ye\", wanted \"yes\""},
  };
  for (const auto& [said, detail] : table) {
    const Finding finding = Dialogue().probe(check, [&](test::Peer& peer) {
      peer.send(said);
      peer.wait_for_end();
    });
    EXPECT_EQ(finding.outcome, Outcome::failure);
    EXPECT_EQ(finding.detail, detail);
    EXPECT_GE(finding.duration_us, 60'000u);
  }
}

TEST(ExchangeProbe, FailsAsAConnectDoes) {
  const test::DeadEnd dead_end;
  const test::BlackHole hole;
  const std::pair<std::string, const char*> table[] = {
      {dead_end.address(), "connection refused"},
      {hole.address(), "no answer within 60 ms"},
  };
  for (const auto& [address, detail] : table) {
    ProbeRig rig;
    config::Check check = expecting("", "yes");
    rig.start([&](Done done) {
      return std::make_unique<ExchangeProbe>(rig.poller, rig.wheel, endpoint(address), 60ms,
                                             make_exchange(check), std::move(done));
    });
    const Finding finding = rig.wait();
    EXPECT_EQ(finding.outcome, Outcome::failure);
    EXPECT_EQ(finding.detail, detail);
  }
}

TEST(ExchangeProbe, OurOwnLackOfDescriptorsIsNotTheInstancesFailure) {
  const config::Check check = expecting("", "");
  Dialogue dialogue;
  {
    const NoMoreDescriptors shortage;
    dialogue.start(check);
  }
  EXPECT_EQ(dialogue.rig.wait().outcome, Outcome::own_shortage);
}

TEST(ExchangeProbe, TellsNothingOnceItIsAbandonedInAnyStage) {
  test::Backend silent(test::hold());
  const test::BlackHole hole;
  const config::Check check = expecting("hello", "yes");
  for (const std::string& address : {silent.address(), hole.address()}) {
    for (const bool is_asked : {false, true}) {
      ProbeRig rig;
      rig.start([&](Done done) {
        return std::make_unique<ExchangeProbe>(rig.poller, rig.wheel, endpoint(address), 20ms,
                                               make_exchange(check), std::move(done));
      });
      if (is_asked && address == silent.address()) {
        const std::uint64_t before = silent.received();
        test::run_until(rig.loop, [&] { return silent.received() > before || rig.is_told(); });
      }
      if (rig.is_told()) continue;  // the machine was slow
      rig.abandon();
      test::run_turns(rig.loop, 40);
      EXPECT_FALSE(rig.is_told()) << address;
    }
  }
}

// --- Each kind is asked in its own words

TEST(ExchangeProbe, SpeaksAsItsTypeDoes) {
  using namespace std::string_literals;
  struct Case {
    config::CheckType type;
    std::string greeting, opening, answer, rest;
    const char* detail;
  };
  const std::string greeting = "\x18\0\0\0\x0a"s + "8.4\0\1\0\0\0abcdefgh\0\0\2\0\0\0\0"s;
  const std::string login = "\x3e\0\0\1\x01\x82\x08\0\0\0\0\1\x2d"s + std::string(23, '\0') +
                            "sluice\0\0mysql_native_password\0"s;
  const Case table[] = {
      {config::CheckType::redis, "", "*1\r\n$4\r\nPING\r\n", "+PONG\r\n", "",
       "answered \"+PONG\" in "},
      {config::CheckType::pgsql, "", "\0\0\0\x27\0\3\0\0user\0sluice\0database\0postgres\0\0"s,
       "R\0\0\0\x08\0\0\0\0Z\0\0\0\5I"s, "X\0\0\0\4"s, "accepted our login in "},
      {config::CheckType::mysql, greeting, login, "\7\0\0\2\0\0\0\2\0\0\0"s, "\1\0\0\0\1"s,
       "greeted as \"8.4\", accepted our login in "},
  };
  for (const Case& row : table) {
    config::Check check;
    check.type = row.type;
    check.timeout = 10s;
    std::string opening, rest;
    const Finding finding = Dialogue().probe(check, [&](test::Peer& peer) {
      peer.send(row.greeting);
      opening = peer.receive(row.opening.size());
      peer.send(row.answer);
      rest = peer.receive_rest().text;
    });
    EXPECT_EQ(finding.outcome, Outcome::success) << finding.detail;
    EXPECT_THAT(finding.detail, StartsWith(row.detail));
    EXPECT_EQ(opening, row.opening);
    EXPECT_EQ(rest, row.rest);
  }
}

}  // namespace
}  // namespace sluice::health
