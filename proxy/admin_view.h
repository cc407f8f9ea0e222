// What the admin API sees of the server: published values at once, everything else by way of the
// control loop and the workers. snapshot(), metrics_text(), config() and explain() may be used
// on any thread, the rest on the admin thread only; the answers come from other threads.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "proxy/admin/control.h"
#include "proxy/balance/cursor.h"
#include "proxy/control.h"
#include "proxy/explain.h"
#include "proxy/selection.h"

namespace sluice {

class AdminView final : public admin::Control {
 public:
  explicit AdminView(sluice::Control& control) : control_(control) {}

  std::shared_ptr<const registry::Snapshot> snapshot() override;
  std::string metrics_text() override;
  std::shared_ptr<const config::Config> config() override;
  admin::Status status() override;
  bool is_ready() override;
  std::shared_ptr<const registry::Instance> choose(const std::string& service,
                                                   const config::Selector& selector,
                                                   const std::string& client, bool& known) override;
  std::optional<admin::Explanation> explain(const std::string& listener,
                                            const std::string& client) override;
  void reload(bool dry_run, std::function<void(admin::ReloadReport)> done) override;
  void connections(const admin::ConnectionQuery& query,
                   std::function<void(admin::ConnectionList)> done) override;
  void checks(const std::string& service, const std::string& id,
              std::function<void(std::optional<std::vector<admin::CheckResult>>)> done) override;
  void enroll(registry::Registration registration, admin::EnrollWish wish,
              admin::Answered done) override;
  void beat(std::string service, std::string id, registry::Beat beat,
            admin::Answered done) override;
  void leave(std::string service, std::string id, admin::LeaveWish wish,
             admin::Answered done) override;
  void set_admin(std::string service, std::string id, registry::AdminWish wish,
                 admin::Answered done) override;
  void reset_fuse(admin::FuseName name, std::function<void(bool found)> done) override;
  void close_connection(const std::string& id, std::function<void(bool found)> done) override;

 private:
  sluice::Control& control_;
  balance::Pick pick(const registry::Service& service, const config::Selector& selector,
                     const std::string& client);
  void announce_room(const std::string& service) const;
  Crowd crowd(const std::string& service) const;

  std::map<std::string, balance::Cursor> cursors_;  // by the plan's keys; the admin thread's
  Selections selections_;                           // likewise
};

}  // namespace sluice
