#include "proxy/admin/request_target.h"

#include <algorithm>

#include "config/printable.h"

namespace sluice::admin {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class Plus { is_plus, is_space };

std::optional<std::string> decode(std::string_view text, Plus plus) {
  if (text.find_first_of("%+") == text.npos) return std::string(text);
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::is_space) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

// The text up to the next `separator`, which is taken off `rest` with it.
std::string_view next_part(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

Objection bad_encoding() {
  return Refusal{400, "the target's percent-encoding is invalid"};
}

Objection read_path(std::string_view path, Request& request) {
  const auto whole = decode(path, Plus::is_plus);
  if (!whole) return bad_encoding();
  request.path = *whole;
  if (path == "/") return std::nullopt;
  std::size_t from = 1;  // behind the leading slash
  while (true) {
    const std::size_t end = std::min(path.find('/', from), path.size());
    request.segments.push_back(*decode(path.substr(from, end - from), Plus::is_plus));
    if (end == path.size()) return std::nullopt;
    from = end + 1;
  }
}

Objection read_query(std::string_view query, Request& request) {
  while (!query.empty()) {
    std::string_view value = next_part(query, '&');
    if (value.empty()) continue;
    const auto name = decode(next_part(value, '='), Plus::is_space);
    const auto decoded = decode(value, Plus::is_space);
    if (!name || !decoded) return bad_encoding();
    if (!request.query.emplace(*name, *decoded).second) {
      return Refusal{400, "the parameter " + config::in_quotes(*name) + " is given twice"};
    }
  }
  return std::nullopt;
}

bool is_target_byte(char c) {
  return c > ' ' && c < 0x7f && c != '#';
}

}  // namespace

Objection read_target(std::string_view target, Request& request) {
  if (target.size() > kMaxTarget) return Refusal{414, "the target is too long"};
  if (!target.starts_with('/')) return Refusal{400, "the target must be a path"};
  if (!std::all_of(target.begin(), target.end(), is_target_byte)) {
    return Refusal{400, "the target holds a byte that must be percent-encoded"};
  }
  std::string_view rest = target;
  if (Objection wrong = read_path(next_part(rest, '?'), request)) return wrong;
  return read_query(rest, request);
}

}  // namespace sluice::admin
