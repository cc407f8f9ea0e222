#include "proxy/client/event_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sluice::client {
namespace {

constexpr std::string_view kStream =
    "event: snapshot\nid: e-7\ndata: {\"services\":[]}\n\n"
    ":\n\n"
    "event: change\r\nid: e-8\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\n"
    "data:bare\n\n";

std::vector<std::string> events_of(const std::vector<std::string_view>& pieces) {
  std::vector<std::string> events;
  EventReader reader([&](const ServerEvent& event) {
    events.push_back(event.kind + " " + event.id + " " + event.data);
  });
  for (const std::string_view piece : pieces) EXPECT_TRUE(reader.feed(piece));
  return events;
}

TEST(EventReader, GivesEachEventWhereverTheStreamIsCut) {
  const std::vector<std::string> expected = {"snapshot e-7 {\"services\":[]}",
                                             "change e-8 {\"a\":\n1}", "message e-8 bare"};
  for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
    EXPECT_EQ(events_of({kStream.substr(0, cut), kStream.substr(cut)}), expected) << cut;
  }
}

TEST(EventReader, HoldsBackAnEventWithoutItsEnd) {
  EXPECT_TRUE(events_of({"event: change\ndata: {}\n"}).empty());
}

TEST(EventReader, TakesNoEventThatIsTooLarge) {
  const struct {
    const char* stream;
    bool is_taken;
  } rows[] = {
      {"data: 1234\ndata: 678\ndata: 0\n\n", true},  // 9 bytes of data, and 7 of the line
      {"data: 1234\ndata: 678\ndata: 01\n\n", false},
      {"data: 1234\ndata: 678\n\ndata: 01\n", true},
      {":23456789012345\n:23456789012345\n", true},
      {":234567890123456", true},
      {":2345678901234567", false},
  };
  for (const auto& row : rows) {
    for (const std::size_t step : {1u, 100u}) {
      EventReader reader([](const ServerEvent&) {}, 16);
      bool is_taken = true;
      std::string_view rest = row.stream;
      while (is_taken && !rest.empty()) {
        is_taken = reader.feed(rest.substr(0, step));
        rest.remove_prefix(std::min(step, rest.size()));
      }
      EXPECT_EQ(is_taken, row.is_taken) << row.stream;
    }
  }
}

}  // namespace
}  // namespace sluice::client
