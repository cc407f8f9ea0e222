// The watch as server-sent events (WHATWG HTML, 9.2 "Server-sent events"). Pure; any thread.
//
//   event: snapshot                                event: change
//   id: EPOCH-INDEX                                id: EPOCH-INDEX
//   data: {"index","epoch","services":[...]}       data: {"index","time","kind",...,"instance":{}}
//
// A client that comes back says the id of the last event that it has seen (a browser by itself, in
// Last-Event-ID), and is told what came after it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/selector.h"
#include "proxy/admin/journal.h"
#include "registry/snapshot.h"

namespace sluice::admin {

// What a client watches.
struct Subject {
  std::string service;  // "": all
  config::Selector selector;
};

// What a client ignores and a middlebox takes for a sign of life.
inline constexpr std::string_view kComment = ":\n\n";

std::string snapshot_event(const registry::Snapshot& snapshot, const Subject& subject,
                           std::uint64_t now_ms);
std::string change_event(std::string_view epoch, const registry::Change& change,
                         std::uint64_t now_ms);

// What this step is to those who choose by labels: `added` where an instance's new labels bring it
// in, `removed` where they take it out, else the change's own kind; nothing if it was not chosen
// before and is not now.
std::optional<registry::Change::Kind> kind_for(const config::Selector& selector, const Step& step);

// The index in an id of ours, "EPOCH-INDEX". Nothing if it is none, or of another epoch.
std::optional<std::uint64_t> index_in(std::string_view last_event_id, std::string_view epoch);

}  // namespace sluice::admin
