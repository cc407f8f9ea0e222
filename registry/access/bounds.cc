#include "registry/access/bounds.h"

#include <algorithm>

#include "config/printable.h"

namespace sluice::access {
namespace {

constexpr std::string_view kNameMarks = "_.:@+~-";
constexpr std::string_view kKeyMarks = "_./-";

Refusal refuse(std::string_view field, std::string_view what) {
  return std::string(field) + ": " + std::string(what);
}

Refusal judge_size(std::string_view field, std::size_t size, std::size_t most) {
  if (size <= most) return std::nullopt;
  return refuse(field, "longer than " + std::to_string(most) + " bytes");
}

Refusal judge_count(std::string_view field, std::size_t count, std::size_t most) {
  if (count <= most) return std::nullopt;
  return refuse(field, "more than " + std::to_string(most) + " entries");
}

Refusal judge_number(std::string_view field, std::uint64_t number, std::uint64_t most) {
  if (number <= most) return std::nullopt;
  return refuse(field, "above " + std::to_string(most));
}

bool is_dots(std::string_view text) {
  return text == "." || text == "..";
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_made_of(std::string_view text, std::string_view marks) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return is_letter_or_digit(c) || marks.find(c) != std::string_view::npos;
  });
}

Refusal judge_name(std::string_view field, std::string_view name, std::string_view marks,
                   std::size_t most) {
  if (auto refusal = judge_size(field, name.size(), most)) return refusal;
  if (!is_dots(name) && is_made_of(name, marks)) return std::nullopt;
  return refuse(field, "not a name made of letters, digits and " + std::string(marks));
}

// one_line() leaves alone what is fit for a line, and nothing else.
Refusal judge_text(std::string_view field, std::string_view text, std::size_t most) {
  if (auto refusal = judge_size(field, text.size(), most)) return refusal;
  if (config::one_line(text) == text) return std::nullopt;
  return refuse(field, "not UTF-8 on one line");
}

// The key is judged before it stands in a message.
Refusal judge_entry(std::string_view field, const config::Labels::value_type& entry,
                    std::size_t longest_key, std::size_t longest_value) {
  const auto& [key, value] = entry;
  if (auto refusal = judge_name(std::string(field) + "." + config::one_line(key.substr(0, 64)), key,
                                kKeyMarks, longest_key)) {
    return refusal;
  }
  return judge_text(std::string(field) + "." + key, value, longest_value);
}

}  // namespace

Refusal Bounds::judge_service(std::string_view name) const {
  return judge_name("service", name, kNameMarks, service_name);
}

Refusal Bounds::judge_id(std::string_view text) const {
  if (auto refusal = judge_size("id", text.size(), id)) return refusal;
  const bool is_visible =
      std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != '/'; });
  if (!text.empty() && is_visible && !is_dots(text)) return std::nullopt;
  return refuse("id", "not made of visible ASCII characters other than \"/\"");
}

Refusal Bounds::judge_labels(const config::Labels& map) const {
  if (auto refusal = judge_count("labels", map.size(), labels)) return refusal;
  for (const auto& entry : map) {
    if (auto refusal = judge_entry("labels", entry, label_key, label_value)) return refusal;
  }
  return std::nullopt;
}

Refusal Bounds::judge_meta(const config::Labels& map) const {
  if (auto refusal = judge_count("meta", map.size(), meta)) return refusal;
  std::size_t total = 0;
  for (const auto& entry : map) {
    if (auto refusal = judge_entry("meta", entry, meta_key, meta_total)) return refusal;
    total += entry.first.size() + entry.second.size();
  }
  return judge_size("meta", total, meta_total);
}

Refusal Bounds::judge_zone(std::string_view text) const {
  return judge_text("zone", text, zone);
}

Refusal Bounds::judge_version(std::string_view text) const {
  return judge_text("version", text, version);
}

Refusal Bounds::judge_protocol(std::string_view text) const {
  return judge_text("protocol", text, protocol);
}

Refusal Bounds::judge_reason(std::string_view text) const {
  return judge_text("reason", text, reason);
}

Refusal Bounds::judge_weight(std::uint64_t number) const {
  return judge_number("weight", number, weight);
}

Refusal Bounds::judge_priority(std::uint64_t number) const {
  return judge_number("priority", number, priority);
}

Refusal Bounds::judge_one_more(const Held& held) const {
  struct Count {
    std::size_t is;
    std::size_t most;
    const char* what;
  };
  for (const Count& count : {
           Count{held.of_service, instances_of_service, "registered instances in this service"},
           Count{held.of_token, instances_of_token, "instances registered with this token"},
           Count{held.services, services, "services with registered instances"},
           Count{held.instances, instances, "registered instances"},
       }) {
    if (count.is < count.most) continue;
    return "there are " + std::to_string(count.most) + " " + count.what + " already";
  }
  return std::nullopt;
}

}  // namespace sluice::access
