// Makes plans from a configuration and a snapshot of the registry. Control loop only.
//
// What did not change between two plans is the same object in both: balancers (with their rings and
// tables), routes, sockets, cells. A change of health builds nothing at all, and what the snapshot
// shares with the one before is not looked at: a plan costs what has changed, and a pointer or two
// for each listener.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "proxy/metrics/metrics.h"
#include "proxy/plan.h"
#include "proxy/session/fork.h"
#include "registry/snapshot.h"

namespace sluice {

// The sockets of every bind of a configuration.
using SocketSet = std::map<config::Endpoint, std::shared_ptr<net::ListenSocket>>;

// From the beginning of a plan that took so long until the next may begin: 5 ms, so that a thousand
// registrations a second are two hundred plans; and twice what it took, 100 ms at most, so that
// many changes of large services leave the control loop time for whoever asks. Verdicts do not wait
// for a plan.
std::uint64_t plan_period_ms(std::uint64_t took_us);

class Planner {
 public:
  Planner(std::size_t workers, metrics::Metrics& metrics);

  // Binds what `config` asks for and is not bound yet, changing nothing else; throws
  // std::runtime_error if any bind fails, and then none is left bound.
  SocketSet bind(const config::Config& config) const;
  // Opens them to clients, with the backlog and options of their listeners. Throws like bind().
  static void listen(const SocketSet& sockets, const config::Config& config);
  // Takes over the sockets of bind(); those that are in it no more go with the plans that hold
  // them.
  // To be called for every new configuration: the next plan is made afresh.
  void adopt(SocketSet sockets);
  const SocketSet& sockets() const { return sockets_; }

  // Requires: `config` is that of the last plan, and where it was then, or adopt() was called.
  std::shared_ptr<const Plan> plan(const config::Config& config,
                                   const registry::Snapshot& snapshot);
  // A plan without listeners, for the end.
  std::shared_ptr<const Plan> drain_plan(const Plan& last, DrainPlan drain);

  void condemned() { ++sweep_; }  // the next plan has the workers look for what was condemned
  // Listeners that the last plan had and `config` has no more; their connections go on until told
  // otherwise.
  std::vector<std::shared_ptr<session::ListenerLife>> lives_not_in(
      const config::Config& config) const;
  // Of every bind, in the order of the configuration, with real ports.
  std::vector<std::string> addresses(const config::Config& config) const;

 private:
  struct Built {
    std::uint64_t topology = 0;
    config::Balance balance;
    std::string zone;  // that is preferred
    config::ProxyAnnouncement introduction;
    std::shared_ptr<const session::Upstream> upstream;
  };
  struct Line {  // of a listener
    config::Listener config;
    std::shared_ptr<session::ListenerLife> life;
    std::shared_ptr<session::Turnstile> turnstile;
    std::shared_ptr<const session::Route> route;
    // By route and part, of `config`; of a listener without routes the same as `route`.
    std::map<std::pair<std::string, std::string>, std::shared_ptr<const session::Route>> ways;
  };
  struct Use {  // of a service
    const config::Service* service = nullptr;
    std::set<std::size_t> listeners;  // by their places
  };
  void begin_afresh(const config::Config& config, Plan& plan);
  void follow(const config::Config& config, const registry::Snapshot& snapshot, const Use& use,
              Plan& plan);
  std::shared_ptr<session::Line> queue_of(const std::string& service);
  std::shared_ptr<const session::Upstream> upstream(const config::Config& config,
                                                    const config::Service& service,
                                                    const std::string& selector,
                                                    const registry::Snapshot& snapshot);
  std::shared_ptr<const session::Route> route(const config::Config& config,
                                              const config::Listener& listener, const Plan& plan);
  std::shared_ptr<const session::Route> entrance(const config::Config& config, Line& line,
                                                 const Plan& plan);
  std::shared_ptr<const session::Route> way(const config::Config& config, Line& line,
                                            const std::string& route, const std::string& part,
                                            const config::Target& target, const Plan& plan);
  std::shared_ptr<session::Route> begin_route(const Line& line);

  const std::size_t workers_;
  metrics::Metrics& metrics_;
  const std::shared_ptr<const session::Upstream> nobody_;  // where entrances lead
  SocketSet sockets_;
  std::map<config::Endpoint, std::weak_ptr<net::ListenSocket>>
      leaving_;  // let go, perhaps not closed yet
  std::map<std::string, Built> upstreams_;
  std::map<std::string, std::weak_ptr<session::Line>> queues_;  // by service
  std::map<std::string, Line> lines_;
  std::map<std::string, Use> uses_;   // by service, of the last plan's configuration
  std::shared_ptr<const Plan> last_;  // null: the next one is made afresh
  registry::Services seen_;           // by the last plan
  std::uint64_t version_ = 0;
  std::uint64_t sweep_ = 0;
};

}  // namespace sluice
