#include "proxy/client/admin_client.h"

#include <sys/socket.h>

#include <cctype>
#include <new>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "proxy/client/fields.h"

namespace sluice::client {
namespace {

constexpr long kConnectMs = 2'000;
constexpr std::size_t kMaxBody = 256u << 20;

std::size_t keep(char* data, std::size_t /*always one*/, std::size_t size, void* body) {
  auto& text = *static_cast<std::string*>(body);
  if (text.size() + size > kMaxBody) return 0;
  text.append(data, size);
  return size;
}

// libcurl's own is not close-on-exec.
curl_socket_t open_socket(void* /*none*/, curlsocktype /*always the same*/,
                          curl_sockaddr* address) {
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::string errno_text(long error) {
  std::string text = std::generic_category().message(static_cast<int>(error));
  text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return text;
}

std::string reason(CURLcode code, CURL* handle) {
  long error = 0;
  curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &error);
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return error != 0 ? errno_text(error) : "cannot connect";
    case CURLE_COULDNT_RESOLVE_HOST:
      return "no such host";
    case CURLE_OPERATION_TIMEDOUT:
      return "no answer in time";
    case CURLE_WRITE_ERROR:
      return "the answer is larger than 256 MiB";
    default:
      return curl_easy_strerror(code);
  }
}

}  // namespace

struct AdminClient::Easy {
  struct FreeHandle {
    void operator()(CURL* owned) const { curl_easy_cleanup(owned); }
  };
  struct FreeList {
    void operator()(curl_slist* owned) const { curl_slist_free_all(owned); }
  };
  std::unique_ptr<CURL, FreeHandle> handle{curl_easy_init()};
  std::unique_ptr<curl_slist, FreeList> headers;  // of every request

  void add_header(const std::string& line) {
    curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    if (headers == nullptr) headers.reset(longer);  // else its front is what it was
  }
};

std::string trouble_of(const Answer& answer) {
  if (!answer.failure.empty()) return answer.failure + answer.advice;
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  const std::string message = body.is_object() && body.contains("error")
                                  ? text_at(body["error"], "message")
                                  : std::string();
  if (!message.empty()) return message + answer.advice;
  return "the admin API answered with status " + std::to_string(answer.status) + answer.advice;
}

AdminClient::AdminClient(AdminAddress address)
    : address_(std::move(address)), easy_(std::make_unique<Easy>()) {
  CURL* handle = easy_->handle.get();
  if (handle == nullptr) throw std::bad_alloc();
  easy_->add_header("Content-Type: application/json");
  if (!address_.secret.empty()) easy_->add_header("Authorization: Bearer " + address_.secret);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, easy_->headers.get());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http");
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectMs);
  curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, keep);
  if (!address_.unix_path.empty()) {
    curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, address_.unix_path.c_str());
  }
}

AdminClient::~AdminClient() = default;

Answer AdminClient::ask(const AdminRequest& request) {
  return end(curl_easy_perform(begin(request)));
}

CURL* AdminClient::begin(const AdminRequest& request) {
  CURL* handle = easy_->handle.get();
  const std::string url = address_.base_url + request.target;
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.within.count()));
  if (request.method == "GET") {
    curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, nullptr);
  } else {
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, request.body.c_str());
  }
  answer_ = {};
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer_.body);
  return handle;
}

Answer AdminClient::end(CURLcode code) {
  CURL* handle = easy_->handle.get();
  if (code == CURLE_OK) {
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer_.status);
  } else {
    answer_.failure =
        "cannot reach the admin API at " + address_.text + ": " + reason(code, handle);
    answer_.advice = address_.advice.if_unreachable;
    answer_.was_sent = code != CURLE_COULDNT_CONNECT && code != CURLE_COULDNT_RESOLVE_HOST;
  }
  if (answer_.status == 401) answer_.advice = address_.advice.if_unauthorized;
  return std::exchange(answer_, {});
}

std::string AdminClient::encode(const std::string& text) {
  const std::unique_ptr<char, decltype(&curl_free)> encoded(
      curl_easy_escape(nullptr, text.c_str(), static_cast<int>(text.size())), curl_free);
  if (!encoded) throw std::bad_alloc();
  return encoded.get();
}

}  // namespace sluice::client
