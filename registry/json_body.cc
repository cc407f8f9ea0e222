#include "registry/json_body.h"

#include <set>
#include <stdexcept>
#include <vector>

#include "config/printable.h"
#include "config/utf8.h"

namespace sluice::registry {

namespace {

using nlohmann::json;

constexpr std::size_t kLongestReason = 200;  // the parser quotes all that it was reading

// Follows the parser's events and throws at the first that goes too far.
class Guard {
 public:
  void on_event(json::parse_event_t event, const json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
      case json::parse_event_t::array_start:
        if (open_.size() == kMaxJsonDepth) throw std::runtime_error("it is nested too deeply");
        open_.emplace_back();
        break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end:
        open_.pop_back();
        break;
      case json::parse_event_t::key:
        if (!open_.back().insert(parsed.get_ref<const std::string&>()).second) {
          throw std::runtime_error("a key is given twice");
        }
        break;
      case json::parse_event_t::value:
        break;
    }
  }

 private:
  std::vector<std::set<std::string>> open_;  // keys of each object that we are in
};

std::string short_line(std::string_view reason) {
  const std::string_view shown = config::cut_utf8(reason, kLongestReason);
  return config::one_line(shown) + (shown.size() < reason.size() ? "..." : "");
}

}  // namespace

std::optional<json> read_json(std::string_view text, std::string& why) {
  if (text.find('\0') != text.npos) {  // which the parser takes for the end
    why = "the body is no valid JSON: it holds a NUL";
    return std::nullopt;
  }
  Guard guard;
  const auto watch = [&guard](int, json::parse_event_t event, json& parsed) {
    guard.on_event(event, parsed);
    return true;
  };
  try {
    return json::parse(text, watch);
  } catch (const json::exception& invalid) {
    why = "the body is no valid JSON: " + short_line(invalid.what());
  } catch (const std::runtime_error& too_far) {
    why = std::string("the body is refused: ") + too_far.what();
  }
  return std::nullopt;
}

}  // namespace sluice::registry
