// The target of a request, "/v1/services/pg?index=7".
#include "proxy/admin/request_target.h"

#include <algorithm>
#include <string>

#include "tests/fuzz/fuzz.h"

namespace sluice::fuzz::request_target_target {

using namespace sluice::admin;

namespace {

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += "0123456789ABCDEF"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

// The same target with every byte encoded that may be.
std::string written(const Request& request) {
  std::string out = request.segments.empty() ? "/" : "";
  for (const std::string& segment : request.segments) out += "/" + encoded(segment);
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    out += separator + encoded(name) + "=" + encoded(value);
    separator = '&';
  }
  return out;
}

void require_reply(const Refusal& wrong, bool is_long) {
  require(wrong.status == (is_long ? 414 : 400), "the status says what is wrong");
  require_message(wrong.message);
}

}  // namespace

SLUICE_FUZZ_TARGET(request_target) {
  const std::string_view target = text_of(data, size);
  Request request;
  if (const Objection wrong = read_target(target, request)) {
    require_reply(*wrong, target.size() > kMaxTarget);
    return 0;
  }
  std::string joined = request.segments.empty() ? "/" : "";
  for (const std::string& segment : request.segments) joined += "/" + segment;
  require(request.path == joined, "the path is its segments");
  require(request.path.find('\0') == std::string::npos, "a path holds no NUL");
  std::size_t bytes = request.path.size();
  for (const auto& [name, value] : request.query) bytes += name.size() + value.size();
  require(bytes <= target.size(), "decoding makes nothing longer");

  const std::string same = written(request);
  if (same.size() > kMaxTarget) return 0;
  Request again;
  require(!read_target(same, again), "what is written is read back");
  require(again.path == request.path && again.segments == request.segments &&
              again.query == request.query,
          "what is written is read back equal");
  return 0;
}

}  // namespace sluice::fuzz::request_target_target
