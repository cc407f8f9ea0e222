#include "proxy/splits.h"

#include <algorithm>
#include <utility>

#include "proxy/selection.h"

namespace sluice {

using metrics::PartCells;

namespace {

Outcomes outcomes_of(const PartCells& part) {
  Outcomes outcomes;
  for (const metrics::PartSlot& slot : part.all()) {
    outcomes.failed += slot.failed.read();  // first: never more than were given
    outcomes.given += slot.given.read();
  }
  return outcomes;
}

Outcomes outcomes_of(const std::vector<std::shared_ptr<PartCells>>& parts) {
  Outcomes sum;
  for (const auto& part : parts) {
    const Outcomes each = outcomes_of(*part);
    sum.given += each.given;
    sum.failed += each.failed;
  }
  return sum;
}

}  // namespace

void Splits::adopt(const config::Config& config, const registry::Now& now) {
  std::map<std::string, Line> lines;
  for (const config::Listener& listener : config.listeners) {
    if (listener.routes.empty()) continue;
    const auto known = lines_.find(listener.name);
    const bool stays = known != lines_.end() && known->second.routes == listener.routes;
    lines[listener.name] = stays ? std::move(known->second) : begin(listener, now);
    if (stays) lines_.erase(known);
  }
  // What is left is in no split any more, unless it has been taken up again.
  std::vector<Cells> present;
  for (const auto& [name, line] : lines) {
    present.insert(present.end(), line.parts.begin(), line.parts.end());
  }
  for (const auto& [name, line] : lines_) {
    for (const Cells& part : line.parts) {
      if (std::ranges::find(present, part) == present.end()) part->weight = 0;
    }
  }
  lines_ = std::move(lines);
}

Splits::Line Splits::begin(const config::Listener& listener, const registry::Now& now) {
  Line line;
  line.routes = listener.routes;
  for (const config::Route& route : listener.routes) {
    std::vector<Cells> parts;
    for (const config::Part& part : route.split) {
      parts.push_back(metrics_.part(listener.name, route.name, part.name));
      parts.back()->weight = part.weight;
      parts.back()->fuse = PartCells::Fuse::none;
    }
    watch(listener, route, parts, now, line);
    line.parts.insert(line.parts.end(), parts.begin(), parts.end());
  }
  return line;
}

void Splits::watch(const config::Listener& listener, const config::Route& route,
                   const std::vector<Cells>& parts, const registry::Now& now, Line& line) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const config::Part& part = route.split[i];
    if (!part.fuse) continue;
    std::vector<Cells> others = parts;
    std::vector<config::Part> said_of_others = route.split;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    said_of_others.erase(said_of_others.begin() + static_cast<std::ptrdiff_t>(i));
    admin::FuseStatus status;
    status.listener = listener.name;
    status.route = route.name;
    status.part = part.name;
    status.service = part.service;
    status.weight = part.weight;
    line.fuses.push_back({status, *part.fuse, parts[i], std::move(others),
                          std::move(said_of_others), SlidingOutcomes(), SlidingOutcomes()});
    line.fuses.back().begin(now);
  }
}

// As whole, with nothing counted.
void Splits::Watched::begin(const registry::Now& now) {
  status.state = "whole";
  status.since_ms = 0;
  status.why.clear();
  part->weight = status.weight;
  part->fuse = PartCells::Fuse::whole;
  const auto window = static_cast<std::uint64_t>(fuse.window.count());
  own = SlidingOutcomes(window, now.mono_ms, outcomes_of(*part));
  rest = SlidingOutcomes(window, now.mono_ms, outcomes_of(others));
}

// Who would take what the part gives up.
bool Splits::is_somebody_left(const Watched& watched, const registry::Snapshot& snapshot) {
  for (std::size_t i = 0; i < watched.others.size(); ++i) {
    const config::Part& said = watched.said_of_others[i];
    if (watched.others[i]->weight != 0 && has_somebody(snapshot, said.service, said.selector)) {
      return true;
    }
  }
  return false;
}

std::vector<admin::FuseStatus> Splits::look(const registry::Snapshot& snapshot,
                                            const registry::Now& now) {
  std::vector<admin::FuseStatus> changed;
  for (auto& [name, line] : lines_) {
    for (Watched& each : line.fuses) {
      if (each.status.state == "blown") continue;
      const Outcomes own = each.own.slide(now.mono_ms, outcomes_of(*each.part));
      const Outcomes rest = each.rest.slide(now.mono_ms, outcomes_of(each.others));
      if (!has_failed_too_often(each.fuse, own, rest)) continue;
      const bool blows = is_somebody_left(each, snapshot);
      if (!blows && each.status.state == "kept") continue;  // that has been told
      each.status.state = blows ? "blown" : "kept";
      each.status.since_ms = now.wall_ms;
      each.status.why = comparison(each.fuse, own, rest);
      if (blows) {
        each.part->weight = 0;
        each.part->fuse = PartCells::Fuse::blown;
      } else {
        each.status.why += "; no other part could take them, so it goes on";
      }
      changed.push_back(each.status);
    }
  }
  return changed;
}

std::optional<admin::FuseStatus> Splits::reset(const admin::FuseName& name,
                                               const registry::Now& now) {
  const auto line = lines_.find(name.listener);
  if (line == lines_.end()) return std::nullopt;
  for (Watched& each : line->second.fuses) {
    if (each.status.route != name.route || each.status.part != name.part) continue;
    each.begin(now);
    return each.status;
  }
  return std::nullopt;
}

bool Splits::has_fuses() const {
  return std::ranges::any_of(lines_, [](const auto& entry) { return !entry.second.fuses.empty(); });
}

std::vector<admin::FuseStatus> Splits::statuses() const {
  std::vector<admin::FuseStatus> statuses;
  for (const auto& [name, line] : lines_) {
    for (const Watched& each : line.fuses) statuses.push_back(each.status);
  }
  return statuses;
}

}  // namespace sluice
