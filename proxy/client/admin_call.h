// A request to the admin API that blocks nobody: AdminClient's, on a loop.
//
// One request at a time. Belongs to the loop's thread; destroying it abandons the request.
#pragma once

#include <functional>

#include "proxy/client/admin_client.h"
#include "proxy/health/transfers.h"

namespace sluice::client {

class AdminCall final : health::Transfer {
 public:
  AdminCall(health::Transfers& transfers, AdminAddress address);
  ~AdminCall();
  AdminCall(const AdminCall&) = delete;
  AdminCall& operator=(const AdminCall&) = delete;

  // Told once, in a later turn, at the latest after `request.within`; may start the next request,
  // or destroy this.
  using Done = std::function<void(Answer)>;
  // Abandons the request before, if it is under way.
  void start(const AdminRequest& request, Done done);
  void abandon();
  bool is_under_way() const { return handle_ != nullptr; }

 private:
  void on_done(CURLcode result) override;
  void on_unwatchable() override {}  // it ends by its time

  health::Transfers& transfers_;
  AdminClient client_;
  CURL* handle_ = nullptr;  // while it is under way
  Done done_;
};

}  // namespace sluice::client
