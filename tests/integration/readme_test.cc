// What README.md has its reader paste into a shell does what it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>

#include "tests/support/process.h"
#include "tests/support/servers.h"
#include "tests/support/sluice.h"

namespace sluice::test {
namespace {

using testing::HasSubstr;

// The lines of the first code block after the mark.
std::string block_after(const std::string& text, const std::string& mark) {
  const std::string fence = "```";
  const std::size_t from = text.find(mark);
  const std::size_t opening = from == std::string::npos ? from : text.find(fence, from);
  const std::size_t begin = opening == std::string::npos ? opening : text.find('\n', opening) + 1;
  const std::size_t end = begin == std::string::npos ? begin : text.find(fence, begin);
  if (end == std::string::npos) throw std::runtime_error("README.md has no block after " + mark);
  return text.substr(begin, end - begin);
}

TEST(Readme, TheLinesThatRegisterByHandDoWhatTheySay) {
  const std::string lines =
      block_after(read_file(std::string(SOURCE_DIR) + "/README.md"), "<!-- by hand:");
  Backend server(http(std::make_shared<std::atomic<int>>(200)));
  const std::string front = loopback(reserve_port());
  Sluice sluice({.listeners = {"{name: web, bind: \"" + front + "\", service: web}"},
                 .services = {"{name: web}"}});
  write_file(sluice.path("lines.sh"), lines);
  Process shell({.arguments = {find_program("bash"), "-eux", sluice.path("lines.sh")},
                 .environment = {{"SLUICE_ADMIN", sluice.admin().address()},
                                 {"SERVER", server.address()},
                                 {"FRONT", front}},
                 .output = sluice.path("lines.out"),
                 .errors = sluice.path("lines.err")});

  EXPECT_EQ(shell.wait(30s), ExitStatus{}) << read_file(sluice.path("lines.err"));
  const std::string said = read_file(sluice.path("lines.out"));
  EXPECT_THAT(said, HasSubstr(R"("incarnation":)"));
  EXPECT_THAT(said, HasSubstr(R"("state":"up")"));
  EXPECT_THAT(said, HasSubstr(R"("admin":"drain")"));
  EXPECT_THAT(said, HasSubstr(R"("connections":0)"));
  EXPECT_GE(server.accepted(), 1u);
  EXPECT_EQ(sluice.metric("sluice_registered_services_total"), 1);
  EXPECT_EQ(sluice.metric("sluice_deregistered_services_total"), 1);
  EXPECT_EQ(sluice.admin().get("/v1/services/web").json().at("instances").size(), 0u);
}

}  // namespace
}  // namespace sluice::test
