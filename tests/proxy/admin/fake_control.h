// A server for the API's tests, behind the routes.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <utility>

#include "proxy/admin/control.h"

namespace sluice::admin {

// A server that says what the test has put here, and notes what it was asked.
class FakeControl : public Control {
 public:
  static std::shared_ptr<const registry::Instance> instance(const std::string& id) {
    registry::Instance made;
    std::string why;
    made.id = id;
    made.address = *config::Endpoint::parse("10.0.0.1:5432", why);
    made.live = std::make_shared<registry::Live>(registry::Identity{"pg", id, 1, made.address});
    return std::make_shared<const registry::Instance>(std::move(made));
  }

  FakeControl() {
    registry::Service pg;
    pg.name = "pg";
    pg.index = 5;
    pg.instances.put(instance("a"));
    auto made = std::make_shared<registry::Snapshot>();
    made->index = 7;
    made->epoch = "e1";
    made->services.put(std::make_shared<const registry::Service>(std::move(pg)));
    snapshot_ = std::move(made);
  }

  std::shared_ptr<const registry::Snapshot> snapshot() override { return snapshot_; }
  Status status() override {
    Status status;
    status.version = "0.1.0";
    status.phase = phase;
    status.index = 7;
    status.last_reload_error = "bad byte \xff";
    status.workers = {{0, 3, 12, 0.5}};
    status.queues = {{"pg", 5, 1024}};
    return status;
  }
  bool is_ready() override { return phase == "ready"; }
  std::string metrics_text() override {
    ++pages_begun;
    if (is_slow) may_go_on.acquire();
    return "sluice_registry_index 7\n";
  }
  std::shared_ptr<const config::Config> config() override {
    return std::make_shared<const config::Config>();
  }
  std::shared_ptr<const registry::Instance> choose(const std::string& service,
                                                   const config::Selector& selector,
                                                   const std::string& client,
                                                   bool& known) override {
    asked = service + (selector.is_empty() ? "" : " with " + selector.text()) + " for " + client;
    known = service == "pg";
    return known && has_eligible ? instance("a") : nullptr;
  }
  std::optional<Explanation> explain(const std::string& listener,
                                     const std::string& client) override {
    asked = listener + " for " + client;
    if (listener != "front") return std::nullopt;
    Explanation told;
    told.index = 7;
    told.listener = listener;
    told.client = client;
    told.route = "default";
    told.service = "pg";
    told.policy = "hash";
    told.candidates = {{instance("a"), 3, ""}, {instance("b"), 0, "check: refused"}};
    told.winner = "a";
    told.why = "by the hash";
    if (client == "10.6.6.6") {
      told.winner.clear();
      told.refused = "10.6.6.6 lies in access.deny";
    }
    told.notes = {"a PROXY header is required"};
    return told;
  }
  void reload(bool dry_run, std::function<void(ReloadReport)> done) override {
    asked = dry_run ? "reload, dry" : "reload";
    // From another thread, as the control loop does.
    std::thread([this, done = std::move(done)] { done(report); }).join();
  }
  void connections(const ConnectionQuery& query,
                   std::function<void(ConnectionList)> done) override {
    asked = query.service + "|" + query.listener + "|" + query.instance + "|" +
            std::to_string(query.limit);
    Connection one;
    one.id = "0-17";
    one.client = "10.0.0.9:4711";
    one.bytes_up = 1ull << 53;
    done({3, {one}});
  }
  void checks(const std::string& service, const std::string& id,
              std::function<void(std::optional<std::vector<CheckResult>>)> done) override {
    asked = "checks of " + service + "/" + id;
    if (id != "a") return done(std::nullopt);
    done(std::vector<CheckResult>{{1'700'000'000'000, 1'500, ""},
                                  {1'700'000'002'000, 300, "connection refused"}});
  }
  void enroll(registry::Registration said, EnrollWish wish, Answered done) override {
    asked = "register " + said.service + "/" + said.id + " at " + said.address.text() +
            (wish.creates ? ", create" : "") + (wish.wait_applied ? ", applied" : "");
    done(answer);
  }
  void beat(std::string service, std::string id, registry::Beat beat, Answered done) override {
    asked = "beat " + service + "/" + id + " " + std::to_string(beat.weight.value_or(0));
    done(answer);
  }
  void leave(std::string service, std::string id, LeaveWish wish, Answered done) override {
    asked = "leave " + service + "/" + id + " " + std::to_string(wish.incarnation.value_or(0)) +
            " " + std::to_string(wish.drain.value_or(config::Duration(0)).count()) +
            (wish.wait ? " wait" : "");
    done(answer);
  }
  void set_admin(std::string service, std::string id, registry::AdminWish wish,
                 Answered done) override {
    asked = service + "/" + id + " " + std::string(word(wish.admin)) + " " + wish.reason;
    done(answer);
  }
  void reset_fuse(FuseName name, std::function<void(bool)> done) override {
    asked = "reset " + name.listener + "/" + name.route + "/" + name.part;
    done(name.part == "canary");
  }
  void close_connection(const std::string& id, std::function<void(bool)> done) override {
    if (id != "lost") done(id == "0-17");
  }

  // Written between requests only.
  std::string phase = "ready";
  bool has_eligible = true;
  ReloadReport report;
  WriteAnswer answer{{registry::Fault::none, "", 9, instance("a"), true}, "", 3};
  std::string asked;

  std::atomic<bool> is_slow = false;  // metrics_text() takes until the test lets it go on
  std::atomic<int> pages_begun = 0;
  std::counting_semaphore<> may_go_on{0};

 private:
  std::shared_ptr<const registry::Snapshot> snapshot_;
};

}  // namespace sluice::admin
