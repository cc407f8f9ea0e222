#include "proxy/admin/reply.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace sluice::admin {

namespace {

struct StatusWords {
  int status;
  std::string_view phrase;  // RFC 9110
  std::string_view code;
};

constexpr std::array kStatuses = {
    StatusWords{200, "OK", "ok"},
    StatusWords{204, "No Content", "ok"},
    StatusWords{400, "Bad Request", "bad_request"},
    StatusWords{403, "Forbidden", "forbidden"},
    StatusWords{404, "Not Found", "not_found"},
    StatusWords{405, "Method Not Allowed", "method_not_allowed"},
    StatusWords{408, "Request Timeout", "request_timeout"},
    StatusWords{413, "Content Too Large", "payload_too_large"},
    StatusWords{414, "URI Too Long", "uri_too_long"},
    StatusWords{415, "Unsupported Media Type", "unsupported_media_type"},
    StatusWords{417, "Expectation Failed", "expectation_failed"},
    StatusWords{431, "Request Header Fields Too Large", "header_too_large"},
    StatusWords{500, "Internal Server Error", "internal"},
    StatusWords{501, "Not Implemented", "not_implemented"},
    StatusWords{503, "Service Unavailable", "unavailable"},
    StatusWords{505, "HTTP Version Not Supported", "http_version_not_supported"},
};

const StatusWords& words_of(int status) {
  const auto at = std::find_if(kStatuses.begin(), kStatuses.end(),
                               [&](const StatusWords& words) { return words.status == status; });
  static constexpr StatusWords kUnknown{0, "", "error"};
  return at == kStatuses.end() ? kUnknown : *at;
}

// strftime() would use the process's language.
std::string http_date(std::time_t now) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[64];
  std::snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[utc.tm_wday],
                utc.tm_mday, kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                utc.tm_sec);
  return text;
}

}  // namespace

std::string_view error_code(int status) {
  return words_of(status).code;
}

Reply Reply::error(int status, std::string_view message) {
  return error(status, error_code(status), message);
}

Reply Reply::error(int status, std::string_view code, std::string_view message) {
  nlohmann::ordered_json error;
  error["error"]["code"] = code;
  error["error"]["message"] = message;
  Reply reply = json(error.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  reply.status = status;
  return reply;
}

std::string to_wire(const Reply& reply, const Delivery& delivery) {
  std::string wire;
  wire.reserve(512 + reply.body.size());
  const auto add_field = [&](std::string_view name, std::string_view value) {
    wire.append(name).append(": ").append(value).append("\r\n");
  };
  wire.append("HTTP/1.1 ").append(std::to_string(reply.status)).append(" ");
  wire.append(words_of(reply.status).phrase).append("\r\n");
  add_field("Date", http_date(delivery.now));
  if (reply.status != 204) {  // which has no body, and may not even say so
    add_field("Content-Type", reply.content_type);
    add_field("Content-Length", std::to_string(reply.body.size()));
  }
  add_field("X-Content-Type-Options", "nosniff");
  add_field("Cache-Control", "no-store");
  for (const auto& [name, value] : reply.headers) add_field(name, value);
  if (delivery.close) add_field("Connection", "close");
  wire.append("\r\n");
  if (!delivery.without_body && reply.status != 204) wire.append(reply.body);
  return wire;
}

}  // namespace sluice::admin
