// Every metric is declared in metrics.cc, and nowhere else. Serves the text that Prometheus
// scrapes.
//
// Counts of the data path live in cells and are summed when text() is called; what an instance is
// comes from the snapshot of that moment; what happens on the control loop is counted here.
// prometheus-cpp's types make the page, our own appender its text.
//
// Series of a listener, route, part of a split or service disappear when nobody holds its cells any
// more, those of an instance when it leaves the snapshot. No label ever holds a client's words or
// address.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/metrics/cells.h"
#include "registry/snapshot.h"

namespace sluice::metrics {

// What text() asks for the figures that it does not hold itself. All are called on any thread, and
// none may be empty; a null snapshot stands for one without services.
struct Sources {
  std::function<std::shared_ptr<const registry::Snapshot>()> snapshot;
  struct Worker {
    std::uint64_t plan_version = 0;
    double loop_lag_seconds = 0;
    double busy_poll_seconds = 0;  // in all
  };
  std::function<std::vector<Worker>()> workers;
  std::function<std::uint64_t()> log_lines_dropped;
  struct Store {
    bool is_well = true;
    std::uint64_t transactions = 0;
    std::uint64_t commits = 0;
    std::uint64_t failures = 0;
  };
  std::function<Store()> store;
  std::string version;
};

// Any thread may call any of these; they lock, and none belongs on the data path. Cells that are
// still held when it is destroyed stay good.
class Metrics {
 public:
  Metrics(std::size_t workers, Sources sources);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The cells of a name; the same ones for as long as somebody holds them.
  std::shared_ptr<ListenerCells> listener(const std::string& listener);
  std::shared_ptr<RouteCells> route(const std::string& listener, const std::string& service);
  std::shared_ptr<ServiceCells> service(const std::string& service);
  std::shared_ptr<PartCells> part(const std::string& listener, const std::string& route,
                                  const std::string& part);

  // Events of the control loop and of the API.
  void checked(const std::string& service, bool success, std::uint64_t duration_us);
  void reloaded(bool ok);
  void instance_added();                   // sluice_registered_services_total
  void instance_removed();                 // sluice_deregistered_services_total
  void registered(std::uint64_t took_us);  // a registration, from the request to its answer
  void routed(std::uint64_t took_us);      // a change of the registry, until all workers go by it
  // A service that the registry does not know is counted under the empty name: asking for made-up
  // ones adds no series.
  void discovery_request(const std::string& service, int status);
  // Forgets names whose cells nobody holds, and what was counted for services that are in the
  // snapshot no more. To be called after a reload and after a change of membership; text() shows no
  // such series anyway.
  void prune();

  std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::metrics
