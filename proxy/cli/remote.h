// The commands that ask a running proxy: one request to its admin API, shown as tables or as it
// came.
#pragma once

#include <iosfwd>
#include <string>

#include "proxy/cli/admin_address.h"

namespace sluice::cli {

// What the command line said about a question to the proxy.
struct Question {
  enum class Kind { status, services, instances, connections, reload } kind = Kind::status;
  std::string service;    // instances: of which service; connections: only of this one, "" for all
  std::string listener;   // connections: only of this listener, "" for all
  std::string instance;   // connections: only to this instance, "" for all
  unsigned limit = 1000;  // connections: at most so many
  bool dry_run = false;   // reload: only show what would change
  bool json = false;      // print the API's JSON as it is, errors included
};

// Returns kOk when the API answered with success, else kFailure after one line on `err` (a refused
// reload: after all the problems of the file). With `json`, whatever the API answered is on `out`.
int ask(const AdminAddress& where, const Question& question, std::ostream& out, std::ostream& err);

}  // namespace sluice::cli
