// Who may do what over the admin API: scenario Z01.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <functional>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

namespace fs = std::filesystem;

struct Token {
  std::string secret, line;
};

Token make_token(const std::string& name, const std::string& permission,
                 const std::string& services = "*") {
  const Finished made = run({sluice_binary(), "token", name, "--permission", permission,
                             "--services", services, "--json"});
  const nlohmann::json token = nlohmann::json::parse(made.output);
  return {token.at("secret"), token.at("line")};
}

// A tokens file that a proxy may be told of.
class TokensFile {
 public:
  explicit TokensFile(const std::vector<Token>& tokens) { write(tokens); }

  const std::string& path() const { return path_; }
  std::string key() const { return "tokens_file: \"" + path_ + "\""; }
  void write(const std::vector<Token>& tokens) const {
    std::string text = "# name permission services hash\n";
    for (const Token& token : tokens) text += token.line + "\n";
    write_text(text);
  }
  void write_text(const std::string& text) const {
    write_file(path_, text);
    set_mode(fs::perms::owner_read | fs::perms::owner_write);
  }
  void set_mode(fs::perms mode) const { fs::permissions(path_, mode); }

 private:
  TempDir directory_;
  const std::string path_ = directory_.path("tokens");
};

Headers bearing(const std::string& secret) {
  return {{"Authorization", "Bearer " + secret}, {"Content-Type", "application/json"}};
}

struct Order {
  std::string method, target, body = "";
};

const std::string kBody = R"({"address":"127.0.0.9","port":9,"ttl":"0s","weight":0})";

// Everything that changes something.
const std::vector<Order> kOrders = {
    {"PUT", "/v1/services/s/instances/x", kBody},
    {"POST", "/v1/register", R"({"service":"s","id":"x","address":"127.0.0.9","port":9})"},
    {"PUT", "/v1/services/s/instances/r/heartbeat", R"({"weight":7})"},
    {"PUT", "/v1/services/s/instances/r/heartbeat"},
    {"DELETE", "/v1/services/s/instances/r"},
    {"PUT", "/v1/services/s/instances/r/state", R"({"admin":"maint","reason":"guess"})"},
    {"DELETE", "/v1/connections/0-1"},
    {"POST", "/v1/reload"},
    {"POST", "/v1/reload?dry_run=true", "{}"},
};

class AdminTokens : public testing::Test {
 protected:
  AdminTokens() {
    const Order r{"PUT", "/v1/services/s/instances/r?wait=applied", kBody};
    EXPECT_EQ(order(r, root_).status, 200);
    before_ = state();
  }

  Response order(const Order& order, const Headers& headers) const {
    return sluice_.admin().request(order.method, order.target, order.body, headers);
  }
  Response order(const Order& what, const Token& token) const {
    return order(what, bearing(token.secret));
  }
  Response read(const std::string& target, const Token& token) const {
    return sluice_.admin().get(target, bearing(token.secret));
  }
  // Grows with all that an order could change, but for connections.
  double state() const {
    return read("/v1/status", root_).json().at("index").get<double>() +
           sluice_.metric("sluice_reloads_total");
  }
  void expect_no_effect(const std::string& of) { EXPECT_EQ(state(), before_) << of; }
  // Wrong tokens cost their source; it is to have its tokens back.
  void rest() const { pause_between_looks(10ms); }

  const Token root_ = make_token("root", "admin");
  const Token reader_ = make_token("reader", "read");
  const Token deploy_ = make_token("deploy", "register", "s");
  const Token deploy_web_ = make_token("deploy-web", "register", "web-*");
  const TokensFile file_{{root_, reader_, deploy_, deploy_web_}};
  Backend server_{echo()};
  const Scene scene_{.instances = {server_.address()},
                     .admin = file_.key(),
                     .listeners = {"{bind: \"" + loopback(reserve_port()) + "\", service: web-1}"},
                     .services = {"{name: web-1}"}};
  Sluice sluice_{scene_};
  double before_ = 0;
};

TEST_F(AdminTokens, NothingIsChangedWithoutTheRightOne) {
  Peer client = sluice_.connect();
  ASSERT_TRUE(echoes(client, "is not ended by strangers"));
  const std::string content = "Content-Type: application/json\r\n";
  const std::string huge(1 << 20, 'a');
  const std::vector<std::tuple<std::string, std::string, int>> fields = {
      {"none", "", 401},
      {"an empty one", "Authorization: Bearer \r\n", 400},
      {"a wrong one", "Authorization: Bearer slu_" + std::string(64, '0') + "\r\n", 401},
      {"its beginning", "Authorization: Bearer " + root_.secret.substr(0, 67) + "\r\n", 401},
      {"more than it", "Authorization: Bearer " + root_.secret + "0\r\n", 401},
      {"its hash", "Authorization: Bearer " + root_.line.substr(root_.line.size() - 64) + "\r\n",
       401},
      {"as a password", "Authorization: Basic cm9vdDpyb290\r\n", 401},
      {"a long one", "Authorization: Bearer " + huge.substr(0, 4096) + "\r\n", 401},
      {"an endless one", "Authorization: Bearer " + huge + "\r\n", 431},
      {"one with NUL", "Authorization: Bearer " + root_.secret + std::string("\0a", 2) + "\r\n",
       400},
      {"two", "Authorization: Bearer a\r\nAuthorization: Bearer " + root_.secret + "\r\n", 400},
  };
  for (const Order& each : kOrders) {
    for (const auto& [name, field, status] : fields) {
      rest();
      std::string answers = sluice_.admin().raw(
          each.method + " " + each.target + " HTTP/1.1\r\nConnection: close\r\nHost: " +
          sluice_.admin().address() + "\r\n" + content + field +
          "Content-Length: " + std::to_string(each.body.size()) + "\r\n\r\n" + each.body);
      const Response response = parse_response(answers);
      EXPECT_EQ(response.status, status) << each.target << " with " << name;
      if (status != 401) continue;
      EXPECT_EQ(response.headers.at("www-authenticate"), "Bearer");
      EXPECT_EQ(response.json()["error"]["code"], "unauthorized");
    }
    expect_no_effect(each.target);
  }
  EXPECT_TRUE(echoes(client, "and goes on"));
}

// Who has no token cannot have a megabyte kept either.
TEST_F(AdminTokens, ABodyIsNotReadFromAStranger) {
  std::string answers =
      sluice_.admin().raw("POST /v1/register HTTP/1.1\r\nHost: " + sluice_.admin().address() +
                          "\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{");
  EXPECT_EQ(parse_response(answers).status, 401);
}

TEST_F(AdminTokens, AReaderChangesNothing) {
  for (const Order& each : kOrders) {
    const Response response = order(each, reader_);
    EXPECT_EQ(response.status, 403) << each.target;
    EXPECT_EQ(response.json()["error"]["code"], "forbidden");
    expect_no_effect(each.target);
  }
  for (const char* page :
       {"/v1/status", "/v1/config", "/v1/services", "/v1/services/s", "/v1/services/s/instance",
        "/v1/connections", "/v1/explain?listener=front", "/v1/events", "/v1/watch"}) {
    EXPECT_EQ(order({"HEAD", page}, reader_).status, 200) << page;
    EXPECT_EQ(sluice_.admin().get(page).status, 401) << page;
  }
  for (const char* page : {"/healthz", "/readyz", "/metrics"}) {
    EXPECT_EQ(sluice_.admin().get(page).status, 200) << page;
  }
}

TEST_F(AdminTokens, WhoRegistersOneServiceTouchesNoOther) {
  for (const Order& each : kOrders) {
    EXPECT_EQ(order(each, deploy_web_).status, 403) << each.target;
    expect_no_effect(each.target);
  }
  const Order state{"PUT", "/v1/services/web-1/instances/r/state", R"({"admin":"drain"})"};
  const std::string one = "/v1/services/web-1/instances/r";
  EXPECT_EQ(order({"PUT", one, kBody}, deploy_web_).status, 200);
  EXPECT_EQ(order({"PUT", one + "/heartbeat"}, deploy_web_).status, 200);
  EXPECT_EQ(order(state, deploy_web_).status, 403);
  EXPECT_EQ(order(state, root_).status, 200);
  EXPECT_EQ(order({"DELETE", one}, deploy_web_).status, 200);
  EXPECT_EQ(read("/v1/services/web-1", deploy_web_).status, 200);
  EXPECT_EQ(read("/v1/services/s", deploy_web_).status, 403);
  for (const char* page : {"/v1/connections", "/v1/events", "/v1/watch"}) {
    const auto status = [&](const std::string& query) {
      return order({"HEAD", page + query}, deploy_web_).status;
    };
    EXPECT_EQ(status("?service=web-1"), 200) << page;
    EXPECT_EQ(status("?service=s"), 403) << page;
    EXPECT_EQ(status("?service="), 403) << page;
    EXPECT_EQ(status(""), 403) << page;
  }
  for (const char* page :
       {"/v1/services", "/v1/explain?listener=front", "/v1/config", "/v1/status"}) {
    EXPECT_EQ(read(page, deploy_web_).status, 403) << page;
  }
  EXPECT_EQ(order(kOrders[1], deploy_).status, 200);
}

// Two secrets of one name count at once, so that clients can move from one to the other.
TEST_F(AdminTokens, AReloadChangesSecrets) {
  const Token next = make_token("deploy", "register", "s");
  const auto beat = [&](const Token& token) { return order(kOrders[3], token).status; };
  EXPECT_EQ(beat(next), 401);
  file_.write({root_, deploy_, next});
  EXPECT_EQ(beat(next), 401) << "before a reload";
  EXPECT_EQ(order({"POST", "/v1/reload?dry_run=true"}, root_).status, 200);
  EXPECT_EQ(beat(next), 401) << "after a dry one";
  EXPECT_EQ(order({"POST", "/v1/reload"}, root_).status, 200);
  EXPECT_EQ(beat(deploy_), 200);
  EXPECT_EQ(beat(next), 200);
  file_.write({root_, next});
  sluice_.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return rest(), beat(deploy_) == 401; }));
  EXPECT_EQ(beat(next), 200);
  EXPECT_EQ(read("/v1/services", reader_).status, 401);
}

// What was asked with a token that counts no more is ended, whether it is told of changes or waits.
TEST_F(AdminTokens, AReloadEndsWhatAWithdrawnOneReads) {
  const auto ask = [&](const std::string& target, const Token& token) {
    Peer peer = Peer::connect(sluice_.admin().address());
    peer.send("GET " + target + " HTTP/1.1\r\nHost: " + sluice_.admin().address() +
              "\r\nAuthorization: Bearer " + token.secret + "\r\n\r\n");
    return peer;
  };
  const std::string index = read("/v1/services/s", root_).headers.at("x-sluice-index");
  Peer watch = ask("/v1/watch?service=s", deploy_);
  EXPECT_TRUE(watch.receive(12).ends_with(" 200"));
  Peer waits = ask("/v1/services/s?wait=60s&index=" + index, deploy_);
  Peer watches_on = ask("/v1/watch", reader_);
  EXPECT_TRUE(watches_on.receive(12).ends_with(" 200"));
  EXPECT_TRUE(waits.stays_quiet(50ms));

  file_.write({root_, reader_});
  EXPECT_EQ(order({"POST", "/v1/reload"}, root_).status, 200);
  EXPECT_NE(watch.wait_for_end(), End::open);
  EXPECT_TRUE(waits.receive(12).ends_with(" 401"));
  EXPECT_EQ(read("/v1/watch?service=s", deploy_).status, 401);
  ASSERT_EQ(order({"DELETE", "/v1/services/s/instances/r"}, root_).status, 200);
  std::string told;
  while (told.find("\"kind\":\"removed\"") == std::string::npos) {
    const std::string byte = watches_on.receive(1);
    if (byte.empty()) break;
    told += byte;
  }
  EXPECT_TRUE(told.ends_with("\"removed\"")) << told;
}

TEST_F(AdminTokens, ABadFileOfThemChangesNothing) {
  const auto refused = [&] {
    const Response response = order({"POST", "/v1/reload"}, root_);
    EXPECT_EQ(response.status, 400) << response.body;
    return response.json()["problems"];
  };
  file_.write_text(root_.line + "\ndeploy write s sha256:0\nroot\n");
  const nlohmann::json problems = refused();
  ASSERT_EQ(problems.size(), 3u) << problems;
  EXPECT_EQ(problems[0]["file"], file_.path());
  EXPECT_EQ(problems[0]["line"], 2);
  EXPECT_EQ(problems[2]["line"], 3);
  EXPECT_EQ(order(kOrders[3], deploy_).status, 200);

  file_.write({root_});
  file_.set_mode(fs::perms::owner_read | fs::perms::group_read);
  EXPECT_EQ(refused()[0]["message"],
            "is open to others than its owner (mode 0440); run chmod 600 on it");
  fs::remove(file_.path());
  EXPECT_EQ(refused()[0]["message"], "cannot be read: No such file or directory");
  EXPECT_EQ(order(kOrders[3], deploy_).status, 200);
  EXPECT_EQ(sluice_.metric("sluice_reloads_total", {{"result", "success"}}), 0);
}

TEST_F(AdminTokens, NoSecretIsEverShown) {
  const std::string guess = "slu_" + std::string(60, 'e') + "cafe";
  order(kOrders[0], bearing(guess));
  order({"PUT", "/v1/services/s/instances/x", "{"}, root_);
  file_.write_text(root_.line + "\n" + root_.secret + "\n");
  EXPECT_EQ(order({"POST", "/v1/reload"}, root_).status, 400);
  sluice_.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return sluice_.log("reload refused").size() == 2; }));
  std::string shown = sluice_.errors() + sluice_.admin().get("/metrics").body;
  for (const char* page : {"/v1/config", "/v1/status", "/v1/services"}) {
    shown += read(page, root_).body;
  }
  const std::string hash = root_.line.substr(root_.line.find("sha256:") + 7);
  for (const std::string& secret : {guess, root_.secret, hash, root_.secret.substr(4)}) {
    EXPECT_EQ(shown.find(secret), std::string::npos);
  }
}

// Who guesses is held back, and nobody else.
TEST_F(AdminTokens, GuessingIsSlow) {
  const std::string head =
      "POST /v1/reload HTTP/1.1\r\nHost: " + sluice_.admin().address() + "\r\n";
  std::string guesses;
  for (int i = 0; i < 200; ++i)
    guesses += head + "Authorization: Bearer slu_" + std::to_string(i) + "\r\n\r\n";
  guesses += head + "Connection: close\r\nAuthorization: Bearer slu_\r\n\r\n";
  std::string answers = sluice_.admin().raw(guesses);
  int unknown = 0, slowed = 0;
  for (Response each = parse_response(answers); each.status != 0; each = parse_response(answers)) {
    if (each.status == 401) ++unknown;
    if (each.status != 429) continue;
    ++slowed;
    EXPECT_EQ(each.headers.at("retry-after"), "1");
    EXPECT_EQ(each.json()["error"]["code"], "too_many_requests");
  }
  EXPECT_EQ(unknown + slowed, 201);
  EXPECT_GE(unknown, 10);
  if (!kSanitized) {  // else two guesses may come further apart than the bucket needs to fill
    EXPECT_GT(slowed, 0);
  }
  rest();
  expect_no_effect("guessing");
  EXPECT_EQ(read("/v1/status", root_).status, 200);
}

// The API off loopback takes tokens, and its own address for a Host.
TEST(AdminOffLoopback, NeedsTokens) {
  const Token root = make_token("root", "admin");
  const TokensFile file({root});
  const std::uint16_t port = reserve_port();
  const TempDir directory;
  const std::string config = directory.path("sluice.yaml"), errors = directory.path("stderr");
  const auto start = [&](const std::string& tokens) {
    write_file(config, "registry: {store: {type: memory}}\nadmin: {bind: \"0.0.0.0:" +
                           std::to_string(port) + "\"" + tokens +
                           "}\nlisteners: [{bind: \"127.0.0.1:" + std::to_string(reserve_port()) +
                           "\", service: s}]\nservices: [{name: s}]\n");
    fs::remove(errors);
    return std::make_unique<Process>(
        Command{.arguments = {sluice_binary(), "run", config}, .errors = errors});
  };
  const auto refusal = [&](const std::string& tokens) {
    EXPECT_EQ(start(tokens)->wait(), (ExitStatus{.code = 1}));
    return read_file(errors);
  };
  const std::string bind = "0.0.0.0:" + std::to_string(port);
  EXPECT_NE(refusal("").find("admin.bind: error: " + bind + " is not loopback"), std::string::npos);
  file.write({});
  EXPECT_EQ(refusal(", " + file.key()),
            file.path() + ": error: holds no token, but the API is open to the network at " + bind +
                "\n");
  file.write_text(root.line + "\n");
  file.set_mode(fs::perms::owner_read | fs::perms::owner_write | fs::perms::others_read);
  EXPECT_EQ(refusal(", " + file.key()),
            file.path() +
                ": error: is open to others than its owner (mode 0604); run chmod 600 on "
                "it\n");

  file.write({root});
  const auto process = start(", " + file.key());
  const Admin admin("127.0.0.2:" + std::to_string(port));
  ASSERT_TRUE(eventually([&] { return connect_error(admin.address()) == 0; }));
  EXPECT_TRUE(eventually([&] { return admin.get("/readyz").status == 200; }));
  EXPECT_EQ(admin.get("/v1/status").status, 401);
  EXPECT_EQ(admin.get("/v1/status", bearing(root.secret)).status, 200);
  Headers foreign = bearing(root.secret);
  foreign.emplace_back("Host", "192.0.2.1");
  EXPECT_EQ(admin.get("/v1/status", foreign).status, 403);

  // Its socket stays what it is until a restart, so its tokens cannot go before.
  write_file(config, "registry: {store: {type: memory}}\nlisteners: [{bind: \"127.0.0.1:" +
                         std::to_string(reserve_port()) +
                         "\", service: s}]\nservices: [{name: s}]\n");
  const Response response = admin.post("/v1/reload", "", bearing(root.secret));
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.body.find("open to the network until a restart"), std::string::npos);
  EXPECT_EQ(admin.get("/v1/status").status, 401);
  process->signal(SIGTERM);
  EXPECT_EQ(process->wait(), ExitStatus{});
}

// Z02 holds for whoever has a token as well.
TEST_F(AdminTokens, AForeignPageIsRefusedWhateverItKnows) {
  Headers foreign = bearing(root_.secret);
  foreign.emplace_back("Origin", "https://evil.example");
  EXPECT_EQ(order({"POST", "/v1/reload"}, foreign).status, 403);
  const Headers text = {{"Authorization", "Bearer " + root_.secret},
                        {"Content-Type", "text/plain"}};
  EXPECT_EQ(order({"POST", "/v1/reload", "{}"}, text).status, 415);
  const Response get = read("/v1/reload", root_);
  EXPECT_EQ(get.status, 405);
  EXPECT_FALSE(get.headers.contains("access-control-allow-origin"));
  expect_no_effect("foreign pages");
}

TEST_F(AdminTokens, TheCommandLineTakesOneFromItsEnvironment) {
  const auto status = [&](const std::string& secret) {
    const std::string output = sluice_.path("status");
    Process process(
        Command{.arguments = {sluice_binary(), "--admin", sluice_.admin().address(), "status"},
                .environment = {{"SLUICE_TOKEN", secret}},
                .output = output,
                .errors = output});
    EXPECT_TRUE(process.wait());
    return read_file(output);
  };
  EXPECT_NE(status(root_.secret).find("ready"), std::string::npos);
  EXPECT_NE(status("slu_").find("the token is not known"), std::string::npos);
}

}  // namespace
}  // namespace sluice::test
