// `sluice exec`: a program that is registered while it runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/integration/ask.h"
#include "tests/integration/exec_process.h"
#include "tests/integration/load.h"
#include "tests/integration/sluice_command.h"
#include "tests/support/payload.h"

namespace sluice::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// A drain that no test waits out.
const std::vector<std::string> kLongDrain = {"--drain", "9s"};

bool is_listed(const Sluice& sluice, const std::string& id) {
  return eventually([&] { return sluice.instance_state(id) == "up"; });
}
// For the first time, and every worker routes to it, which the list alone does not tell.
bool comes_up(const ExecProcess& exec, const std::string& id) {
  return eventually([&] { return exec.errors().find("registered s/" + id) != std::string::npos; });
}
bool goes(const Sluice& sluice, const std::string& id) {
  return eventually([&] { return sluice.instance_state(id).empty(); });
}

// The name that the instance behind the proxy greets with.
std::string greeting(const Sluice& sluice) {
  Peer client = sluice.connect();
  return client.receive(1);
}

void restart_with_an_empty_registry(Sluice& sluice) {
  for (const char* file : {"sluice.db", "sluice.db-wal", "sluice.db-shm"})
    std::filesystem::remove(sluice.path(file));
  sluice.start();
}

TEST(Exec, RegistersOnceThePortListens) {
  Sluice sluice({});
  const TempDir files;
  ExecProcess exec(sluice, {.words = {"after=" + files.path("go")},
                            .options = {"--weight", "5", "--label", "role=x", "--ttl", "1m"}});
  ASSERT_GT(exec.child(), 0);
  EXPECT_EQ(sluice.instance_state("a"), "");

  write_file(files.path("go"), "");
  ASSERT_TRUE(comes_up(exec, "a")) << exec.errors();
  const nlohmann::json status = sluice.instance_status("a");
  EXPECT_EQ(status.at("weight"), 5);
  EXPECT_EQ(status.at("labels").at("role"), "x");
  Peer client = sluice.connect();
  EXPECT_TRUE(echoes(client, "hello"));
  EXPECT_TRUE(eventually([&] { return exec.errors() == "sluice: registered s/a, ttl 1m\n"; }))
      << exec.errors();
}

TEST(Exec, AProgramThatNeverListensIsNeverRegisteredAndToldAtOnce) {
  Sluice sluice({});
  ExecProcess exec(sluice, {.words = {"never", "exit=5"}});
  ASSERT_GT(exec.child(), 0);
  exec.process().signal(SIGTERM);
  EXPECT_EQ(exec.process().wait(), (ExitStatus{5, 0}));
  EXPECT_EQ(sluice.metric("sluice_registered_services_total"), 0);
}

TEST(Exec, SigtermDrainsBeforeItIsPassedOn) {
  Sluice sluice({});
  ExecProcess first(sluice, {.id = "a", .words = {"speak=A", "exit=7"}, .options = kLongDrain});
  ASSERT_TRUE(comes_up(first, "a")) << first.errors();
  Peer transfer = sluice.connect();
  ASSERT_EQ(transfer.receive(1), "A");
  ExecProcess second(sluice, {.id = "b", .words = {"speak=B"}});
  ASSERT_TRUE(comes_up(second, "b"));

  first.process().signal(SIGTERM);
  ASSERT_TRUE(goes(sluice, "a"));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(greeting(sluice), "B");
  for (std::uint64_t i = 0; i < 16; ++i)
    ASSERT_TRUE(echoes(transfer, stream_bytes(i, 1 << 18))) << "in the drain";
  EXPECT_TRUE(first.process().is_running());
  EXPECT_THAT(first.errors(), Not(HasSubstr("deregistered")));

  transfer.close();
  EXPECT_EQ(first.process().wait(), (ExitStatus{7, 0})) << "its program's code";
  EXPECT_THAT(first.errors(), HasSubstr("sluice: deregistered s/a\n"));
}

TEST(Exec, TheDrainIsBounded) {
  Sluice sluice({});
  ExecProcess exec(sluice, {.options = {"--drain", "300ms"}});
  ASSERT_TRUE(comes_up(exec, "a"));
  Peer client = sluice.connect();
  ASSERT_TRUE(echoes(client, "x"));
  exec.process().signal(SIGTERM);
  EXPECT_EQ(exec.process().wait(), (ExitStatus{128 + SIGTERM, 0}));
  EXPECT_NE(client.wait_for_end(), End::open);
}

TEST(Exec, ASecondSignalIsPassedOnAtOnce) {
  Sluice sluice({});
  ExecProcess exec(sluice, {.words = {"exit=3"}, .options = kLongDrain});
  ASSERT_TRUE(comes_up(exec, "a"));
  Peer client = sluice.connect();
  ASSERT_TRUE(echoes(client, "x"));
  exec.process().signal(SIGINT);
  ASSERT_TRUE(goes(sluice, "a"));
  EXPECT_THAT(exec.output(), Not(HasSubstr("signal")));
  Stopwatch watch;
  exec.process().signal(SIGTERM);
  EXPECT_EQ(exec.process().wait(), (ExitStatus{3, 0}));
  EXPECT_LT(watch.elapsed(), 5s);
}

TEST(Exec, AProgramThatDiesIsDeregisteredAtOnce) {
  Sluice sluice({});
  ExecProcess exec(sluice, {.options = {"--drain", "1h", "--ttl", "10m"}});
  ASSERT_TRUE(comes_up(exec, "a"));
  ::kill(exec.child(), SIGKILL);
  EXPECT_EQ(exec.process().wait(), (ExitStatus{128 + SIGKILL, 0}));
  EXPECT_EQ(sluice.instance_state("a"), "");
}

TEST(Exec, EndsWithTheCodeOfItsProgram) {
  Sluice sluice({});
  struct Row {
    std::vector<std::string> program;
    int code;
  };
  for (const Row& row : {Row{{"true"}, 0}, Row{{"sh", "-c", "exit 9"}, 9},
                         Row{{"sh", "-c", "kill -USR1 $$"}, 128 + SIGUSR1},
                         Row{{"/no/such/program"}, 127}, Row{{"/"}, 126}}) {
    ExecProcess exec(sluice, {.program = row.program});
    EXPECT_EQ(exec.process().wait(), (ExitStatus{row.code, 0})) << exec.errors();
  }
}

TEST(Exec, PassesSignalsOn) {
  Sluice sluice({});
  ExecProcess exec(sluice, {});
  ASSERT_TRUE(comes_up(exec, "a"));
  for (const int number : {SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT}) {
    exec.process().signal(number);
    EXPECT_TRUE(exec.says("signal " + std::to_string(number)));
  }
  // A terminal's signals go to the group in the foreground: to one of the two.
  EXPECT_EQ(::getpgid(exec.child()), exec.child());
  EXPECT_EQ(sluice.instance_state("a"), "up");
}

TEST(Exec, ItsProgramStartsWithoutOurDescriptorsAndSignals) {
  Sluice sluice({});
  const std::string look = "ls /proc/self/fd; grep -E 'Sig(Blk|Ign)' /proc/self/status";
  ExecProcess exec(sluice, {.program = {"sh", "-c", look}});
  ASSERT_EQ(exec.process().wait(), ExitStatus{}) << exec.errors();
  EXPECT_EQ(exec.output(),
            "0\n1\n2\n3\n"  // 3 is the directory that ls reads
            "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(Exec, ItsProgramDoesNotLearnTheToken) {
  const TempDir files;
  Command line;
  line.arguments = {sluice_binary(),
                    "exec",
                    "--service",
                    "s",
                    "--port",
                    "1",
                    "--",
                    "sh",
                    "-c",
                    "echo ${SLUICE_TOKEN-none} $MINE"};
  line.output = files.path("out");
  line.environment = {{"SLUICE_TOKEN", "slu_0a1b"}, {"MINE", "kept"}};
  ASSERT_EQ(Process(line).wait(), ExitStatus{});
  EXPECT_EQ(read_file(files.path("out")), "none kept\n");
}

TEST(Exec, TheProgramEndsWithItWhateverEndsIt) {
  Sluice sluice({});
  ExecProcess exec(sluice, {});
  ASSERT_TRUE(comes_up(exec, "a"));
  exec.process().kill();
  EXPECT_TRUE(eventually([&] { return connect_error(exec.address()) == ECONNREFUSED; }));
}

TEST(Exec, RegistersAgainWithAServerThatHasForgotten) {
  Sluice sluice({});
  ExecProcess exec(sluice, {.options = {"--ttl", "1s"}});
  ASSERT_TRUE(comes_up(exec, "a"));
  sluice.kill();
  Peer direct = Peer::connect(exec.address());
  EXPECT_TRUE(echoes(direct, "the service's life is its own"));
  restart_with_an_empty_registry(sluice);
  EXPECT_TRUE(is_listed(sluice, "a")) << exec.errors();
  EXPECT_TRUE(echoes(direct, "the same process"));
}

TEST(Exec, KeepsTryingUntilTheServerComes) {
  Sluice sluice({});
  sluice.kill();
  ExecProcess exec(sluice, {.words = {"exit=4"}});
  ASSERT_TRUE(eventually([&] { return exec.errors().find("cannot reach") != std::string::npos; }));
  EXPECT_EQ(connect_error(exec.address()), 0);
  restart_with_an_empty_registry(sluice);
  EXPECT_TRUE(comes_up(exec, "a")) << exec.errors();
}

TEST(Exec, IsNotHeldUpByAServerThatIsGone) {
  Sluice sluice({});
  ExecProcess exec(sluice, {.words = {"exit=4"}, .options = {"--drain", "1h"}});
  ASSERT_TRUE(comes_up(exec, "a"));
  sluice.kill();
  exec.process().signal(SIGTERM);
  EXPECT_EQ(exec.process().wait(), (ExitStatus{4, 0})) << exec.errors();
}

// Beside it, one that reports no more tells when the ttl is over.
TEST(Exec, KeepsItsLease) {
  Sluice sluice({});
  const DeadEnd silent;
  ExecProcess exec(sluice, {.options = {"--ttl", "1s"}});
  ASSERT_TRUE(comes_up(exec, "a"));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(command(sluice, {"register", "s", "--address", silent.address(), "--id", "silent",
                                 "--ttl", "1s"})
                    .is_success());
    ASSERT_TRUE(is_listed(sluice, "silent"));
    EXPECT_TRUE(eventually([&] {
      EXPECT_EQ(sluice.instance_status("a").at("reason"), "ok");
      return sluice.instance_state("silent") == "down";
    }));
  }
}

TEST(Exec, ARollingRestartLosesNoConnection) {
  const int rounds = size_of_run(1, 5);
  Sluice sluice({});
  std::vector<std::unique_ptr<ExecProcess>> instances;
  for (const char* id : {"a", "b", "c"})
    instances.push_back(std::make_unique<ExecProcess>(
        sluice, ExecProcess::Options{.id = id, .options = kLongDrain}));
  for (const char* id : {"a", "b", "c"}) {
    ASSERT_TRUE(comes_up(*instances[static_cast<std::size_t>(*id - 'a')], id));
  }

  ShortConnections load(sluice, 4);
  const auto goes_on = [&] {
    const int made = load.made();
    return eventually([&] { return load.made() > made + 100; });
  };
  for (int round = 0; round < rounds; ++round)
    for (const char* id : {"a", "b", "c"}) {
      ASSERT_TRUE(goes_on());
      ExecProcess& instance = *instances[static_cast<std::size_t>(*id - 'a')];
      instance.process().signal(SIGTERM);
      ASSERT_EQ(instance.process().wait(), (ExitStatus{128 + SIGTERM, 0})) << instance.errors();
      ASSERT_TRUE(goes_on()) << "with two of three";
      instance.start();
      ASSERT_TRUE(is_listed(sluice, id)) << instance.errors();
    }
  ASSERT_TRUE(goes_on());
  load.stop();
  EXPECT_EQ(load.failed(), 0) << "of " << load.made();
}

// The same with one instance only, whose clients are held while it is away.
TEST(Exec, ARestartOfTheOnlyInstanceIsAPauseForHeldClients) {
  const int rounds = size_of_run(3, 20);
  Sluice sluice({.listener = "no_instance: {action: hold, hold: 20s}"});
  ExecProcess only(sluice, ExecProcess::Options{.id = "a", .options = kLongDrain});
  ASSERT_TRUE(comes_up(only, "a"));
  ShortConnections load(sluice, 8, 200);
  for (int round = 0; round < rounds; ++round) {
    const int made = load.made();
    ASSERT_TRUE(eventually([&] { return load.made() > made + 50; }));
    only.process().signal(SIGTERM);
    ASSERT_EQ(only.process().wait(), (ExitStatus{128 + SIGTERM, 0})) << only.errors();
    only.start();
    ASSERT_TRUE(is_listed(sluice, "a")) << only.errors();
  }
  const int made = load.made();
  ASSERT_TRUE(eventually([&] { return load.made() > made + 50; }));
  load.stop();
  EXPECT_EQ(load.failed(), 0) << "of " << load.made();
}

}  // namespace
}  // namespace sluice::test
