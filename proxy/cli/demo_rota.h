// The demo's backends as clients of the registry: they register over the API of the demo's own
// server, report, and take turns at leaving.
//
// Every few seconds the next one is drained, deregistered and, a little later, registered again; a
// backend that was stopped (by its name, typed) reports no more, as one that has crashed, and its
// lease runs out.
//
// Owns a thread, from begin() to the destructor; all requests are made on it, one after the other.
// The functions may be called from any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "proxy/cli/demo_backends.h"
#include "proxy/client/admin_client.h"

namespace sluice::cli {

class DemoRota {
 public:
  // Each backend is an instance of each of the services, under its name.
  explicit DemoRota(std::vector<std::string> services);
  ~DemoRota();  // ends the thread, after the request that is under way (2 s at most)
  DemoRota(const DemoRota&) = delete;
  DemoRota& operator=(const DemoRota&) = delete;

  // Registers all at the API that listens on `admin`, and calls `done` on the thread once they are
  // up (or are not, after 3 s). Once only.
  void begin(const std::string& admin, const std::vector<DemoBackends::Address>& backends,
             std::function<void()> done);

  // The backend has stopped, or runs again.
  void set_running(const std::string& name, bool running);

 private:
  enum class Presence { present, draining, away };
  struct Member {
    DemoBackends::Address backend;
    Presence presence = Presence::present;
  };

  void run(client::AdminClient client, const std::function<void()>& done);
  bool pause();  // until the next turn; false: it is over
  void take_turn();
  std::vector<Member> running_members() const;
  bool report_all(client::AdminClient& client);
  bool report(client::AdminClient& client, const std::string& service, const Member& member);
  void leave_all(client::AdminClient& client);

  const std::vector<std::string> services_;
  mutable std::mutex mutex_;
  std::condition_variable woken_;
  // Guarded by mutex_:
  std::vector<Member> members_;
  std::set<std::string> stopped_;
  bool is_over_ = false;
  std::size_t turn_ = 0;
  std::thread thread_;
};

}  // namespace sluice::cli
