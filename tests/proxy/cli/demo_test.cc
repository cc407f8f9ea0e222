#include "proxy/cli/demo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <sstream>

#include "config/load.h"
#include "tests/support/peer.h"
#include "tests/support/socket.h"

namespace sluice::cli {
namespace {

using test::Peer;
using testing::HasSubstr;
using testing::Not;

// A keyboard: what is typed arrives at the demo's input.
class Keyboard {
 public:
  Keyboard() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) test::fail_with_errno("pipe");
    input_ = net::Fd(ends[0]);
    keys_ = net::Fd(ends[1]);
  }
  int input() const { return input_.get(); }
  void type(const std::string& text) {
    if (::write(keys_.get(), text.data(), text.size()) < 0) test::fail_with_errno("write");
  }
  void end() { keys_.reset(); }

 private:
  net::Fd input_;
  net::Fd keys_;
};

std::string line_from(Peer& peer) {
  std::string line;
  while (!line.ends_with('\n')) {
    const std::string byte = peer.receive(1);
    if (byte.empty()) return line;
    line += byte;
  }
  return line;
}

std::string address_of(const DemoBackends& backends, std::size_t i) {
  return test::loopback(backends.addresses().at(i).port);
}

TEST(DemoBackends, AnswerUnderTheirNames) {
  const DemoBackends backends({"alpha", "beta"}, -1, {});
  for (std::size_t i = 0; i < 2; ++i) {
    Peer client = Peer::connect(address_of(backends, i));
    client.send("hi\n");
    EXPECT_EQ(line_from(client), backends.addresses()[i].name + ": hi\n");
    client.finish();
    EXPECT_EQ(client.wait_for_end(), test::End::fin);
  }
}

TEST(DemoBackends, CountTheConnectionsThatSaySomething) {
  const DemoBackends backends({"alpha"}, -1, {});
  const auto greeting = [&] {
    Peer client = Peer::connect(address_of(backends, 0));
    client.send("GET / HTTP/1.0\r\n\r\n");
    return client.receive_rest().text;
  };
  EXPECT_THAT(greeting(), HasSubstr("hello from alpha (connection 1)\n"));
  Peer::connect(address_of(backends, 0)).close();  // as a health check does
  EXPECT_THAT(greeting(), HasSubstr("hello from alpha (connection 2)\n"));
}

TEST(DemoBackends, AClientThatDoesNotReadIsHeldBackAndLosesNothing) {
  const DemoBackends backends({"alpha"}, -1, {});
  Peer client = Peer::connect(address_of(backends, 0));
  const std::string line(1'000, 'x');
  std::string all_lines;
  std::string all_answers;
  for (int i = 0; i < 200; ++i) {
    all_lines += line + "\n";
    all_answers += "alpha: " + line + "\n";
  }
  client.send(all_lines);
  client.finish();
  EXPECT_EQ(client.receive(all_answers.size()), all_answers);
}

TEST(DemoBackends, OneStopsAndStartsOnItsPortByItsName) {
  Keyboard keyboard;
  std::mutex mutex;
  std::vector<DemoBackends::Toggled> seen;
  const auto last = [&](std::size_t count, DemoBackends::Toggled toggled) {
    return test::eventually([&] {
      const std::lock_guard lock(mutex);
      return seen.size() == count && seen.back() == toggled;
    });
  };
  const DemoBackends backends({"alpha", "beta"}, keyboard.input(),
                              [&](DemoBackends& self, const std::string& line) {
                                const DemoBackends::Toggled toggled = self.toggle(line);
                                const std::lock_guard lock(mutex);
                                seen.push_back(toggled);
                              });
  Peer client = Peer::connect(address_of(backends, 0));
  client.send("hi\n");
  EXPECT_EQ(line_from(client), "alpha: hi\n");

  keyboard.type("al");
  keyboard.type("pha\n");
  ASSERT_TRUE(last(1, DemoBackends::Toggled::stopped));
  EXPECT_EQ(client.wait_for_end(), test::End::rst);
  EXPECT_EQ(test::connect_error(address_of(backends, 0)), ECONNREFUSED);
  EXPECT_EQ(test::connect_error(address_of(backends, 1)), 0);

  keyboard.type("alpha\nnobody\n");
  ASSERT_TRUE(last(3, DemoBackends::Toggled::unknown_name));
  EXPECT_EQ(seen[1], DemoBackends::Toggled::started);
  EXPECT_EQ(test::connect_error(address_of(backends, 0)), 0);
}

TEST(DemoBackends, GoOnWhenTheInputEnds) {
  Keyboard keyboard;
  const DemoBackends backends({"alpha"}, keyboard.input(),
                              [](DemoBackends&, const std::string&) {});
  keyboard.end();
  Peer client = Peer::connect(address_of(backends, 0));
  client.send("hi\n");
  EXPECT_EQ(line_from(client), "alpha: hi\n");
}

TEST(Demo, ItsConfigurationIsGood) {
  const config::Loaded loaded =
      config::load_text(demo_config({}), "demo", [](std::string_view) { return std::nullopt; });
  for (const config::Problem& problem : loaded.problems) ADD_FAILURE() << problem.text();
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->listeners.size(), 2u);
  ASSERT_EQ(loaded.config->services.size(), 2u);
  EXPECT_EQ(loaded.config->services[0].balance.policy, config::Policy::least_connections);
  EXPECT_EQ(loaded.config->services[1].balance.policy, config::Policy::hash);
  EXPECT_EQ(loaded.config->registry.store.type, config::StoreType::memory) << "leaves no file";
}

const std::vector<DemoBackends::Address> kBackends = {{"alpha", 1}, {"beta", 2}, {"gamma", 3}};

TEST(Demo, SaysWhatToType) {
  const std::string text = demo_instructions("./sluice", {}, {}, kBackends);
  EXPECT_THAT(text, HasSubstr("curl http://127.0.0.1:8080/"));
  EXPECT_THAT(text, HasSubstr("  ./sluice services\n"));
  EXPECT_THAT(text,
              HasSubstr("http://127.0.0.1:9901/v1/services/spread/instances/alpha/heartbeat"));
  EXPECT_THAT(text, HasSubstr("alpha, beta or gamma"));
  EXPECT_THAT(text, Not(HasSubstr("is taken")));
}

TEST(Demo, SaysWhichPortsItHadToChange) {
  const DemoBinds moved{"127.0.0.1:0", "127.0.0.1:8081", "127.0.0.1:0"};
  const DemoBinds open{"127.0.0.1:4001", "127.0.0.1:8081", "127.0.0.1:4003"};
  const std::string text = demo_instructions("./sluice", moved, open, kBackends);
  EXPECT_THAT(text, HasSubstr("127.0.0.1:4001 is used, as the usual port is taken"));
  EXPECT_THAT(text, HasSubstr("  ./sluice --admin 127.0.0.1:4003 services\n"));
  EXPECT_THAT(text, Not(HasSubstr("8081 is used")));
}

TEST(Demo, SpeaksOnceTheListenersAreOpenAndItsBackendsHaveHadTheirTurn) {
  const test::DeadEnd nobody;
  std::ostringstream out;
  const int code = run_demo("./sluice", DemoBinds{}, -1, out, [&](ServerOptions options) {
    EXPECT_TRUE(options.load().config);
    EXPECT_EQ(out.str(), "");
    options.on_ready(nobody.address(), {"127.0.0.1:4001", "127.0.0.1:4002"});
    return 7;
  });
  EXPECT_EQ(code, 7);
  EXPECT_THAT(out.str(), HasSubstr("curl http://127.0.0.1:4001/"));
}

}  // namespace
}  // namespace sluice::cli
