#include "proxy/admin/request_head.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "proxy/admin/request_target.h"

namespace sluice::admin {

namespace {

constexpr std::array<std::string_view, 7> kMethods = {"GET",    "HEAD",  "POST",   "PUT",
                                                      "DELETE", "PATCH", "OPTIONS"};

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alphanumeric(c) || kMarks.find(c) != kMarks.npos;
  });
}

// Bytes above 0x7f are allowed in a value (obs-text), control bytes but the tab are not.
bool is_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= ' ' && byte != 0x7f);
  });
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t");
  if (from == text.npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

bool list_contains(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    if (equals_ignoring_case(trimmed(list.substr(0, end)), token)) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

std::optional<std::uint64_t> read_number(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

Progress HeadReader::read(std::string_view input) {
  while (!is_complete_) {
    const std::size_t lf = input.find('\n', seen_);
    if (Objection wrong = check_size(std::min(lf, input.size()))) return refuse(*wrong);
    if (lf == input.npos) {
      seen_ = input.size();
      return Progress::more;
    }
    std::string_view line = input.substr(line_at_, lf - line_at_);
    line_at_ = seen_ = lf + 1;
    if (!line.ends_with('\r')) return refuse({400, "a line of the head does not end in CR LF"});
    line.remove_suffix(1);
    if (Objection wrong = read_line(line)) return refuse(*wrong);
  }
  return Progress::complete;
}

Objection HeadReader::check_size(std::size_t size) const {
  constexpr std::size_t kRestOfRequestLine = 32;  // method, version and spaces
  if (!has_request_line_ && size >= std::min(limit_, kMaxTarget + kRestOfRequestLine)) {
    return Refusal{414, "the target is too long"};
  }
  if (size >= limit_) return Refusal{431, "the header is too large"};
  return std::nullopt;
}

Progress HeadReader::refuse(Refusal why) {
  refusal_ = std::move(why);
  return Progress::refused;
}

Objection HeadReader::read_line(std::string_view line) {
  if (!has_request_line_) return read_request_line(line);
  if (!line.empty()) return read_field(line);
  is_complete_ = true;
  return finish();
}

Objection HeadReader::read_request_line(std::string_view line) {
  has_request_line_ = true;
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == line.npos || first == last) return Refusal{400, "the request line is malformed"};
  const std::string_view method = line.substr(0, first);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(method)) return Refusal{400, "the request line is malformed"};
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) {
    return Refusal{501, "the method is not known"};
  }
  is_http_1_0_ = version == "HTTP/1.0";
  if (!is_http_1_0_ && version != "HTTP/1.1") {
    const bool other = version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.';
    return other ? Refusal{505, "only HTTP/1.1 is spoken here"}
                 : Refusal{400, "the request line is malformed"};
  }
  head_.request.method = method;
  return read_target(line.substr(first + 1, last - first - 1), head_.request);
}

Objection HeadReader::read_field(std::string_view line) {
  if (++fields_ > kMaxFields) return Refusal{431, "the header has too many fields"};
  const std::size_t colon = line.find(':');
  // A folded line begins with a space, which no name does.
  if (colon == line.npos || !is_token(line.substr(0, colon)) || !is_value(line.substr(colon))) {
    return Refusal{400, "a header field is malformed"};
  }
  return keep_field(line.substr(0, colon), trimmed(line.substr(colon + 1)));
}

Objection HeadReader::keep_field(std::string_view name, std::string_view value) {
  if (equals_ignoring_case(name, "connection")) {
    connection_.append(connection_.empty() ? "" : ",").append(value);
    return std::nullopt;
  }
  const std::pair<std::string_view, std::optional<std::string>&> known[] = {
      {"host", head_.host},
      {"origin", head_.origin},
      {"sec-fetch-site", head_.fetch_site},
      {"content-type", head_.content_type},
      {"content-length", content_length_},
      {"transfer-encoding", transfer_encoding_},
      {"expect", expect_},
  };
  for (const auto& [known_name, place] : known) {
    if (!equals_ignoring_case(name, known_name)) continue;
    if (place) return Refusal{400, "the field " + std::string(known_name) + " is given twice"};
    place = std::string(value);
  }
  return std::nullopt;
}

Objection HeadReader::finish() {
  if (!head_.host && !is_http_1_0_) return Refusal{400, "the field host is missing"};
  if (Objection wrong = read_framing()) return wrong;
  if (expect_ && !equals_ignoring_case(*expect_, "100-continue")) {
    return Refusal{417, "the expectation is not known"};
  }
  head_.expects_continue = expect_.has_value() && !is_http_1_0_;
  head_.keep_alive = !is_http_1_0_ && !list_contains(connection_, "close");
  const std::string& method = head_.request.method;
  if (head_.has_body() && (method == "GET" || method == "HEAD")) {
    return Refusal{400, "a " + method + " request carries no body"};
  }
  return std::nullopt;
}

Objection HeadReader::read_framing() {
  if (transfer_encoding_) {
    if (content_length_) return Refusal{400, "content-length stands beside transfer-encoding"};
    if (is_http_1_0_) return Refusal{400, "HTTP/1.0 knows no transfer-encoding"};
    if (!equals_ignoring_case(*transfer_encoding_, "chunked")) {
      return Refusal{501, "the transfer-encoding is not known"};
    }
    head_.chunked = true;
  } else if (content_length_) {
    const auto length = read_number(*content_length_);
    if (!length) return Refusal{400, "content-length is no number"};
    head_.content_length = *length;
  }
  return std::nullopt;
}

}  // namespace sluice::admin
