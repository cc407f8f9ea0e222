// The commands that ask a running proxy: one request to its admin API, shown as tables or as it
// came.
#pragma once

#include <functional>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "proxy/client/admin_address.h"
#include "proxy/client/admin_client.h"

namespace sluice::cli {

// What the command line said about a question to the proxy.
struct Question {
  enum class Kind {
    status,
    services,
    instances,
    checks,
    connections,
    events,
    explain,
    reload
  } kind = Kind::status;
  std::string service;    // instances, checks: of which; else only of this one, "" for all
  std::string listener;   // explain: at which; connections: only of this listener, "" for all
  std::string client;     // explain: an IP address, "" for nobody in particular
  std::string instance;   // checks: of which; connections: only to this instance, "" for all
  unsigned limit = 1000;  // connections, events: at most so many
  bool dry_run = false;   // reload: only show what would change
};

// One request, and how its answer is told to people.
struct Order {
  client::AdminRequest request;
  std::function<void(std::ostream& out, const nlohmann::json& body)> show;
};

Order order_of(const Question& question);

// Returns kOk when the API answered with success, else kFailure after one line on `err` (a refused
// reload: after all the problems of the file). With `as_json`, whatever the API answered is on
// `out` as it came, errors included.
int carry_out(const client::AdminAddress& where, const Order& order, bool as_json,
              std::ostream& out, std::ostream& err);

}  // namespace sluice::cli
