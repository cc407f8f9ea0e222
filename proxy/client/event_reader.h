// Server-sent events out of a stream of bytes (WHATWG HTML, 9.2.6), as far as our own API sends
// them: fields `event`, `id` and `data`, lines that end in "\n" or "\r\n", comments. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::client {

struct ServerEvent {
  std::string kind;  // "message" if the stream does not say
  std::string id;    // of the last event that had one
  std::string data;
  friend bool operator==(const ServerEvent&, const ServerEvent&) = default;
};

class EventReader {
 public:
  static constexpr std::size_t kMaxEvent = 256u << 20;

  using Take = std::function<void(const ServerEvent&)>;
  explicit EventReader(Take take, std::size_t max_event = kMaxEvent)
      : take_(std::move(take)), max_event_(max_event) {}

  // Takes the next bytes, wherever they were cut, and gives each event that is complete. False: an
  // event, its data and the line that comes, is larger than `max_event`, and nothing more is to be
  // fed.
  bool feed(std::string_view bytes);

 private:
  void read_line(std::string_view line);
  void finish_event();

  const Take take_;
  const std::size_t max_event_;
  std::string line_;  // without its end so far
  std::string kind_;
  std::string id_;
  std::string data_;
};

}  // namespace sluice::client
