// GET /v1/watch: one stream of server-sent events, from its request to its end.
//
// In two halves, as AdminClient's begin() and end(), for who blocks and for who has a loop. The
// stream has no deadline, but ends by itself when nothing came for kQuietSeconds. One thread.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "proxy/client/admin_client.h"
#include "proxy/client/event_reader.h"

namespace sluice::client {

// The path and query that go on after the event with this id; "" begins anew. Of one service, or of
// all if "", and of the instances whose labels the selector chooses.
std::string watch_target(const std::string& service, const std::string& selector,
                         const std::string& last_id);

class EventRequest {
 public:
  static constexpr long kQuietSeconds = 60;  // the API comments at least every 15

  // `take` is given each event; `heard`, if there is one, is called when the stream has begun and
  // when any bytes of it have come, comments too. Both on the thread that drives the transfer, out
  // of libcurl: they may not end it.
  EventRequest(AdminClient& client, EventReader::Take take, std::function<void()> heard = {});
  EventRequest(const EventRequest&) = delete;
  EventRequest& operator=(const EventRequest&) = delete;

  // Sets up the transfer. Once; this must outlive it.
  CURL* begin(const std::string& target);
  // What was answered: the body of a refusal, or a success without one when the stream has ended.
  Answer end(CURLcode code);

 private:
  static std::size_t on_bytes(char* data, std::size_t always_one, std::size_t size, void* self);
  static std::size_t on_header(char* line, std::size_t always_one, std::size_t size, void* self);
  bool take(std::string_view bytes);
  void hear() const;
  bool is_stream() const;

  AdminClient& client_;
  CURL* handle_ = nullptr;
  EventReader reader_;
  const std::function<void()> heard_;
  std::string refused_;
};

}  // namespace sluice::client
