#include "proxy/cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/cli/running.h"
#include "tests/support/process.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(CommandLine, ThatIsNotUnderstoodSaysWhatIsNearAndExitsWithTwo) {
  struct Row {
    std::vector<std::string> arguments;
    const char* message;
  };
  for (const Row& row : {
           Row{{}, "sluice: which command?\n"},
           Row{{"stauts"}, "sluice: unknown command 'stauts'; the nearest is 'status'\n"},
           Row{{"--jsno", "status"}, "sluice: unknown option '--jsno'; the nearest is '--json'\n"},
           Row{{"check", "a.yaml", "--strikt"},
               "sluice: unknown option '--strikt'; the nearest is '--strict'\n"},
           Row{{"reload", "--dry_run=1"},
               "sluice: unknown option '--dry_run'; the nearest is '--dry-run'\n"},
           Row{{"run", "a.yaml", "b.yaml"}, "sluice: 'run' does not take 'b.yaml'\n"},
           Row{{"instances"}, "sluice: SERVICE is required\n"},
           Row{{"run", "-"},
               "sluice: 'run' needs a file: standard input cannot be read again at a "
               "reload\n"},
           Row{{"connections", "--limit", "many"}, "sluice: Could not convert: --limit = many\n"},
           Row{{"status", "--admin", "https://x:1"}, "sluice: --admin https://x:1: the admin API "},
           Row{{"register", "s"}, "sluice: --address is required\n"},
           Row{{"register", "s", "--address", "web:80"}, "sluice: --address: \"web\" is not an IP"},
           Row{{"register", "s", "--address", "10.0.0.1:80", "--label", "x"},
               "sluice: --label: 'x' is no KEY=VALUE\n"},
           Row{{"register", "s", "--address", "10.0.0.1:80", "--ttl", "30"}, "sluice: --ttl: "},
           Row{{"deregister", "s"}, "sluice: ID is required\n"},
           Row{{"deregister", "s", "a", "--drain", "soon"}, "sluice: --drain: "},
           Row{{"drain", "s", "a", "--raeson", "x"},
               "sluice: unknown option '--raeson'; the nearest is '--reason'\n"},
           Row{{"heartbeat", "s", "a", "--load", "much"}, "sluice: Could not convert: --load"},
           Row{{"exec", "--port", "80", "--", "true"}, "sluice: --service is required\n"},
           Row{{"exec", "--service", "s", "--port", "80"},
               "sluice: the program to run stands after --"},
           Row{{"exec", "--service", "s", "--port", "80", "--"},
               "sluice: the program to run stands after --"},
           Row{{"exec", "--service", "s", "--port", "0", "--", "true"}, "sluice: --port: "},
           Row{{"exec", "--service", "s", "--port", "80", "true"},
               "sluice: 'exec' does not take 'true'\n"},
           Row{{"a\nb"}, "sluice: unknown command 'a\\nb'"},
       }) {
    const Result result = run(row.arguments);
    EXPECT_EQ(result.code, kUsage) << row.message;
    EXPECT_THAT(result.err, StartsWith(row.message));
    EXPECT_EQ(result.out, "");
  }
}

TEST(CommandLine, HelpNamesEveryCommandAndTheExitCodes) {
  const Result result = run({"--help"});
  EXPECT_EQ(result.code, kOk);
  for (const char* word :
       {"run",       "check",        "demo",         "status",     "services",
        "instances", "checks",       "connections",  "explain",    "watch",
        "events",    "reload",       "register",     "deregister", "heartbeat",
        "drain",     "maint",        "ready",        "exec",       "token",
        "version",   "SLUICE_ADMIN", "SLUICE_TOKEN", "SIGHUP",     "Exit status"}) {
    EXPECT_THAT(result.out, HasSubstr(word));
  }
  EXPECT_EQ(result.err, "");
}

TEST(CommandLine, HelpOfACommandNamesItsOptions) {
  const Result result = run({"connections", "--help"});
  EXPECT_EQ(result.code, kOk);
  EXPECT_THAT(result.out, HasSubstr("--limit N"));
}

TEST(CommandLine, TellsItsVersion) {
  EXPECT_EQ(run({"version"}).out, "sluice " SLUICE_VERSION "\n");
  EXPECT_EQ(run({"--version"}).out, "sluice " SLUICE_VERSION "\n");
  const Result verbose = run({"version", "--verbose"});
  EXPECT_EQ(verbose.code, kOk);
  EXPECT_THAT(verbose.out, HasSubstr("libuv"));
}

TEST(CommandLine, RunHandsTheFileToTheServerAndItsExitCodeBack) {
  const test::TempDir directory;
  const std::string file = directory.path("pg.yaml");
  test::write_file(file,
                   "listeners: [{bind: '127.0.0.1:5432', service: pg}]\n"
                   "services: [{name: pg, instances: ['10.0.0.1:5432']}]\n");
  ServerOptions seen;
  const Result result = run({"run", file}, [&](ServerOptions options) {
    seen = std::move(options);
    return 7;
  });
  EXPECT_EQ(result.code, 7);
  EXPECT_EQ(seen.config_file, file);
  const config::Loaded loaded = seen.load();
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->services.at(0).name, "pg");
}

TEST(CommandLine, OutputThatCannotBeWrittenIsAFailure) {
  std::ostringstream out;
  std::ostringstream err;
  out.setstate(std::ios::badbit);
  const char* argv[] = {"sluice", "version"};
  EXPECT_EQ(run_cli(2, argv, out, err, {}), kFailure);
  EXPECT_EQ(err.str(), "sluice: cannot write the output\n");
}

}  // namespace
}  // namespace sluice::cli
