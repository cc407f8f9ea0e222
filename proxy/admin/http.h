// The HTTP/1.1 transport of the admin API, on a loop and thread of its own. It knows requests and
// replies, limits and deadlines; it does not know what they mean.
//
// Requests are parsed by Boost.Beast, without its sockets: those are net's, as everywhere. What RFC
// 9112 leaves open to two readings is refused with a JSON error and the end of the connection, so
// that no two programs on the way can disagree on where a request ends. Beast 1.81, which Debian 12
// has, is not as strict as that in a few places, which request_reader covers. (libmicrohttpd 0.9.75
// takes bare LF, folded headers, two lengths, a length beside a transfer coding, NUL and two Hosts,
// its strict mode included.)
//
//   request_reader, request_target,
//     authorization                             bytes to a request; pure
//   request_rules                               whether a well-formed request may be served; pure
//   reply                                       a reply to bytes; pure
//   http_connection                             one client: read, ask the handler, write, again
//   stream, flow                                replies that go on
//   transport, inbox                            the thread, and its way in for other threads
//
// Pages that take long are written elsewhere (scribe, orders), so that this thread always has time.
//
// Limits (config::AdminLimits): connections at once (more: 503), size of the header block (431, or
// 414 for the target), at most 64 header fields (431), size of the body (413, before it is read),
// and a deadline for a whole request from its first byte to the handler's answer (408 while it is
// being read, 503 after). A handler may lift that deadline (Responder::hold()), or begin a reply
// that goes on (Responder::stream()). An idle kept-alive connection is closed after 60 s, a reply
// that is not read after the deadline.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "proxy/admin/stream.h"
#include "registry/access/tokens.h"

namespace sluice::admin {

struct Request {
  std::string method;                 // "GET"
  std::string path;                   // decoded, "/v1/services/pg"
  std::vector<std::string> segments;  // of the path, each decoded: {"v1", "services", "pg"}
  std::map<std::string, std::string, std::less<>> query;  // decoded; "" where no value was given
  std::string body;
  std::string last_event_id;  // of the field Last-Event-ID; "": none

  std::string source;  // where it comes from: access::source_of() the client's address
  // Of the field Authorization; none: it has none, or the gate has looked at it already. Never
  // logged, never in an answer.
  std::optional<std::string> secret;
  // Whose secret that was, once the gate has found out (gate.h). Null: nobody's; there are no
  // tokens, so that everything is allowed, or the route is open to all.
  std::shared_ptr<const access::Token> caller;

  std::optional<std::string> parameter(std::string_view name) const;
};

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;

  static Reply json(std::string body) { return {200, "application/json", std::move(body), {}}; }
  // {"error":{"code":...,"message":...}} with `code` the word for the status ("not_found").
  static Reply error(int status, std::string_view message);
  static Reply error(int status, std::string_view code, std::string_view message);
};

// Answers one request, once, from any thread; the connection waits meanwhile. Copies share the one
// answer. Dropping all copies without a word answers 503. May outlive the server: then the answer
// goes nowhere.
class Responder {
 public:
  struct Pending;
  explicit Responder(std::shared_ptr<Pending> pending) : pending_(std::move(pending)) {}
  void send(Reply reply) const;
  // The same for many: its body is written from where it is and held once, however large.
  void send(std::shared_ptr<const Reply> reply) const;
  // Begins a reply that goes on: head (and body, as the first bytes), then what is written to the
  // Stream. Null, and no event ever comes, when nobody waits for an answer any more. To a HEAD the
  // head alone is sent, and on_closed comes at once.
  std::unique_ptr<Stream> stream(Reply head, Stream::Events events) const;
  // The answer takes as long as it takes: no deadline ends the wait from here on. `on_gone` is
  // called once, on the transport's thread, if nobody waits any more before an answer was given:
  // the client has gone (or has finished its side, which cannot be told from going), or the server
  // stops. It must not block, and is to hold what it uses. To be called before an answer is given.
  void hold(std::function<void()> on_gone) const;
  // False once it has been answered, or nobody waits for it any more: the client has gone, or the
  // deadline was faster.
  bool is_awaited() const;

 private:
  std::shared_ptr<Pending> pending_;
};

// Called on the transport's thread; must not block. The request is the handler's from there on.
// Exceptions become a 500 without their text.
using Handler = std::function<void(Request&, Responder)>;

// Likewise, asked of a request that has a body, before the body is read: what it answers is sent at
// once, and ends the connection.
using Door = std::function<std::optional<Reply>(Request& head)>;

class HttpServer {
 public:
  // Binds; throws std::runtime_error with a message for the operator ("cannot listen on
  // 127.0.0.1:9901: Address already in use"). A unix socket is made with mode 0600; a stale one is
  // replaced only if nobody answers on it.
  // Without a door, every body is read.
  HttpServer(const config::Admin& config, Handler handler, Door door = {});
  ~HttpServer();  // answers what is under way with 503, closes, joins
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void start();                                   // serves from here on; called once
  void reconfigure(const config::Admin& config);  // limits and hosts; any thread
  std::string address() const;                    // with the real port if the config said port 0

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::admin
