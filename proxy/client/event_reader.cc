#include "proxy/client/event_reader.h"

#include <utility>

namespace sluice::client {

bool EventReader::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    if (line_.size() + data_.size() > max_event_) return false;
    if (end == std::string_view::npos) return true;
    bytes.remove_prefix(end + 1);
    const std::string line = std::exchange(line_, {});
    read_line(line.ends_with('\r') ? std::string_view(line).substr(0, line.size() - 1) : line);
  }
  return true;
}

void EventReader::read_line(std::string_view line) {
  if (line.empty()) return finish_event();
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "event") kind_ = value;
  if (name == "id") id_ = value;
  if (name == "data") data_.append(value).append("\n");
}

void EventReader::finish_event() {
  std::string kind = std::exchange(kind_, {});
  std::string data = std::exchange(data_, {});
  if (data.empty()) return;
  data.pop_back();
  take_({kind.empty() ? "message" : std::move(kind), id_, std::move(data)});
}

}  // namespace sluice::client
