// Finds out whether instances whose lease has ended are there all the same: by bytes that flow on
// their connections, or by a probe.
//
// Control loop only. Every Doubt is answered once, with vouch() or give_up(), within a few seconds:
// the workers are asked first, all doubts of one batch at a time; who has nothing to show is
// probed, a bounded number at once. Destroying it abandons what is under way.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "proxy/health/tcp_probe.h"
#include "proxy/net/poller.h"
#include "proxy/net/wheel.h"
#include "registry/registry.h"

namespace sluice {

class Inquiry {
 public:
  using Lives = std::vector<std::shared_ptr<registry::Live>>;
  using Busy = std::set<const registry::Live*>;
  // Asks the workers which of the instances had bytes flowing within the last `within_ms`; answers
  // on the control loop, once, or never if the process ends.
  using AskWorkers =
      std::function<void(Lives lives, std::uint64_t within_ms, std::function<void(Busy)> done)>;
  struct Answers {
    std::function<void(const registry::Live&)> vouch;
    std::function<void(const registry::Live&, const std::string& why)> give_up;
  };

  Inquiry(net::Poller& poller, net::Wheel& wheel, AskWorkers ask, Answers answers);
  Inquiry(const Inquiry&) = delete;
  Inquiry& operator=(const Inquiry&) = delete;

  void look_into(const std::vector<registry::Doubt>& doubts);

 private:
  void take_answers(const Lives& lives, const Busy& busy);
  void probe_next();
  void on_probed(const registry::Live& live, const health::Finding& finding);

  net::Poller& poller_;
  net::Wheel& wheel_;
  const AskWorkers ask_;
  const Answers answers_;
  std::deque<std::shared_ptr<registry::Live>> line_;  // to be probed
  struct Probed {
    std::shared_ptr<registry::Live> live;
    std::unique_ptr<health::TcpProbe> probe;
  };
  std::map<const registry::Live*, Probed> probed_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>();
};

}  // namespace sluice
