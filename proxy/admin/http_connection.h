// One client of the admin API: reads a request, has it answered, writes the reply, and again.
//
//   idle -> reading -> asked -> writing -> idle
//               \_________________/ \--> lingering -> gone
//                                    \-> streaming -^
//
// Requests that a client sends ahead wait in its socket until the reply before them is written, so
// replies keep the order and no client has more than one request under way. A refusal is written,
// and then the connection lingers: our side is shut, what still comes is thrown away for a while,
// because closing a socket that holds unread bytes would take the refusal back. Each phase has one
// deadline, counted from when it truly begins; one that has passed is met only after a last look at
// what came while this thread was busy with others. A request that is held, and a stream, have
// none: there a client that finishes its side is taken to have gone, for only so one that goes is
// noticed before there is something to send; and while a stream waits for its client, the client
// must take something within admin.limits.deadline.
//
// Owned by the transport, on whose thread it lives. Destroying it closes the socket.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/admin/http.h"
#include "proxy/admin/inbox.h"
#include "proxy/admin/request_reader.h"
#include "proxy/admin/settings.h"
#include "proxy/net/address.h"
#include "proxy/net/loop.h"
#include "proxy/net/poller.h"
#include "proxy/net/wheel.h"

namespace sluice::admin {

// What all connections of a server use. Owned by the transport; outlives them.
struct Surroundings {
  net::Loop& loop;
  net::Poller& poller;
  net::Wheel& wheel;
  Handler handler;
  Door door;  // may be empty
  std::shared_ptr<Inbox> inbox;
  std::shared_ptr<const Settings> settings;       // a request keeps those that it began under
  std::function<void(std::uint64_t id)> on_gone;  // destroys the connection
  std::array<char, 16384> scratch;                // where bytes arrive
};

class HttpConnection final : private net::Pollable, private net::Deadline {
 public:
  HttpConnection(Surroundings& around, std::uint64_t id);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  bool open(net::Fd client, const net::SocketAddress& peer);  // false: the kernel refuses
  // The handler's answer. Ignored when the deadline was faster. May destroy this.
  void answer(Answer answer);
  // The handler will take its time over `request`. May destroy this.
  void hold(const Responder::Pending& request, std::function<void()> on_gone);
  // The stream has something to send, or has ended. May destroy this.
  void pump();
  // Answers 503 if a request is under way, ends a stream. To be destroyed after it.
  void stop();

 private:
  enum class Phase { idle, reading, asked, writing, streaming, lingering, gone };

  void on_ready() override;
  void on_deadline() override;
  void look_again();
  void end_in_time();
  void tell_if_gone();

  void read_request();
  bool receive();
  void begin_request();
  void parse();
  bool is_read(Progress (RequestReader::*part)(std::string_view&));
  void accept_head();
  void ask_handler();

  void refuse(const Refusal& why);
  void reply(std::shared_ptr<const Reply> reply, bool close);
  void settle();
  void write();
  void finish_reply();
  void end_side();
  bool is_client_gone() const;
  void stream();
  void send_flow();
  void wait_for_client();
  void discard_input();
  void set_deadline(std::chrono::milliseconds in);

  Surroundings& around_;
  const std::uint64_t id_;
  net::Socket socket_;
  std::string source_;      // of whoever is at the other end (access::source_of)
  config::Endpoint local_;  // the address of ours that it has connected to
  Phase phase_ = Phase::idle;
  std::string input_;  // arrived and not yet taken into the request
  std::shared_ptr<const Settings> settings_;
  std::optional<RequestReader> request_;  // while it is being read
  bool has_head_ = false;
  bool is_head_method_ = false;
  bool keep_alive_ = false;
  bool awaits_mail_ = false;
  std::weak_ptr<Responder::Pending> pending_;  // the request that was asked last
  std::string head_;                           // of the reply that is being written
  std::shared_ptr<const Reply> reply_;         // holds what content_ shows
  std::string_view content_;
  std::size_t written_ = 0;        // of both
  std::function<void()> on_gone_;  // of the request that is held
  std::shared_ptr<Flow> flow_;     // follows the reply; null: nothing does
  bool is_blocked_ = false;        // the stream, by a client that takes nothing
  int queued_ = 0;                 // what the kernel held for it when it was last looked at
};

}  // namespace sluice::admin
