// The bytes of a stream of events, behind one byte that says how they are cut on their way and how
// little is allowed.
#include "proxy/client/event_reader.h"

#include <algorithm>
#include <ranges>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace sluice::fuzz::event_reader_target {

using namespace sluice::client;

namespace {

struct Reading {
  std::vector<ServerEvent> events;
  bool is_taken = true;
  friend bool operator==(const Reading&, const Reading&) = default;
};

// In pieces of `step` bytes.
Reading read(std::string_view bytes, std::size_t step, std::size_t max_event) {
  Reading reading;
  EventReader reader([&](const ServerEvent& event) { reading.events.push_back(event); }, max_event);
  while (reading.is_taken && !bytes.empty()) {
    reading.is_taken = reader.feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
  return reading;
}

std::string written(const std::vector<ServerEvent>& events) {
  std::string out;
  for (const ServerEvent& event : events) {
    out += "event: " + event.kind + "\r\nid: " + event.id + "\r\ndata: ";
    for (const char c : event.data) out += c == '\n' ? "\r\ndata: " : std::string(1, c);
    out += "\r\n\r\n";
  }
  return out;
}

void require_within(const Reading& reading, const Reading& whole, std::size_t max_event) {
  require(reading.events.size() <= whole.events.size() &&
              std::ranges::equal(reading.events,
                                 whole.events | std::views::take(reading.events.size())),
          "a bound ends the events and changes none");
  require(!reading.is_taken || reading == whole, "what is within the bound is all there");
  for (const ServerEvent& event : reading.events) {
    const std::size_t longest = std::max({event.kind.size(), event.id.size(), event.data.size()});
    require(longest <= max_event || event.kind == "message", "no event is larger than allowed");
  }
}

}  // namespace

SLUICE_FUZZ_TARGET(event_reader) {
  if (size == 0) return 0;
  const std::size_t step = 2 + (data[0] & 0x0f);
  const std::size_t max_event = 1 + (data[0] >> 4) * 4;
  const std::string_view bytes = text_of(data + 1, size - 1);

  const Reading whole = read(bytes, bytes.size(), EventReader::kMaxEvent);
  const Reading bounded = read(bytes, bytes.size(), max_event);
  require(whole.is_taken, "so little is always taken");
  require_within(bounded, whole, max_event);
  for (const std::size_t each : {std::size_t{1}, step}) {
    require(read(bytes, each, EventReader::kMaxEvent) == whole &&
                read(bytes, each, max_event) == bounded,
            "however the bytes are cut, they say the same");
  }
  for (const ServerEvent& event : whole.events) require(!event.kind.empty(), "an event has a kind");
  const Reading again = read(written(whole.events), 7, EventReader::kMaxEvent);
  require(again == whole, "what is written is read back equal");
  return 0;
}

}  // namespace sluice::fuzz::event_reader_target
