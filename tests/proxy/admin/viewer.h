// A watcher's client in a test's hand: a stream without a socket, the events in what was sent, and
// the picture of the registry that a client makes of them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "proxy/admin/stream.h"
#include "registry/snapshot.h"

namespace sluice::admin {

// What a stream was given, and how much of it the client has not taken. One thread.
struct Tape {
  std::string text;
  std::vector<const std::string*> blocks;  // where each block's bytes are
  std::size_t backlog = 0;
  bool takes_nothing = false;
  bool awaits_drain = false;
  bool is_ended = false;
};

class TapeStream final : public Stream {
 public:
  explicit TapeStream(std::shared_ptr<Tape> tape) : tape_(std::move(tape)) {}
  ~TapeStream() override { tape_->is_ended = true; }
  void write(Bytes bytes) override {
    tape_->text += *bytes;
    tape_->blocks.push_back(bytes.get());
    if (tape_->takes_nothing) tape_->backlog += bytes->size();
  }
  std::size_t backlog() const override { return tape_->backlog; }
  bool await_drain() override {
    if (tape_->backlog > 0) tape_->awaits_drain = true;
    return tape_->backlog > 0;
  }

 private:
  const std::shared_ptr<Tape> tape_;
};

struct SentEvent {
  std::string kind, id;
  nlohmann::json data;
};

// Takes the whole events off the front of `text`; comments go.
inline std::vector<SentEvent> take_events(std::string& text) {
  std::vector<SentEvent> events;
  for (auto end = text.find("\n\n"); end != text.npos; end = text.find("\n\n")) {
    SentEvent event;
    std::string block = text.substr(0, end + 1);
    text.erase(0, end + 2);
    while (!block.empty()) {
      const std::string line = block.substr(0, block.find('\n'));
      block.erase(0, line.size() + 1);
      if (line.starts_with("event: ")) event.kind = line.substr(7);
      if (line.starts_with("id: ")) event.id = line.substr(4);
      if (line.starts_with("data: ")) event.data = nlohmann::json::parse(line.substr(6));
    }
    if (!event.kind.empty()) events.push_back(std::move(event));
  }
  return events;
}

// What a client believes: an instance's JSON by service and id. Expects what every client may.
class Picture {
 public:
  using Key = std::pair<std::string, std::string>;

  // Knows the changes up to this index, but here nobody has kept what they were.
  void go_on_from(std::uint64_t index) {
    index_ = index;
    knows_all_ = false;
  }

  void take(const SentEvent& event) {
    const std::uint64_t index = event.data["index"];
    EXPECT_TRUE(event.id.ends_with("-" + std::to_string(index))) << event.id;
    if (event.kind == "snapshot") {
      EXPECT_GE(index, index_) << "the past";
      ++snapshots_;
      knows_all_ = true;
      instances_.clear();
      for (const auto& service : event.data["services"]) {
        for (const auto& one : service["instances"]) {
          instances_[{service["service"], one["id"]}] = one;
        }
      }
    } else {
      EXPECT_GT(index, index_) << "twice, or out of order";
      change(event.data);
    }
    index_ = index;
  }

  const std::map<Key, nlohmann::json>& instances() const { return instances_; }
  std::uint64_t index() const { return index_; }
  int snapshots() const { return snapshots_; }
  const std::vector<std::uint64_t>& changes() const { return changes_; }  // indices

 private:
  void change(const nlohmann::json& data) {
    const Key key{data["service"], data["id"]};
    const std::string kind = data["kind"];
    if (knows_all_) {
      EXPECT_EQ(instances_.contains(key), kind != "added") << kind << " " << key.second;
    }
    if (kind == "removed") {
      instances_.erase(key);
    } else {
      instances_[key] = data["instance"];
    }
    changes_.push_back(data["index"]);
  }

  std::map<Key, nlohmann::json> instances_;
  std::uint64_t index_ = 0;
  bool knows_all_ = true;
  int snapshots_ = 0;
  std::vector<std::uint64_t> changes_;
};

}  // namespace sluice::admin
