#include "tests/layering/layering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace sluice::layering {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Layering, TheProjectKeepsItsArrows) {
  const Report report = inspect(SOURCE_DIR);
  EXPECT_GT(report.files, 50u);
  for (const std::string& violation : report.violations) ADD_FAILURE() << violation;
}

// A small tree in which one file says one thing.
class FakeTree : public testing::Test {
 protected:
  FakeTree() {
    for (const char* header :
         {"config/config.h", "registry/access/tokens.h", "registry/store/store.h",
          "registry/registry.h", "proxy/net/loop.h", "proxy/balance/balancer.h", "proxy/log/log.h",
          "proxy/session/session.h", "proxy/admin/http.h", "proxy/client/call.h", "proxy/plan.h",
          "proxy/worker.h", "proxy/server.h", "proxy/cli/cli.h"}) {
      write(header, "#pragma once\n");
    }
  }

  void write(const std::string& file, const std::string& text) {
    std::filesystem::create_directories((tree_.root() / file).parent_path());
    test::write_file(tree_.path(file), text);
  }

  std::vector<std::string> violations() const { return inspect(tree_.root()).violations; }

  std::vector<std::string> violations_with(const std::string& file, const std::string& text) {
    write(file, text);
    std::vector<std::string> found = violations();
    std::filesystem::remove(tree_.root() / file);
    return found;
  }

  test::TempDir tree_;
};

TEST_F(FakeTree, WhatPointsToTheLeftIsAllowed) {
  struct Row {
    const char* file;
    const char* includes;
  };
  for (const Row& row : {
           Row{"registry/access/x.cc", "config/config.h"},
           Row{"registry/x.cc", "registry/access/tokens.h"},
           Row{"registry/store/x.cc", "registry/store/store.h"},
           Row{"registry/x.cc", "registry/store/store.h"},
           Row{"proxy/net/x.cc", "registry/registry.h"},
           Row{"proxy/balance/x.cc", "proxy/net/loop.h"},
           Row{"proxy/session/x.cc", "proxy/log/log.h"},
           Row{"proxy/worker.cc", "proxy/worker.h\"\n#include \"proxy/plan.h"},
           Row{"proxy/server.cc", "proxy/server.h\"\n#include \"proxy/worker.h"},
           Row{"proxy/client/x.cc", "proxy/balance/balancer.h"},
           Row{"proxy/cli/x.cc", "proxy/server.h"},
           Row{"proxy/cli/x.cc", "proxy/client/call.h"},
           Row{"proxy/main.cc", "proxy/cli/cli.h"},
       }) {
    EXPECT_THAT(violations_with(row.file, std::string("#include \"") + row.includes + "\"\n"),
                IsEmpty());
  }
}

TEST_F(FakeTree, WhatPointsToTheRightOrSidewaysIsFound) {
  struct Row {
    const char* file;
    const char* includes;
    const char* violation;
  };
  for (const Row& row : {
           Row{"config/x.cc", "registry/registry.h",
               "config/x.cc:1: includes registry/registry.h, but config may not know registry"},
           Row{"registry/access/x.h", "registry/registry.h",
               "registry/access/x.h:1: includes registry/registry.h, but registry/access may not "
               "know registry"},
           Row{"registry/store/x.cc", "registry/access/tokens.h",
               "registry/store/x.cc:1: includes registry/access/tokens.h, but registry/store may "
               "not "
               "know registry/access"},
           Row{"registry/x.h", "proxy/net/loop.h",
               "registry/x.h:1: includes proxy/net/loop.h, but registry may not know proxy/net"},
           Row{"proxy/net/x.h", "proxy/log/log.h",
               "proxy/net/x.h:1: includes proxy/log/log.h, but proxy/net may not know proxy/log"},
           Row{"proxy/balance/x.h", "proxy/log/log.h",
               "proxy/balance/x.h:1: includes proxy/log/log.h, but proxy/balance may not know "
               "proxy/log"},
           Row{"proxy/session/x.h", "proxy/admin/http.h",
               "proxy/session/x.h:1: includes proxy/admin/http.h, but proxy/session may not know "
               "proxy/admin"},
           Row{"proxy/admin/x.h", "proxy/plan.h",
               "proxy/admin/x.h:1: includes proxy/plan.h, but proxy/admin may not know "
               "proxy/plan"},
           Row{"proxy/client/x.cc", "proxy/plan.h",
               "proxy/client/x.cc:1: includes proxy/plan.h, but proxy/client may not know "
               "proxy/plan"},
           Row{"proxy/client/x.cc", "proxy/cli/cli.h",
               "proxy/client/x.cc:1: includes proxy/cli/cli.h, but proxy/client may not know "
               "proxy/cli"},
           Row{"proxy/plan.h", "proxy/worker.h",
               "proxy/plan.h:1: includes proxy/worker.h, but proxy/plan may not know proxy/worker"},
           Row{"proxy/worker.cc", "proxy/worker.h\"\n#include \"proxy/server.h",
               "proxy/worker.cc:2: includes proxy/server.h, but proxy/worker may not know proxy"},
           Row{"proxy/server.cc", "proxy/server.h\"\n#include \"proxy/cli/cli.h",
               "proxy/server.cc:2: includes proxy/cli/cli.h, but proxy may not know proxy/cli"},
       }) {
    EXPECT_THAT(violations_with(row.file, std::string("#include \"") + row.includes + "\"\n"),
                ElementsAre(row.violation));
  }
}

TEST_F(FakeTree, IncludesAreWrittenFromTheRootAndTheOwnHeaderFirst) {
  EXPECT_THAT(violations_with("proxy/net/x.cc", "#include \"loop.h\"\n"),
              ElementsAre("proxy/net/x.cc:1: includes \"loop.h\", which is no file seen from the "
                          "root"));
  EXPECT_THAT(violations_with("proxy/net/x.cc", "#include \"proxy/net/../net/loop.h\"\n"),
              ElementsAre("proxy/net/x.cc:1: includes \"proxy/net/../net/loop.h\", which is no "
                          "file seen from the root"));
  EXPECT_THAT(
      violations_with("proxy/worker.cc",
                      "#include <vector>\n#include \"proxy/plan.h\"\n"
                      "#include \"proxy/worker.h\"\n"),
      ElementsAre("proxy/worker.cc:2: includes proxy/plan.h before its own proxy/worker.h"));
}

TEST_F(FakeTree, AFolderWithoutAPlaceIsFound) {
  EXPECT_THAT(
      violations_with("proxy/helpers/x.h", "#pragma once\n"),
      ElementsAre("proxy/helpers/x.h:0: stands in a folder that has no place in the order"));
}

TEST_F(FakeTree, LibuvStaysUnderProxy) {
  EXPECT_THAT(violations_with("registry/x.cc", "#include <uv.h>\n"),
              ElementsAre("registry/x.cc:1: includes libuv, which belongs under proxy/"));
  EXPECT_THAT(violations_with("registry/access/x.cc", "#include <uv.h>\n"),
              ElementsAre("registry/access/x.cc:1: includes libuv, which belongs under proxy/"));
  EXPECT_THAT(violations_with("proxy/net/x.cc", "#include <uv.h>\n"), IsEmpty());
}

TEST_F(FakeTree, NothingInConfigOrRegistryReadsAClock) {
  for (const char* code : {"auto t = std::chrono::steady_clock::now();",
                           "using namespace std::chrono; system_clock::now();",
                           "clock_gettime(CLOCK_MONOTONIC, &ts);", "gettimeofday(&tv, nullptr);",
                           "auto t = time(nullptr);", "auto t = std::time(0);", "::time(&t);"}) {
    EXPECT_THAT(violations_with("registry/x.cc", code),
                ElementsAre("registry/x.cc:1: reads a clock; time is an argument here"))
        << code;
    EXPECT_THAT(violations_with("registry/store/x.cc", code), SizeIs(1)) << code;
    EXPECT_THAT(violations_with("proxy/net/x.cc", code), IsEmpty()) << code;
  }
  for (const char* code :
       {"#include <chrono>", "// not steady_clock::now()", "expire(std::chrono::milliseconds(3));",
        "registry.advance(time(3));", "uptime(0);", "entry.time(0);"}) {
    EXPECT_THAT(violations_with("registry/x.cc", code), IsEmpty()) << code;
  }
}

}  // namespace
}  // namespace sluice::layering
