// What may be asked of the registry, as parameters of a request, and the answers to reads. Pure;
// any thread.
//
// A read with `index` blocks until something newer than it is there. Of one service that is the
// service's index, of all the registry's; an index of the registry will do for a service as well,
// since its changes are counted by it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "proxy/admin/event_stream.h"
#include "proxy/admin/http.h"
#include "proxy/admin/journal.h"
#include "registry/api.h"

namespace sluice::admin {

// GET /v1/services, GET /v1/services/{s}
struct Read {
  std::string service;  // "": all
  registry::Filter filter;
  std::optional<std::uint64_t> index;           // none: answered at once
  std::optional<config::Duration> wait;         // none: watch.default_wait
  std::string epoch;                            // of the index; "": not said
  std::shared_ptr<const access::Token> caller;  // whose read it is; null: nobody's (http.h)
};

// GET /v1/watch
struct Watching {
  Subject subject;
  std::optional<std::uint64_t> since;
  std::string epoch;          // of `since`; "": not said
  std::string last_event_id;  // goes before `since`, being the younger one of the two
  std::shared_ptr<const access::Token> caller;  // as in Read
};

// GET /v1/events
struct Looking {
  static constexpr std::size_t kMost = 100'000;
  std::optional<Position> since;  // the first `limit` after it; none: the last `limit`
  std::string service;            // "": all, and notes
  std::size_t limit = 1000;
};

// Each reads its parameters; nothing, and in `wrong` why, if they cannot be understood.
std::optional<Read> parse_read(const Request& request, const std::string& service,
                               std::string& wrong);
std::optional<Watching> parse_watching(const Request& request, std::string& wrong);
std::optional<Looking> parse_looking(const Request& request, std::string& wrong);
// ?selector=; without one that holds for all.
std::optional<config::Selector> parse_selector(const Request& request, std::string& wrong);

// Whether a read has nothing to wait for: it names no index, one that has been passed, or one that
// is none of this registry (another epoch, or greater than the registry's: it has restarted), or
// there is no such service.
bool is_due(const registry::Snapshot& snapshot, const Read& read);

// The index by which a read of this service waits; of all if "". Nothing: there is no such service.
std::optional<std::uint64_t> index_of(const registry::Snapshot& snapshot,
                                      const std::string& service);

// Where a watch may go on; nothing: it begins with a snapshot.
std::optional<std::uint64_t> resumes_at(const Watching& watching, std::string_view epoch);

// X-Sluice-Index and X-Sluice-Epoch.
Reply with_version(Reply reply, std::uint64_t index, const std::string& epoch);

// With X-Sluice-Index that of the service, or of the registry, also if there is no such service
// (404).
Reply answer(const registry::Snapshot& snapshot, const Read& read, std::uint64_t now_ms);
Reply no_such_service(const registry::Snapshot& snapshot, const std::string& service);

// {"index", "epoch", "oldest", "next", "truncated", "events": [...]}. `next` is what to ask for
// `since` to be told what comes after these; `oldest` the place of the oldest event that is
// remembered, or null. `truncated`: of what came after `since`, some is forgotten (or the registry
// has restarted). An event is {"at", "index", "time", "kind", ...}: of an instance as in a change,
// with its address, else with "text".
std::string events_json(const Journal& journal, const Looking& looking,
                        const registry::Snapshot& snapshot);

}  // namespace sluice::admin
