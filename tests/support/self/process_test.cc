#include "tests/support/process.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "tests/support/admin.h"
#include "tests/support/procfs.h"
#include "tests/support/socket.h"

namespace sluice::test {
namespace {

TEST(Process, RunsAProgramAndKeepsWhatItSaid) {
  const Finished finished = run({find_program("sh"), "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(finished.output, "out\n");
  EXPECT_EQ(finished.errors, "err\n");
  EXPECT_EQ(finished.status, (ExitStatus{3, 0}));
}

TEST(Process, EndsWithItsOwner) {
  pid_t pid = 0;
  {
    Process process({.arguments = {find_program("sh"), "-c", "read line < /dev/zero"}});
    pid = process.pid();
    EXPECT_TRUE(process.is_running());
    EXPECT_FALSE(process.wait(10ms));
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(Process, TellsTheSignalThatEndedIt) {
  Process process({.arguments = {find_program("cat"), "/dev/zero"}});
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), (ExitStatus{0, SIGTERM}));
}

TEST(Procfs, CountsDescriptorsAndFindsThoseThatLeak) {
  const std::size_t before = count_fds(::getpid());
  const Fd leaky(::dup(0));
  EXPECT_EQ(count_fds(::getpid()), before + 1);
  const auto leaks = fds_without_cloexec(::getpid());
  EXPECT_TRUE(std::ranges::any_of(leaks, [&](const std::string& leak) {
    return leak.starts_with(std::to_string(leaky.get()) + " ");
  }));
}

TEST(Responses, AreReadByLengthAndByChunks) {
  std::string bytes =
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: 1\r\n\r\nabc"
      "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n";
  const Response first = parse_response(bytes);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.headers.at("x-a"), "1");
  EXPECT_EQ(first.body, "abc");
  const Response second = parse_response(bytes);
  EXPECT_EQ(second.status, 404);
  EXPECT_EQ(second.body, "def");
  EXPECT_EQ(bytes, "");
}

TEST(MetricsPages, AreReadWithTheirLabels) {
  const MetricsPage page = MetricsPage::parse(
      "# TYPE a counter\na{x=\"1\",y=\"p\\\"q\\\\\"} 4294967297\na{x=\"2\",y=\"\"} 2\nb 0.5 "
      "1700000000\n");
  EXPECT_EQ(page.value("a"), 4294967299.0);
  EXPECT_EQ(page.value("a", {{"x", "1"}, {"y", "p\"q\\"}}), 4294967297.0);
  EXPECT_EQ(page.value("b"), 0.5);
  EXPECT_TRUE(page.has("a", {{"x", "2"}}));
  EXPECT_FALSE(page.has("a", {{"x", "3"}}));
}

}  // namespace
}  // namespace sluice::test
