// `sluice watch [SERVICE]`: every change of the registry, a line each, until it is interrupted.
//
//   2026-11-21T07:06:15Z = web/a: up (ok)                     it was there when the watch began
//   2026-11-21T07:06:15Z + web/b: warming (checking)          it came
//   2026-11-21T07:06:17Z ~ web/b: warming -> up (ok)          it changed
//   2026-11-21T07:06:40Z - web/a: up                          it went
//
// A stream that ends is asked for again, a second later, from the last change that was seen on:
// none is missed, unless the server has forgotten it or restarted, and then everything is told
// anew.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "proxy/client/admin_address.h"
#include "proxy/client/event_reader.h"

namespace sluice::cli {

// Blocks until the API refuses, `out` takes no more, or it cannot be reached at the first attempt;
// returns kFailure then, after one line on `err`. With `as_json`, the data of each event is a line.
int watch(const client::AdminAddress& where, const std::string& service, bool as_json,
          std::ostream& out, std::ostream& err);

// The event in lines for people. Pure.
void show_event(std::ostream& out, const client::ServerEvent& event);

}  // namespace sluice::cli
