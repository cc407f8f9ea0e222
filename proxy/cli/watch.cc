#include "proxy/cli/watch.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>
#include <utility>

#include "config/printable.h"
#include "proxy/cli/cli.h"
#include "proxy/client/admin_client.h"
#include "proxy/client/event_request.h"
#include "proxy/client/fields.h"

namespace sluice::cli {
namespace {

using client::list_at;
using client::text_at;
using nlohmann::json;

constexpr std::chrono::seconds kPause{1};  // before the stream is asked for again

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

void show_event(std::ostream& out, const client::ServerEvent& event) {
  const json data = json::parse(event.data, nullptr, false);
  if (event.kind == "snapshot") return show_snapshot(out, data);
  if (event.kind == "change") show_change(out, data);
}

int watch(const client::AdminAddress& where, const std::string& service, bool as_json,
          std::ostream& out, std::ostream& err) {
  client::AdminClient client(where);
  std::string last_id;
  std::string trouble;
  const auto take = [&](const client::ServerEvent& event) {
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
    client::EventRequest stream(client, take);
    CURL* const transfer = stream.begin(client::watch_target(service, "", last_id));
    const client::Answer answer = stream.end(curl_easy_perform(transfer));
    const bool is_for_good = answer.failure.empty() && answer.status >= 400 && answer.status < 500;
    const std::string what =
        answer.is_success() ? "the watch has ended" : client::trouble_of(answer);
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
