// `sluice demo` as it is shipped: nothing to prepare, and something to see.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <regex>

#include "tests/support/admin.h"
#include "tests/support/process.h"
#include "tests/support/sluice.h"

namespace sluice::test {
namespace {

class Demo : public testing::Test {
 protected:
  std::string said() const { return read_file(files_.path("out")); }

  // The address of the API, from a line that the demo has its reader type.
  std::string admin_address() const {
    std::string address;
    EXPECT_TRUE(eventually([&] {
      std::smatch found;
      const std::string text = said();
      if (!std::regex_search(text, found, std::regex("http://([0-9.:]+)/metrics"))) return false;
      address = found[1];
      return true;
    })) << read_file(files_.path("err"));
    return address;
  }

  // "up", "draining", ... of an instance of `spread`; "": it is not registered.
  static std::string state(const Admin& admin, const std::string& id) {
    const Response answer = admin.get("/v1/services/spread");
    if (answer.status != 200) return "?";
    const nlohmann::json service = answer.json();
    for (const auto& each : service.at("instances"))
      if (each.at("id") == id) return each.at("state");
    return "";
  }

  TempDir files_;
  Process process_{
      {.arguments = {find_program("env"), "-C", files_.root().string(), sluice_binary(), "demo"},
       .output = files_.path("out"),
       .errors = files_.path("err")}};
};

TEST_F(Demo, BackendsRegisterThemselvesAndTakeTurnsAtLeaving) {
  const Admin admin(admin_address());
  for (const char* id : {"alpha", "beta", "gamma"}) EXPECT_EQ(state(admin, id), "up") << id;
  const nlohmann::json service = admin.get("/v1/services/spread").json();
  for (const auto& each : service.at("instances")) EXPECT_EQ(each.at("source"), "registered");

  for (const char* next : {"draining", "", "up"})
    EXPECT_TRUE(eventually([&] { return state(admin, "alpha") == next; })) << next;
  EXPECT_FALSE(std::filesystem::exists(files_.path("sluice.db")));

  process_.signal(SIGTERM);
  EXPECT_EQ(process_.wait(), ExitStatus{}) << read_file(files_.path("err"));
}

}  // namespace
}  // namespace sluice::test
