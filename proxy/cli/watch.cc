#include "proxy/cli/watch.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>
#include <utility>

#include "config/printable.h"
#include "proxy/cli/admin_client.h"
#include "proxy/cli/cli.h"
#include "proxy/cli/fields.h"
#include "proxy/cli/remote.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kPause{1};  // before the stream is asked for again
constexpr long kQuietSeconds = 60;         // the API comments at least every 15

// One stream, from its request to its end.
class Stream {
 public:
  Stream(AdminClient& client, EventReader::Take take) : client_(client), reader_(std::move(take)) {}

  // What was answered: the body of a refusal, or a success without one when the stream has ended.
  Answer run(const std::string& target) {
    handle_ = client_.begin({"GET", target, "", std::chrono::milliseconds(0)});
    curl_easy_setopt(handle_, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle_, CURLOPT_LOW_SPEED_TIME, kQuietSeconds);
    curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, &Stream::on_bytes);
    curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
    Answer answer = client_.end(curl_easy_perform(handle_));
    answer.body = std::move(refused_);
    return answer;
  }

 private:
  static std::size_t on_bytes(char* data, std::size_t /*always one*/, std::size_t size,
                              void* self) {
    return static_cast<Stream*>(self)->take({data, size}) ? size : 0;
  }

  bool take(std::string_view bytes) {
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200) return reader_.feed(bytes);
    refused_ += bytes;
    return refused_.size() < EventReader::kMaxEvent;
  }

  AdminClient& client_;
  CURL* handle_ = nullptr;
  EventReader reader_;
  std::string refused_;
};

std::string state_of(const json& object, const char* state) {
  const std::string reason = text_at(object, "reason");
  return text_at(object, state) + (reason.empty() ? "" : " (" + reason + ")");
}

void line(std::ostream& out, const std::string& text) {
  out << config::one_line(text) << '\n';
}

void show_snapshot(std::ostream& out, const json& snapshot) {
  for (const json& service : list_at(snapshot, "services")) {
    for (const json& instance : list_at(service, "instances")) {
      line(out, text_at(instance, "since") + " = " + text_at(service, "service") + "/" +
                    text_at(instance, "id") + ": " + state_of(instance, "state"));
    }
  }
}

void show_change(std::ostream& out, const json& change) {
  const std::string kind = text_at(change, "kind");
  const std::string from = text_at(change, "from");
  const std::string sign = kind == "added" ? " + " : kind == "removed" ? " - " : " ~ ";
  const bool flips = sign == " ~ " && from != text_at(change, "to");
  line(out, text_at(change, "time") + sign + text_at(change, "service") + "/" +
                text_at(change, "id") + ": " + (flips ? from + " -> " : "") +
                state_of(change, "to"));
}

}  // namespace

std::string watch_target(const std::string& service, const std::string& last_id) {
  std::string target = "/v1/watch";
  char joint = '?';
  const auto narrow = [&](const char* key, const std::string& value) {
    target += joint;
    target += std::string(key) + "=" + AdminClient::encode(value);
    joint = '&';
  };
  if (!service.empty()) narrow("service", service);
  if (const std::size_t dash = last_id.rfind('-'); dash != std::string::npos) {
    narrow("epoch", last_id.substr(0, dash));
    narrow("since", last_id.substr(dash + 1));
  }
  return target;
}

void show_event(std::ostream& out, const ServerEvent& event) {
  const json data = json::parse(event.data, nullptr, false);
  if (event.kind == "snapshot") return show_snapshot(out, data);
  if (event.kind == "change") show_change(out, data);
}

int watch(const AdminAddress& where, const std::string& service, bool as_json, std::ostream& out,
          std::ostream& err) {
  AdminClient client(where);
  std::string last_id;
  std::string trouble;
  const auto take = [&](const ServerEvent& event) {
    if (!std::exchange(trouble, {}).empty()) err << "sluice: watching again\n" << std::flush;
    last_id = event.id;
    if (as_json) {
      out << event.data << '\n';
    } else {
      show_event(out, event);
    }
    out.flush();
  };
  for (bool has_begun = false; out; has_begun = true) {
    const Answer answer = Stream(client, take).run(watch_target(service, last_id));
    const bool is_for_good = answer.failure.empty() && answer.status >= 400 && answer.status < 500;
    const std::string what = answer.failure.empty()
                                 ? (answer.is_success() ? "the watch has ended" : refusal(answer))
                                 : answer.failure;
    if (is_for_good || (!has_begun && last_id.empty() && !answer.is_success())) {
      err << "sluice: " << config::one_line(what) << '\n';
      return kFailure;
    }
    if (out && std::exchange(trouble, what) != what) {
      err << "sluice: " + config::one_line(what) + "; trying again\n" << std::flush;
    }
    if (out) std::this_thread::sleep_for(kPause);
  }
  return kFailure;
}

}  // namespace sluice::cli
