#include "proxy/client/event_reader.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace sluice::client
