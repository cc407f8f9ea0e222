#include "proxy/admin/watchers.h"

#include <gtest/gtest.h>

#include <random>

#include "registry/api.h"
#include "tests/proxy/admin/viewer.h"
#include "tests/registry/sample.h"
#include "tests/support/wait.h"

namespace sluice::admin {
namespace {

using registry::sample::at;
using registry::sample::service;
using registry::sample::unchecked;
using Json = nlohmann::json;

config::Selector selector(const std::string& text) {
  config::SelectorProblem problem;
  return *config::Selector::parse(text, problem);
}

// A registry, its journal and those who watch it.
class TheWatchers : public ::testing::Test {
 protected:
  struct Client {
    Watchers::Id id;
    Subject subject;
    std::shared_ptr<Tape> tape = std::make_shared<Tape>();
    Picture picture;
    void look() {
      for (const SentEvent& event : take_events(tape->text)) picture.take(event);
    }
  };

  explicit TheWatchers(std::size_t history = 100) : journal_(history, 0) {
    configure({{"a", "role=primary"}, {"b", ""}}, {});
  }

  // The instances of web and of pg: ids, and their one label.
  using Wanted = std::map<std::string, std::string>;
  void configure(const Wanted& web, const Wanted& pg) {
    registry_.reconcile({one("web", web, 1), one("pg", pg, 2)}, false, at(now_ms_));
    publish();
  }
  static config::Service one(const char* name, const Wanted& wanted, int net) {
    std::vector<config::Instance> all;
    for (const auto& [id, label] : wanted) {
      const std::string host = std::to_string(static_cast<unsigned char>(id[0]));
      all.push_back(
          registry::sample::instance(id, "10.0." + std::to_string(net) + "." + host + ":80"));
      if (!label.empty()) {
        const auto equals = label.find('=');
        all.back().labels = {{label.substr(0, equals), label.substr(equals + 1)}};
      }
    }
    return unchecked(service(name, std::move(all)));
  }
  void set(const char* service, const std::string& id, registry::Admin admin) {
    registry_.set_admin(service, id, admin, "", at(now_ms_));
  }
  void publish() {
    for (Step& step : steps(*snapshot_, registry_.take_changes())) {
      indices_.push_back(step.change.index);
      journal_.add(std::move(step));
    }
    snapshot_ = registry_.snapshot();
    watchers_.tell(snapshot_, now_ms_);
  }
  // So many changes of web's b, in one.
  void change_often(int times) {
    for (int i = 0; i < times; ++i) {
      set("web", "b", ++toggles_ % 2 == 0 ? registry::Admin::drain : registry::Admin::maint);
    }
    publish();
  }

  std::shared_ptr<Client> admit(const char* service, const char* labels = "",
                                std::optional<std::uint64_t> since = {}) {
    auto client = std::make_shared<Client>();
    client->id = ++last_id_;
    client->subject = {service, selector(labels)};
    if (since && *since <= snapshot_->index) client->picture.go_on_from(*since);
    watchers_.admit(client->id, client->subject, since, std::make_unique<TapeStream>(client->tape),
                    now_ms_);
    client->look();
    return client;
  }
  void drain(Client& client) {
    client.tape->backlog = 0;
    if (std::exchange(client.tape->awaits_drain, false)) watchers_.drained(client.id, now_ms_);
    client.look();
  }

  // What a client should believe.
  std::map<Picture::Key, Json> truth(const Subject& subject) const {
    std::map<Picture::Key, Json> all;
    const registry::Filter filter{subject.selector, std::nullopt};
    const Json json =
        Json::parse(registry::services_json(*snapshot_, subject.service, filter, now_ms_));
    for (const Json& in : json["services"]) {
      for (const Json& one : in["instances"]) all[{in["service"], one["id"]}] = one;
    }
    return all;
  }

  std::uint64_t now_ms_ = 1000;
  registry::Registry registry_{"e1"};
  std::shared_ptr<const registry::Snapshot> snapshot_ = registry_.snapshot();
  Journal journal_;
  Watchers watchers_{journal_, snapshot_};
  std::vector<std::uint64_t> indices_;
  int toggles_ = 0;
  Watchers::Id last_id_ = 0;
};

TEST_F(TheWatchers, EndForThoseWhoMayNotWatch) {
  const auto web = admit("web"), pg = admit("pg"), all = admit("");
  watchers_.drop_unless([](const Subject& subject, const access::Token* caller) {
    EXPECT_EQ(caller, nullptr);
    return subject.service == "web";
  });
  EXPECT_FALSE(web->tape->is_ended);
  EXPECT_TRUE(pg->tape->is_ended);
  EXPECT_TRUE(all->tape->is_ended);
  EXPECT_EQ(watchers_.size(), 1u);
}

TEST_F(TheWatchers, BeginWithASnapshotAndAreToldWhatFollows) {
  const auto client = admit("web");
  EXPECT_EQ(client->picture.snapshots(), 1);
  EXPECT_EQ(client->picture.instances(), truth(client->subject));
  const std::uint64_t before = snapshot_->index;
  set("web", "a", registry::Admin::drain);
  publish();
  const std::string text = client->tape->text;
  EXPECT_TRUE(text.starts_with("event: change\nid: e1-" + std::to_string(before + 1) +
                               "\ndata: {\"index\":"))
      << text;
  client->look();
  EXPECT_EQ(client->picture.changes(), std::vector<std::uint64_t>{before + 1});
  EXPECT_EQ(client->picture.instances(), truth(client->subject));
}

TEST_F(TheWatchers, AreToldOfTheirSubjectAlone) {
  const auto web = admit("web"), pg = admit("pg"), all = admit("");
  configure({{"a", ""}, {"b", ""}, {"c", ""}}, {{"p", ""}});
  for (const auto& client : {web, pg, all}) {
    client->look();
    EXPECT_EQ(client->picture.instances(), truth(client->subject));
    EXPECT_EQ(client->picture.snapshots(), 1);
  }
  EXPECT_EQ(web->picture.changes().size(), 2u);
  EXPECT_EQ(pg->picture.changes().size(), 1u);
  EXPECT_EQ(all->picture.changes().size(), 3u);
}

TEST_F(TheWatchers, SeeWhoGetsOrLosesTheirLabelsComeAndGo) {
  const auto primaries = admit("web", "role=primary"), others = admit("", "role!=primary");
  configure({{"a", "role=replica"}, {"b", "role=primary"}}, {});
  for (const auto& client : {primaries, others}) {
    client->look();
    EXPECT_EQ(client->picture.instances(), truth(client->subject));
    EXPECT_EQ(client->picture.changes().size(), 2u);
    EXPECT_EQ(client->picture.snapshots(), 1);
  }
  EXPECT_TRUE(primaries->picture.instances().contains({"web", "b"}));
  EXPECT_FALSE(primaries->picture.instances().contains({"web", "a"}));
}

TEST_F(TheWatchers, ShareTheBytesOfWhatTheyAreTold) {
  std::vector<std::shared_ptr<Client>> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(admit("web"));
  set("web", "a", registry::Admin::drain);
  publish();
  for (const auto& client : clients) {
    ASSERT_EQ(client->tape->blocks.size(), 2u);
    EXPECT_EQ(client->tape->blocks, clients[0]->tape->blocks);
  }
}

TEST_F(TheWatchers, RenderASnapshotAnewWhenItIsOld) {
  const auto first = admit("web"), second = admit("web");
  EXPECT_EQ(first->tape->blocks, second->tape->blocks);
  snapshot_->find("web")->find("a")->live->active = 7;
  now_ms_ += Watchers::kSnapshotServesMs;
  EXPECT_EQ(admit("web")->picture.instances().at({"web", "a"})["connections"], 7);
}

TEST_F(TheWatchers, GoOnWhereTheyWere) {
  const std::uint64_t since = snapshot_->index;
  change_often(5);
  const auto behind = admit("web", "", since + 2), level = admit("web", "", since + 5);
  EXPECT_EQ(behind->picture.snapshots(), 0);
  EXPECT_EQ(behind->tape->blocks.size(), 1u);
  EXPECT_EQ(level->tape->blocks.size(), 0u);
  change_often(1);
  for (const auto& client : {behind, level}) client->look();
  EXPECT_EQ(level->tape->blocks.size(), 1u);
}

TEST_F(TheWatchers, BeginAnewWhereTheJournalHasForgottenOrIsOfAnotherLife) {
  const std::uint64_t since = snapshot_->index;
  change_often(100);
  EXPECT_EQ(admit("web", "", since)->picture.snapshots(), 0) << "all of it is there, just";
  change_often(1);
  EXPECT_EQ(admit("web", "", since)->picture.snapshots(), 1);
  EXPECT_EQ(admit("web", "", snapshot_->index + 1)->picture.snapshots(), 1);
}

TEST_F(TheWatchers, AreSentNoMoreThanTheyTake) {
  const auto slow = admit("web"), quick = admit("web");
  slow->tape->takes_nothing = true;
  while (slow->tape->backlog <= Watchers::kMostBacklog) change_often(1);
  const std::size_t had = slow->tape->blocks.size();
  change_often(20);
  change_often(20);
  EXPECT_EQ(slow->tape->blocks.size(), had);
  quick->look();
  EXPECT_EQ(quick->picture.instances(), truth(quick->subject));

  slow->tape->takes_nothing = false;
  drain(*slow);
  EXPECT_EQ(slow->picture.snapshots(), 1) << "the journal had what it missed";
  EXPECT_EQ(slow->picture.changes(), quick->picture.changes());
  change_often(1);
  slow->look();
  EXPECT_EQ(slow->picture.index(), snapshot_->index);
}

TEST_F(TheWatchers, BeginAnewWhenTheyHaveMissedWhatIsForgotten) {
  const auto slow = admit("web");
  slow->tape->takes_nothing = true;
  while (slow->tape->backlog <= Watchers::kMostBacklog) change_often(1);
  change_often(101);
  slow->tape->takes_nothing = false;
  drain(*slow);
  EXPECT_EQ(slow->picture.snapshots(), 2);
  EXPECT_EQ(slow->picture.instances(), truth(slow->subject));
}

TEST_F(TheWatchers, AreSentASnapshotWhenMoreHappensAtOnceThanTheJournalHolds) {
  const auto client = admit("web");
  change_often(500);
  client->look();
  EXPECT_EQ(client->picture.snapshots(), 2);
  EXPECT_EQ(client->picture.instances(), truth(client->subject));
}

TEST_F(TheWatchers, HearACommentWhenTheyHearNothingElse) {
  const auto talked_to = admit("web"), idle = admit("pg");
  now_ms_ += Watchers::kCommentEveryMs / 2;
  change_often(1);
  talked_to->look();
  now_ms_ += Watchers::kCommentEveryMs / 2;
  EXPECT_LE(watchers_.next_ms(), now_ms_);
  watchers_.advance(now_ms_);
  EXPECT_EQ(idle->tape->text, ":\n\n");
  EXPECT_EQ(talked_to->tape->text, "");
  EXPECT_EQ(watchers_.next_ms(), now_ms_ + Watchers::kCommentEveryMs / 2);
}

TEST_F(TheWatchers, AreForgottenWhenTheyGo) {
  const auto client = admit("web");
  EXPECT_EQ(watchers_.size(), 1u);
  watchers_.drop(client->id);
  watchers_.drop(client->id);
  watchers_.drained(client->id, now_ms_);
  EXPECT_TRUE(client->tape->is_ended);
  EXPECT_EQ(watchers_.size(), 0u);
  now_ms_ += Watchers::kSnapshotServesMs;
  watchers_.advance(now_ms_);
  EXPECT_EQ(watchers_.next_ms(), UINT64_MAX);
  change_often(1);
}

class ManyChanges : public TheWatchers {
 protected:
  ManyChanges() : TheWatchers(5000) {}
};

TEST_F(ManyChanges, ArriveAPieceAtATimeWhereAllWereAskedFor) {
  const std::uint64_t since = snapshot_->index;
  change_often(3000);
  const auto client = std::make_shared<Client>();
  client->id = ++last_id_;
  client->tape->takes_nothing = true;
  client->subject = {"web", {}};
  client->picture.go_on_from(since);
  watchers_.admit(client->id, client->subject, since, std::make_unique<TapeStream>(client->tape),
                  now_ms_);
  EXPECT_LT(client->tape->backlog, 2 * Watchers::kPiece);
  change_often(10);
  for (int i = 0; i < 100 && client->picture.index() < snapshot_->index; ++i) drain(*client);
  EXPECT_EQ(client->picture.snapshots(), 0);
  EXPECT_EQ(client->picture.changes().size(), 3010u);
}

TEST_F(ManyChanges, AreASnapshotToOneWhoMissedThem) {
  const auto slow = admit("web"), quick = admit("web");
  slow->tape->takes_nothing = true;
  while (slow->tape->backlog <= Watchers::kMostBacklog) change_often(1);
  change_often(static_cast<int>(Watchers::kMostMissed) + 1);
  drain(*slow);
  EXPECT_EQ(slow->picture.snapshots(), 2);
  EXPECT_EQ(slow->picture.instances(), truth(slow->subject));
}

// Whatever happens in whatever order: what each client believes is true once it has taken all, and
// what it was told after its last snapshot is everything that there was.
TEST_F(TheWatchers, BelieveWhatIsTrue) {
  std::mt19937 random(7);
  const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
  const char* const services[] = {"", "web", "pg"};
  const char* const labels[] = {"", "role=primary", "!role"};
  const auto some = [&] {
    Wanted wanted;
    for (const char* id : {"a", "b", "c", "d"}) {
      const char* const given[] = {"", "role=primary", "role=replica"};
      if (below(4) > 0) wanted[id] = given[below(3)];
    }
    return wanted;
  };
  std::vector<std::shared_ptr<Client>> clients;
  const auto check = [&](Client& client) {
    while (client.tape->awaits_drain) drain(client);
    client.look();
    ASSERT_EQ(client.picture.instances(), truth(client.subject));
  };
  const int rounds = test::kSanitized ? 600 : 3000;
  for (int round = 0; round < rounds; ++round) {
    now_ms_ += static_cast<std::uint64_t>(below(300));
    switch (below(12)) {
      case 0:
        configure(some(), some());
        break;
      case 1:
        if (clients.size() < 20) clients.push_back(admit(services[below(3)], labels[below(3)]));
        break;
      case 2:
        if (!clients.empty()) {  // goes, and comes back with what it has
          Client& gone = *clients[random() % clients.size()];
          gone.look();
          watchers_.drop(gone.id);
          gone.id = ++last_id_;
          gone.tape = std::make_shared<Tape>();
          watchers_.admit(gone.id, gone.subject, gone.picture.index(),
                          std::make_unique<TapeStream>(gone.tape), now_ms_);
        }
        break;
      case 3:
        if (!clients.empty()) {
          Client& stalls = *clients[random() % clients.size()];
          stalls.tape->takes_nothing = true;
          stalls.tape->backlog = Watchers::kMostBacklog + 1;
        }
        break;
      case 4:
      case 5:
        if (!clients.empty()) {
          Client& wakes = *clients[random() % clients.size()];
          wakes.tape->takes_nothing = false;
          drain(wakes);
        }
        break;
      case 6:
        watchers_.advance(now_ms_);
        break;
      case 7:
        journal_.add(Event{"reloaded", "", 0}, snapshot_->index);
        break;
      default:
        for (int i = below(30); i >= 0; --i) {
          const registry::Admin words[] = {registry::Admin::ready, registry::Admin::drain,
                                           registry::Admin::maint};
          set(below(2) == 0 ? "web" : "pg", std::string(1, static_cast<char>('a' + below(4))),
              words[below(3)]);
        }
        publish();
    }
  }
  for (const auto& client : clients) {
    client->tape->takes_nothing = false;
    check(*client);
  }
  publish();
  const auto whole = admit("");
  const std::size_t from = indices_.size();
  change_often(50);
  whole->look();
  EXPECT_EQ(whole->picture.changes(),
            std::vector<std::uint64_t>(indices_.begin() + static_cast<std::ptrdiff_t>(from),
                                       indices_.end()));
}

}  // namespace
}  // namespace sluice::admin
