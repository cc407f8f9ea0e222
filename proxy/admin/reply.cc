#include "proxy/admin/reply.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <boost/beast/http/status.hpp>
#include <nlohmann/json.hpp>
#include <utility>

namespace sluice::admin {

namespace {

constexpr std::size_t kUsualHead = 256;

constexpr std::pair<int, std::string_view> kCodes[] = {
    {400, "bad_request"},        {401, "unauthorized"},
    {403, "forbidden"},          {429, "too_many_requests"},
    {404, "not_found"},          {405, "method_not_allowed"},
    {408, "request_timeout"},    {413, "payload_too_large"},
    {414, "uri_too_long"},       {415, "unsupported_media_type"},
    {417, "expectation_failed"}, {431, "header_too_large"},
    {500, "internal"},           {501, "not_implemented"},
    {503, "unavailable"},        {505, "http_version_not_supported"},
};

// A 204 may not even say that there is none.
bool has_content(const Reply& reply) {
  return reply.status != 204;
}

// The same for all replies of a second, of which there are many thousands.
const std::string& date_of(std::time_t now) {
  thread_local std::time_t last = -1;
  thread_local std::string date;
  if (std::exchange(last, now) != now || date.empty()) {
    date = fmt::format("{:%a, %d %b %Y %T} GMT", fmt::gmtime(now));
  }
  return date;
}

}  // namespace

std::string_view error_code(int status) {
  const auto at = std::find_if(std::begin(kCodes), std::end(kCodes),
                               [&](const auto& entry) { return entry.first == status; });
  return at == std::end(kCodes) ? "error" : at->second;
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

std::string head_of(const Reply& reply, const Delivery& delivery) {
  namespace http = boost::beast::http;
  std::string head;
  head.reserve(kUsualHead);
  const auto add = [&head](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  const auto status = static_cast<unsigned>(reply.status);
  head.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
  head.append(http::obsolete_reason(http::int_to_status(status))).append("\r\n");
  add("Date", date_of(delivery.now));
  if (has_content(reply)) {
    add("Content-Type", reply.content_type);
    if (!delivery.goes_on) add("Content-Length", std::to_string(reply.body.size()));
  }
  add("X-Content-Type-Options", "nosniff");
  add("Cache-Control", "no-store");
  for (const auto& [name, value] : reply.headers) add(name, value);
  if (delivery.close) add("Connection", "close");
  return head.append("\r\n");
}

std::string_view content_of(const Reply& reply, const Delivery& delivery) {
  return has_content(reply) && !delivery.without_body ? reply.body : std::string_view();
}

std::string to_wire(const Reply& reply, const Delivery& delivery) {
  return head_of(reply, delivery).append(content_of(reply, delivery));
}

}  // namespace sluice::admin
