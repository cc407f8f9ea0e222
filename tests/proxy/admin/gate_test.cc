#include "proxy/admin/gate.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sluice::admin {
namespace {

using access::Permission;
using access::Tokens;

// A tokens file under construction, and the secrets of what stands in it.
class Keys {
 public:
  std::string add(const std::string& name, Permission permission, const std::string& services) {
    std::array<std::uint8_t, 32> random{};
    random[0] = ++made_;
    std::string why;
    const auto token = access::make_token(name, permission, {{services}}, random, why);
    EXPECT_TRUE(token) << why;
    text_ += token->line + "\n";
    return token->secret;
  }
  std::shared_ptr<const Tokens> tokens() const {
    std::vector<access::TokenProblem> problems;
    auto tokens = Tokens::parse(text_, problems);
    return std::make_shared<const Tokens>(std::move(tokens.value()));
  }

 private:
  std::string text_;
  std::uint8_t made_ = 0;
};

class GateTest : public ::testing::Test {
 protected:
  Request request(const std::string& secret, const std::string& source = "10.0.0.9/32") const {
    Request made;
    made.segments = {"v1", "services", "web-1", "instances", "a"};
    made.source = source;
    if (!secret.empty()) made.secret = secret;
    return made;
  }
  // The status of the refusal; 0: it may pass.
  int ask(const Need& need, Request request) {
    const auto refused = gate_.refuse(need, request, now_ms_);
    EXPECT_FALSE(request.secret) << "a secret travels on";
    return refused ? refused->status : 0;
  }
  int ask(const Need& need, const std::string& secret, const std::string& source = "10.0.0.9/32") {
    return ask(need, request(secret, source));
  }
  void tell() { tokens_ = keys_.tokens(); }

  Keys keys_;
  std::shared_ptr<const Tokens> tokens_;
  std::uint64_t now_ms_ = 1000;
  Gate gate_{[this] { return tokens_; }};
};

// What a read that goes on depends on is the secret, whatever else of its line has changed.
TEST_F(GateTest, AsksAgainWhetherAReadMayGoOn) {
  const std::string secret = keys_.add("reader", Permission::read, "web-*");
  const std::string other = keys_.add("other", Permission::read, "*");
  const auto before = keys_.tokens();
  const access::Token* reader = before->find(secret);
  const access::Token* all = before->find(other);
  ASSERT_TRUE(reader && all);
  EXPECT_TRUE(may_read_on(nullptr, nullptr, ""));
  EXPECT_TRUE(may_read_on(nullptr, reader, "db"));
  EXPECT_FALSE(may_read_on(before.get(), nullptr, "web-1")) << "asked before there were tokens";
  EXPECT_TRUE(may_read_on(before.get(), reader, "web-1"));
  EXPECT_FALSE(may_read_on(before.get(), reader, ""));
  EXPECT_FALSE(may_read_on(before.get(), reader, "db"));
  EXPECT_TRUE(may_read_on(before.get(), all, ""));

  const auto told = [&](const std::string& text) {
    std::vector<access::TokenProblem> problems;
    return Tokens::parse(text, problems).value();
  };
  const Tokens none;
  EXPECT_FALSE(may_read_on(&none, reader, "web-1"));
  const auto line = "sha256:" + access::hex(reader->digest);
  const Tokens renamed = told("again register web-1,web-2 " + line);
  EXPECT_TRUE(may_read_on(&renamed, reader, "web-1"));
  EXPECT_FALSE(may_read_on(&renamed, reader, "web-3"));
  EXPECT_FALSE(may_read_on(&renamed, all, "web-1"));
  EXPECT_EQ(token_withdrawn().status, 401);
}

constexpr std::array kNeeds = {kOpen,     kRead,           kReadAsked, kReadAll,
                               kRegister, kRegisterInBody, kAdmin,     kAdminAll};

TEST_F(GateTest, IsOpenWithoutATokensFile) {
  for (const Need& need : kNeeds) {
    EXPECT_EQ(ask(need, ""), 0);
    EXPECT_EQ(ask(need, "whatever"), 0);
  }
}

TEST_F(GateTest, IsClosedByAFileWithoutTokens) {
  tell();
  for (const Need& need : kNeeds) {
    EXPECT_EQ(ask(need, ""), need == kOpen ? 0 : 401);
    EXPECT_EQ(ask(need, "whatever"), need == kOpen ? 0 : 401);
  }
}

// What each token may, of web-1 and of everything.
TEST_F(GateTest, LetsPassWhatATokenHolds) {
  const struct {
    const char* name;
    Permission permission;
    const char* services;
    // kOpen, kRead, kReadAsked, kReadAll, kRegister, kRegisterInBody, kAdmin, kAdminAll
    std::array<int, 8> statuses;
  } rows[] = {
      {"reader", Permission::read, "*", {0, 0, 0, 0, 403, 403, 403, 403}},
      {"reader-of-web", Permission::read, "web-*", {0, 0, 403, 403, 403, 403, 403, 403}},
      {"reader-of-db", Permission::read, "db", {0, 403, 403, 403, 403, 403, 403, 403}},
      {"deploy", Permission::register_instances, "*", {0, 0, 0, 0, 0, 0, 403, 403}},
      {"deploy-web", Permission::register_instances, "web-*", {0, 0, 403, 403, 0, 0, 403, 403}},
      // Its body may name db; if it names web-1, refuse_service() has the word.
      {"deploy-db", Permission::register_instances, "db", {0, 403, 403, 403, 403, 0, 403, 403}},
      {"root", Permission::admin, "*", {0, 0, 0, 0, 0, 0, 0, 0}},
      {"root-of-web", Permission::admin, "web-?", {0, 0, 403, 403, 0, 0, 0, 403}},
      {"root-of-db", Permission::admin, "db", {0, 403, 403, 403, 403, 0, 403, 403}},
  };
  std::vector<std::string> secrets;
  for (const auto& row : rows) {
    secrets.push_back(keys_.add(row.name, row.permission, row.services));
  }
  tell();
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    for (std::size_t n = 0; n < kNeeds.size(); ++n) {
      EXPECT_EQ(ask(kNeeds[n], secrets[i]), rows[i].statuses[n]) << rows[i].name << ", need " << n;
    }
  }
}

TEST_F(GateTest, TakesAReadThatNamesItsServiceForOneOfThatService) {
  const std::string secret = keys_.add("web", Permission::read, "web-*");
  tell();
  const struct {
    const char* service;
    int status;
  } rows[] = {{"web-1", 0}, {"db", 403}, {"", 403}};
  for (const auto& row : rows) {
    Request asked = request(secret);
    asked.query["service"] = row.service;
    EXPECT_EQ(ask(kReadAsked, asked), row.status) << row.service;
    EXPECT_EQ(ask(kReadAll, asked), 403) << row.service;
  }
}

TEST_F(GateTest, SaysWhatIsMissing) {
  const std::string secret = keys_.add("deploy", Permission::register_instances, "web-*");
  tell();
  const auto refusal = [this](const Need& need, const std::string& said) {
    Request asked = request(said);
    asked.segments[2] = "db";
    return gate_.refuse(need, asked, now_ms_).value();
  };
  const auto message = [](const Reply& reply) {
    return nlohmann::json::parse(reply.body)["error"]["message"].get<std::string>();
  };
  const auto code = [](const Reply& reply) {
    return nlohmann::json::parse(reply.body)["error"]["code"].get<std::string>();
  };
  const Reply none = refusal(kAdmin, "");
  EXPECT_EQ(code(none), "unauthorized");
  EXPECT_EQ(none.headers,
            (std::vector<std::pair<std::string, std::string>>{{"WWW-Authenticate", "Bearer"}}));
  const Reply wrong = refusal(kAdmin, "guessed");
  EXPECT_EQ(code(wrong), "unauthorized");
  EXPECT_EQ(wrong.headers, none.headers);
  EXPECT_EQ(wrong.body.find("guessed"), std::string::npos);

  const Reply other = refusal(kRegister, secret);
  EXPECT_EQ(code(other), "forbidden");
  EXPECT_EQ(message(other),
            "the token deploy does not hold the permission register on the service db");
  EXPECT_EQ(message(refusal(kReadAsked, secret)),
            "the token deploy does not hold the permission read on \"*\", which this takes: it "
            "concerns all services, or the process; ask with ?service= for one of its own");
  EXPECT_EQ(message(refusal(kAdminAll, secret)),
            "the token deploy does not hold the permission admin on \"*\", which this takes: it "
            "concerns all services, or the process");
}

TEST_F(GateTest, TellsTheHandlerAsWhomARequestPasses) {
  const std::string secret = keys_.add("deploy", Permission::register_instances, "web-*");
  tell();
  Request asked = request(secret);
  EXPECT_FALSE(gate_.refuse(kRegisterInBody, asked, now_ms_));
  tokens_.reset();  // a reload meanwhile
  EXPECT_EQ(asked.caller->name, "deploy");
  EXPECT_FALSE(refuse_service(asked, Permission::register_instances, "web-2"));
  EXPECT_EQ(refuse_service(asked, Permission::register_instances, "db")->status, 403);
  EXPECT_EQ(refuse_service(asked, Permission::admin, "web-2")->status, 403);
  EXPECT_FALSE(refuse_service(request(""), Permission::admin, "db"));
}

TEST_F(GateTest, KnowsOneWhoHasPassedTheDoor) {
  const std::string secret = keys_.add("deploy", Permission::register_instances, "web-*");
  tell();
  Request known = request(secret);
  EXPECT_FALSE(gate_.refuse_body(known, now_ms_));
  EXPECT_EQ(ask(kRegister, known), 0);
  EXPECT_EQ(ask(kAdmin, known), 403);

  Request unknown = request("guessed");
  EXPECT_EQ(gate_.refuse_body(unknown, now_ms_)->status, 401);
  Request silent = request("");
  EXPECT_EQ(gate_.refuse_body(silent, now_ms_)->status, 401);
  // Tokens that came between head and body count.
  tokens_.reset();
  Request early = request("guessed");
  EXPECT_FALSE(gate_.refuse_body(early, now_ms_));
  tell();
  EXPECT_EQ(ask(kRegister, early), 401);
}

TEST_F(GateTest, TakesTheTokensOfNow) {
  const std::string old_secret = keys_.add("deploy", Permission::admin, "*");
  tell();
  const std::string new_secret = keys_.add("deploy", Permission::admin, "*");
  EXPECT_EQ(ask(kAdmin, new_secret), 401);
  tell();
  EXPECT_EQ(ask(kAdmin, new_secret), 0);
  EXPECT_EQ(ask(kAdmin, old_secret), 0);
  keys_ = Keys();
  keys_.add("unused", Permission::read, "*");
  tell();
  EXPECT_EQ(ask(kAdmin, new_secret), 401);
}

TEST_F(GateTest, SlowsDownWhoGuesses) {
  const std::string secret = keys_.add("root", Permission::admin, "*");
  tell();
  const std::uint32_t burst = access::Rate{}.burst;
  for (std::uint32_t i = 0; i < burst; ++i) EXPECT_EQ(ask(kAdmin, "guessed"), 401) << i;
  EXPECT_EQ(ask(kAdmin, "guessed"), 429);
  EXPECT_EQ(ask(kAdmin, secret), 429) << "looked at the secret first";
  EXPECT_EQ(ask(kAdmin, ""), 401) << "tried nothing";
  EXPECT_EQ(ask(kOpen, "guessed"), 0);
  EXPECT_EQ(ask(kAdmin, secret, "10.0.0.10/32"), 0);
  EXPECT_EQ(ask(kAdmin, "guessed", "10.0.0.10/32"), 401);

  Request turned_away = request(secret);
  const Reply reply = gate_.refuse(kAdmin, turned_away, now_ms_).value();
  EXPECT_EQ(reply.headers,
            (std::vector<std::pair<std::string, std::string>>{{"Retry-After", "1"}}));
  EXPECT_NE(reply.body.find("\"too_many_requests\""), std::string::npos);

  now_ms_ += 1000 / access::Rate{}.per_second;  // one token of the bucket
  EXPECT_EQ(ask(kAdmin, secret), 0);
  EXPECT_EQ(ask(kAdmin, "guessed"), 401);
  EXPECT_EQ(ask(kAdmin, "guessed"), 429);
}

TEST_F(GateTest, LetsRightTokensPassWithoutCost) {
  const std::string secret = keys_.add("root", Permission::admin, "*");
  tell();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ask(kAdmin, secret), 0) << i;
}

}  // namespace
}  // namespace sluice::admin
