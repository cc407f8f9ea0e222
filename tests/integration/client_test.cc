// Programs with the client library beside the real binary: those that register themselves, and
// those that look others up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "proxy/client/discoverer.h"
#include "proxy/client/registrar.h"
#include "tests/integration/ask.h"
#include "tests/integration/sluice_command.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

using client::Discoverer;
using client::Registrar;
using testing::ElementsAre;
using testing::HasSubstr;
using Stage = Registrar::Stage;

const std::string kInstances = "/v1/services/s/instances/";

std::uint16_t port_of(const std::string& address) {
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

Registrar::Options registering(const Sluice& sluice, const std::string& id,
                               const std::string& address) {
  Registrar::Options options;
  options.server = "http://" + sluice.admin().address();
  options.service = "s";
  options.id = id;
  options.port = port_of(address);
  options.ttl = 1s;
  return options;
}

// From its next start on.
void have_it_forget(const Sluice& sluice) {
  std::string text = read_file(sluice.config_path());
  const std::size_t store = text.find("store: {");
  text.replace(store, text.find('}', store) - store, "store: {type: memory");
  sluice.write_config(text);
}

bool is_at(const Registrar& registrar, Stage stage) {
  return eventually([&] { return registrar.state().stage == stage; });
}

bool turns_up(const Sluice& sluice, const std::string& id) {
  return eventually([&] { return sluice.instance_state(id) == "up"; });
}
bool has_gone(const Sluice& sluice, const std::string& id) {
  return eventually([&] { return sluice.instance_state(id).empty(); });
}

// --- Programs that register themselves

TEST(Registrars, AreRoutedToAndDrainedAtTheirEnd) {
  Sluice sluice({});
  Backend echoing(echo());
  auto options = registering(sluice, "a", echoing.address());
  options.labels = {{"role", "x"}};
  options.drain = 30s;
  auto registrar = std::make_unique<Registrar>(options);
  ASSERT_TRUE(registrar->wait_until_registered(kPatience)) << registrar->state().trouble;
  EXPECT_EQ(sluice.instance_status("a").at("labels").at("role"), "x");
  Peer client = sluice.connect();
  ASSERT_TRUE(echoes(client, "hello"));
  registrar->set_load(0.1);
  EXPECT_TRUE(eventually([&] { return registrar->state().connections == 1; }));
  EXPECT_EQ(registrar->state().state, "up");
  EXPECT_EQ(registrar->state().reason, "ok");

  auto end = std::async(std::launch::async, [&] { registrar.reset(); });
  ASSERT_TRUE(has_gone(sluice, "a"));
  EXPECT_TRUE(echoes(client, "in the drain"));
  EXPECT_EQ(end.wait_for(0s), std::future_status::timeout) << "it waits for the last one";
  client.close();
  EXPECT_EQ(end.wait_for(kPatience), std::future_status::ready);
}

TEST(Registrars, TheDrainIsBounded) {
  Sluice sluice({});
  Backend echoing(echo());
  auto options = registering(sluice, "a", echoing.address());
  options.drain = 200ms;
  Registrar registrar(options);
  ASSERT_TRUE(registrar.wait_until_registered(kPatience));
  Peer client = sluice.connect();
  ASSERT_TRUE(echoes(client, "hello"));
  registrar.leave();
  EXPECT_TRUE(registrar.wait_until_left(kPatience));
  EXPECT_NE(client.wait_for_end(), End::open);
}

// Beside it, one that reports no more tells when the ttl is over.
TEST(Registrars, KeepTheirLease) {
  Sluice sluice({});
  const DeadEnd alive, silent;
  Registrar registrar(registering(sluice, "a", alive.address()));
  ASSERT_TRUE(registrar.wait_until_registered(kPatience));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(command(sluice, {"register", "s", "--address", silent.address(), "--id", "silent",
                                 "--ttl", "1s"})
                    .is_success());
    ASSERT_TRUE(turns_up(sluice, "silent"));
    EXPECT_TRUE(eventually([&] {
      EXPECT_EQ(sluice.instance_status("a").at("reason"), "ok");
      return sluice.instance_state("silent") == "down";
    }));
  }
}

TEST(Registrars, TellTheirWeightLoadAndStatus) {
  Sluice sluice({});
  const DeadEnd address;
  auto options = registering(sluice, "a", address.address());
  options.status = Registrar::Status::warming;
  options.ttl = 10min;
  Registrar registrar(options);
  ASSERT_TRUE(registrar.wait_until_registered(kPatience));
  EXPECT_EQ(sluice.instance_state("a"), "warming");
  registrar.set_status(Registrar::Status::up);
  registrar.set_weight(7);
  registrar.set_load(0.25);
  EXPECT_TRUE(eventually([&] {
    const auto status = sluice.instance_status("a");
    return status.at("state") == "up" && status.at("weight") == 7 && status.at("load") == 0.25;
  }));
}

TEST(Registrars, StayWithAServerThatRemembers) {
  Sluice sluice({});
  const DeadEnd address;
  std::atomic<int> times = 0;
  auto options = registering(sluice, "a", address.address());
  options.log = [&](const std::string& line) { times += line.starts_with("registered s/a"); };
  Registrar registrar(options);
  ASSERT_TRUE(registrar.wait_until_registered(kPatience));
  sluice.kill();
  EXPECT_TRUE(eventually(
      [&] { return registrar.state().trouble.find("cannot reach") != std::string::npos; }));
  sluice.start();
  EXPECT_TRUE(turns_up(sluice, "a"));
  EXPECT_TRUE(eventually([&] { return registrar.state().trouble.empty(); }));
  EXPECT_TRUE(is_at(registrar, Stage::registered));
  EXPECT_EQ(times, 1);
}

TEST(Registrars, RegisterAgainWithAServerThatForgets) {
  Sluice sluice({});
  have_it_forget(sluice);
  sluice.kill();
  sluice.start();
  const DeadEnd address;
  Registrar registrar(registering(sluice, "a", address.address()));
  ASSERT_TRUE(registrar.wait_until_registered(kPatience));
  registrar.set_weight(5);
  ASSERT_TRUE(eventually([&] { return sluice.instance_status("a").at("weight") == 5; }));
  sluice.kill();
  sluice.start();
  EXPECT_TRUE(turns_up(sluice, "a")) << registrar.state().trouble;
  EXPECT_EQ(sluice.instance_status("a").at("weight"), 5) << "what it has said since";
}

TEST(Registrars, WaitForAServerThatIsNotThereYet) {
  Sluice sluice({});
  sluice.kill();
  const DeadEnd address;
  const Registrar registrar(registering(sluice, "a", address.address()));
  EXPECT_FALSE(registrar.wait_until_registered(1ms));
  ASSERT_TRUE(eventually(
      [&] { return registrar.state().trouble.find("connection refused") != std::string::npos; }));
  sluice.start();
  EXPECT_TRUE(registrar.wait_until_registered(kPatience)) << registrar.state().trouble;
}

TEST(Registrars, DoNotFightForAnIdThatAnotherHas) {
  Sluice sluice({});
  const DeadEnd older, newer;
  Registrar first(registering(sluice, "a", older.address()));
  ASSERT_TRUE(first.wait_until_registered(kPatience));
  {
    Registrar second(registering(sluice, "a", newer.address()));
    ASSERT_TRUE(second.wait_until_registered(kPatience));
    ASSERT_TRUE(is_at(first, Stage::superseded));
    EXPECT_THAT(first.state().trouble, HasSubstr("incarnation"));
    first.set_weight(9);
    second.set_weight(8);
    ASSERT_TRUE(eventually([&] { return sluice.instance_status("a").at("weight") == 8; }));
    EXPECT_EQ(sluice.instance_status("a").at("port"), port_of(newer.address()));
    EXPECT_EQ(second.state().stage, Stage::registered);
  }
  EXPECT_TRUE(first.wait_until_registered(kPatience)) << "once the id has been free for a while";
  EXPECT_EQ(sluice.instance_status("a").at("port"), port_of(older.address()));
  EXPECT_EQ(sluice.instance_status("a").at("weight"), 9);
}

TEST(Registrars, AWrongTokenIsSaid) {
  const TempDir files;
  const std::string tokens = files.path("tokens");
  const auto made = run({sluice_binary(), "token", "deploy", "--permission", "register", "--json"});
  const auto token = nlohmann::json::parse(made.output);
  write_file(tokens, token.at("line").get<std::string>() + "\n");
  ASSERT_EQ(::chmod(tokens.c_str(), 0600), 0);
  Sluice sluice({.admin = "tokens_file: \"" + tokens + "\""});
  const DeadEnd address;
  auto options = registering(sluice, "a", address.address());
  Discoverer::Options looking;
  looking.server = options.server;
  looking.service = "s";
  {
    options.token = looking.token = "slu_wrong";
    const Registrar registrar(options);
    const Discoverer discoverer(looking);
    EXPECT_TRUE(eventually([&] {
      return registrar.state().trouble.find("token") != std::string::npos &&
             discoverer.trouble().find("token") != std::string::npos;
    })) << registrar.state().trouble
        << discoverer.trouble();
    EXPECT_EQ(registrar.state().stage, Stage::registering);
    EXPECT_FALSE(discoverer.wait_until_ready(0ms));
  }
  options.token = looking.token = token.at("secret");
  const Registrar registrar(options);
  const Discoverer discoverer(looking);
  EXPECT_TRUE(registrar.wait_until_registered(kPatience)) << registrar.state().trouble;
  EXPECT_TRUE(discoverer.wait_until_ready(kPatience)) << discoverer.trouble();
}

TEST(Registrars, AForkedProcessTakesNothingAway) {
  Sluice sluice({});
  const DeadEnd address;
  auto registrar = std::make_unique<Registrar>(registering(sluice, "a", address.address()));
  ASSERT_TRUE(registrar->wait_until_registered(kPatience));
  const pid_t child = ::fork();
  if (child == 0) {
    registrar.reset();
    ::_exit(7);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(sluice.instance_state("a"), "up");
  registrar.reset();
  EXPECT_TRUE(has_gone(sluice, "a"));
}

// --- Programs that look others up

class Discoverers : public testing::Test {
 protected:
  void start(const Scene& scene) { sluice_ = std::make_unique<Sluice>(scene); }
  void SetUp() override { start({.instances = {}}); }

  Discoverer::Options looking() {
    Discoverer::Options options;
    options.server = "http://" + sluice_->admin().address();
    options.service = "s";
    return options;
  }
  void enroll(const std::string& id, int n, const std::string& more = "") {
    const Response response = sluice_->admin().put(
        kInstances + id + "?wait=applied",
        R"({"address":"10.0.0.)" + std::to_string(n) + R"(:9","ttl":"0s")" + more + "}");
    ASSERT_EQ(response.status, 200) << response.body;
  }
  void order(const std::string& id, const std::string& admin) {
    const std::string body = R"({"admin":")" + admin + R"("})";
    ASSERT_EQ(sluice_->admin().put(kInstances + id + "/state", body).status, 200);
  }
  void remove(const std::string& id) {
    ASSERT_EQ(sluice_->admin().del(kInstances + id).status, 200);
  }

  static std::string shown(const Discoverer& discoverer) {
    std::string all;
    for (const auto& each : discoverer.instances()) all += each->id + ":" + each->state + " ";
    return all;
  }
  static bool shows(const Discoverer& discoverer, const std::string& wanted) {
    return eventually([&] { return shown(discoverer) == wanted && !discoverer.is_stale(); });
  }

  std::unique_ptr<Sluice> sluice_;
};

// What on_change has told.
class Told {
 public:
  std::function<void(const client::Change&)> taker() {
    return [this](const client::Change& change) {
      static constexpr const char* kWords[] = {"added", "removed", "updated", "state"};
      const std::lock_guard lock(mutex_);
      lines_.push_back(std::string(kWords[static_cast<int>(change.kind)]) + " " +
                       change.instance->id + " " + change.before + ">" + change.instance->state);
    };
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

TEST_F(Discoverers, SeeEachChangeInOrder) {
  enroll("a", 1);
  Told told;
  auto options = looking();
  options.on_change = told.taker();
  const Discoverer discoverer(options);
  ASSERT_TRUE(discoverer.wait_until_ready(kPatience)) << discoverer.trouble();
  EXPECT_EQ(shown(discoverer), "a:up ");
  enroll("b", 2);
  enroll("b", 2, R"(,"weight":5)");
  order("b", "drain");
  order("b", "maint");
  order("b", "ready");
  remove("b");
  ASSERT_TRUE(eventually([&] { return told.lines().size() == 7; }));
  EXPECT_THAT(told.lines(),
              ElementsAre("added a >up", "added b >up", "updated b up>up", "state b up>draining",
                          "state b draining>down", "state b down>up", "removed b up>up"));
  EXPECT_EQ(shown(discoverer), "a:up ");
}

TEST_F(Discoverers, KnowWhatTheyKnewWhileTheServerIsAway) {
  enroll("a", 1);
  enroll("b", 2);
  Told told;
  auto options = looking();
  options.on_change = told.taker();
  const Discoverer discoverer(options);
  ASSERT_TRUE(shows(discoverer, "a:up b:up "));
  sluice_->kill();
  ASSERT_TRUE(eventually([&] { return discoverer.is_stale(); }));
  EXPECT_EQ(shown(discoverer), "a:up b:up ");
  EXPECT_TRUE(discoverer.pick());
  EXPECT_TRUE(
      eventually([&] { return discoverer.trouble().find("cannot reach") != std::string::npos; }));
  sluice_->start();
  remove("b");
  enroll("c", 3);
  ASSERT_TRUE(shows(discoverer, "a:up c:up "));
  EXPECT_EQ(discoverer.trouble(), "");
  EXPECT_THAT(told.lines(),
              ElementsAre("added a >up", "added b >up", "removed b up>up", "added c >up"))
      << "the difference, and not everybody anew";
}

TEST_F(Discoverers, StartWithoutTheServerFromTheirCacheFile) {
  enroll("a", 1, R"(,"labels":{"role":"x"})");
  const TempDir files;
  auto options = looking();
  options.cache_file = files.path("cache.json");
  {
    const Discoverer discoverer(options);
    ASSERT_TRUE(shows(discoverer, "a:up "));
    enroll("b", 2);
    ASSERT_TRUE(shows(discoverer, "a:up b:up "));
  }
  struct stat about{};
  ASSERT_EQ(::stat(options.cache_file.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0600u);
  sluice_->kill();
  const Discoverer discoverer(options);
  EXPECT_TRUE(discoverer.wait_until_ready(0ms));
  EXPECT_TRUE(discoverer.is_stale());
  EXPECT_EQ(shown(discoverer), "a:up b:up ");
  EXPECT_EQ(discoverer.instances().front()->labels.at("role"), "x");
  sluice_->start();
  remove("a");
  EXPECT_TRUE(shows(discoverer, "b:up "));
}

TEST_F(Discoverers, SeeWhatTheSelectorChooses) {
  enroll("a", 1, R"(,"labels":{"role":"primary"})");
  enroll("b", 2, R"(,"labels":{"role":"replica"})");
  auto options = looking();
  options.selector = "role == primary";
  const Discoverer discoverer(options);
  ASSERT_TRUE(shows(discoverer, "a:up "));
  enroll("b", 2, R"(,"labels":{"role":"primary"})");
  enroll("a", 1, R"(,"labels":{"role":"replica"})");
  EXPECT_TRUE(shows(discoverer, "b:up "));
  const auto place = discoverer.pick();
  ASSERT_TRUE(place);
  EXPECT_EQ(place->id(), "b");
  EXPECT_EQ(place->address(), "10.0.0.2");
  EXPECT_EQ(place->port(), 9);
  EXPECT_EQ(place->labels().at("role"), "primary");
}

TEST_F(Discoverers, PickTheLeastLoaded) {
  for (int n = 1; n <= 3; ++n) enroll(std::string(1, static_cast<char>('`' + n)), n);
  const Discoverer discoverer(looking());
  ASSERT_TRUE(shows(discoverer, "a:up b:up c:up "));
  std::map<std::string, std::vector<client::Place>> held;
  for (int i = 0; i < 30; ++i) {
    auto place = discoverer.pick();
    ASSERT_TRUE(place);
    held[place->id()].push_back(std::move(*place));
  }
  for (const auto& [id, places] : held) EXPECT_EQ(places.size(), 10u) << id;
  held["b"].clear();
  for (int i = 0; i < 10; ++i) {
    auto place = discoverer.pick();
    EXPECT_EQ(place->id(), "b");
    held["b"].push_back(std::move(*place));
  }
  order("b", "drain");
  ASSERT_TRUE(shows(discoverer, "a:up b:draining c:up "));
  held["b"].clear();
  for (int i = 0; i < 10; ++i) EXPECT_NE(discoverer.pick()->id(), "b");
}

TEST_F(Discoverers, PickNoLastResortThatIsNoneForTheProxy) {
  start({.instances = {}, .service = "outlier: {consecutive: 1, base: 5m, keep_at_least: 0}"});
  const DeadEnd dead;
  const std::string a = kInstances + "a";
  ASSERT_EQ(sluice_->admin().put(a, R"({"address":")" + dead.address() + R"("})").status, 200);
  const Discoverer discoverer(looking());
  EXPECT_EQ(ask(*sluice_), "");
  ASSERT_TRUE(shows(discoverer, "a:down ")) << "ejected";
  EXPECT_TRUE(discoverer.pick());
  ASSERT_EQ(sluice_->admin().put(a + "/heartbeat", R"({"status":"draining"})").status, 200);
  EXPECT_TRUE(eventually([&] { return !discoverer.pick(); }));
  EXPECT_EQ(sluice_->admin().get("/v1/services/s/instance").status, 404);
  EXPECT_EQ(shown(discoverer), "a:down ") << "still ejected";
}

TEST_F(Discoverers, HashAsTheProxyDoes) {
  for (const auto& [policy, word] : {std::pair{Discoverer::Policy::hash, "hash"},
                                     std::pair{Discoverer::Policy::maglev, "maglev"}}) {
    start({.instances = {}, .service = "balance: {policy: " + std::string(word) + "}"});
    for (int n = 1; n <= 5; ++n) {
      enroll(std::string(1, static_cast<char>('`' + n)), n, n == 2 ? R"(,"weight":3)" : "");
    }
    auto options = looking();
    options.policy = policy;
    const Discoverer discoverer(options);
    const auto agree = [&] {
      std::map<std::string, int> picks;
      for (int i = 0; i < 100; ++i) {
        const std::string client = "192.0.2." + std::to_string(i);
        const auto place = discoverer.pick(client);
        const Response theirs = sluice_->admin().get("/v1/services/s/instance?client=" + client);
        EXPECT_EQ(theirs.json().at("id"), place->id()) << word << " " << client;
        ++picks[place->id()];
      }
      return picks.size();
    };
    ASSERT_TRUE(shows(discoverer, "a:up b:up c:up d:up e:up "));
    EXPECT_EQ(agree(), 5u);
    order("b", "maint");
    ASSERT_TRUE(shows(discoverer, "a:up b:down c:up d:up e:up "));
    EXPECT_EQ(agree(), 4u);
  }
}

// For the ThreadSanitizer most of all.
TEST_F(Discoverers, ServeManyThreadsWhileInstancesComeAndGo) {
  enroll("a", 1);
  const Discoverer discoverer(looking());
  ASSERT_TRUE(shows(discoverer, "a:up "));
  std::atomic<bool> is_over = false;
  std::atomic<std::uint64_t> picks = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!is_over) {
        const auto place = discoverer.pick("k");
        EXPECT_TRUE(place);
        for (const auto& each : discoverer.instances()) EXPECT_FALSE(each->id.empty());
        EXPECT_FALSE(discoverer.is_stale());
        picks += place.has_value();
      }
    });
  }
  for (int round = 0; round < 20; ++round) {
    enroll("b", 2);
    enroll("c", 3, R"(,"weight":)" + std::to_string(round));
    remove("b");
  }
  EXPECT_TRUE(shows(discoverer, "a:up c:up "));
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(picks, 0u);
}

}  // namespace
}  // namespace sluice::test
