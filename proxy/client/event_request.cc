#include "proxy/client/event_request.h"

#include <utility>

namespace sluice::client {

std::string watch_target(const std::string& service, const std::string& selector,
                         const std::string& last_id) {
  std::string target = "/v1/watch";
  char joint = '?';
  const auto narrow = [&](const char* key, const std::string& value) {
    target += joint;
    target += std::string(key) + "=" + AdminClient::encode(value);
    joint = '&';
  };
  if (!service.empty()) narrow("service", service);
  if (!selector.empty()) narrow("selector", selector);
  if (const std::size_t dash = last_id.rfind('-'); dash != std::string::npos) {
    narrow("epoch", last_id.substr(0, dash));
    narrow("since", last_id.substr(dash + 1));
  }
  return target;
}

EventRequest::EventRequest(AdminClient& client, EventReader::Take take, std::function<void()> heard)
    : client_(client), reader_(std::move(take)), heard_(std::move(heard)) {}

CURL* EventRequest::begin(const std::string& target) {
  handle_ = client_.begin({"GET", target, "", std::chrono::milliseconds(0)});
  curl_easy_setopt(handle_, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle_, CURLOPT_LOW_SPEED_TIME, kQuietSeconds);
  curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, &EventRequest::on_bytes);
  curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle_, CURLOPT_HEADERFUNCTION, &EventRequest::on_header);
  curl_easy_setopt(handle_, CURLOPT_HEADERDATA, this);
  return handle_;
}

Answer EventRequest::end(CURLcode code) {
  Answer answer = client_.end(code);
  answer.body = std::move(refused_);
  return answer;
}

std::size_t EventRequest::on_bytes(char* data, std::size_t /*always_one*/, std::size_t size,
                                   void* self) {
  return static_cast<EventRequest*>(self)->take({data, size}) ? size : 0;
}

std::size_t EventRequest::on_header(char* line, std::size_t /*always_one*/, std::size_t size,
                                    void* self) {
  const bool is_the_end = std::string_view(line, size) == "\r\n";
  if (is_the_end) static_cast<EventRequest*>(self)->hear();
  return size;
}

bool EventRequest::take(std::string_view bytes) {
  hear();
  if (is_stream()) return reader_.feed(bytes);
  refused_ += bytes;
  return refused_.size() < EventReader::kMaxEvent;
}

void EventRequest::hear() const {
  if (heard_ && is_stream()) heard_();
}

bool EventRequest::is_stream() const {
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  return status == 200;
}

}  // namespace sluice::client
