#include "proxy/admin/reply.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/message.hpp>
#include <nlohmann/json.hpp>
#include <utility>

namespace sluice::admin {

namespace {

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
  http::response_header<> head;
  head.set(http::field::date, fmt::format("{:%a, %d %b %Y %T} GMT", fmt::gmtime(delivery.now)));
  if (has_content(reply)) {
    head.set(http::field::content_type, reply.content_type);
    if (!delivery.goes_on) {
      head.set(http::field::content_length, std::to_string(reply.body.size()));
    }
  }
  head.set("X-Content-Type-Options", "nosniff");
  head.set(http::field::cache_control, "no-store");
  for (const auto& [name, value] : reply.headers) head.insert(name, value);
  if (delivery.close) head.set(http::field::connection, "close");
  const http::fields::writer writer(head, 11, static_cast<unsigned>(reply.status));
  return boost::beast::buffers_to_string(writer.get());
}

std::string_view content_of(const Reply& reply, const Delivery& delivery) {
  return has_content(reply) && !delivery.without_body ? reply.body : std::string_view();
}

std::string to_wire(const Reply& reply, const Delivery& delivery) {
  return head_of(reply, delivery).append(content_of(reply, delivery));
}

}  // namespace sluice::admin
