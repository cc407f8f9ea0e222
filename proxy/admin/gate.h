// Who may do what over the API. Every route says what it takes (Need); the gate knows the tokens
// (registry/access/tokens.h) and lets a request pass, or answers in the route's place:
//
//   401 "unauthorized"         it takes a token, and there is none, or none that is known
//   403 "forbidden"            the token is known, but does not hold what the route takes
//   429 "too_many_requests"    too many unknown ones came from there; with Retry-After
//
// Without a tokens file everything is allowed, to whoever reaches the API's address.
//
// What concerns one service takes the permission on that service. What tells of all of them, or of
// the process, takes it everywhere ("*"): such a read is refused, not filtered, so that a list that
// is short is never taken for the truth. A read that may name its service with ?service= is one of
// that service then.
//
// Wrong secrets cost their source (access::source_of) a token of a bucket each, and one whose
// bucket is empty is turned away before its secret is looked at. Other sources, and requests
// without a secret, neither cost nor feel anything.
//
// One thread, the transport's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "proxy/admin/http.h"
#include "registry/access/rate.h"
#include "registry/access/tokens.h"

namespace sluice::admin {

// What a route takes of whoever asks. A route that says nothing takes the most.
struct Need {
  enum class On : std::uint8_t {
    nothing,     // open to all
    path,        // the service that is the path's third segment
    query,       // the one that the parameter "service" names, or all
    body,        // one that only the handler knows: it asks refuse_service() when it does
    everything,  // all services, or the process itself
  };
  access::Permission permission = access::Permission::admin;
  On on = On::everything;

  friend bool operator==(const Need&, const Need&) = default;
};

inline constexpr Need kOpen{access::Permission::read, Need::On::nothing};
inline constexpr Need kRead{access::Permission::read, Need::On::path};
inline constexpr Need kReadAsked{access::Permission::read, Need::On::query};
inline constexpr Need kReadAll{access::Permission::read, Need::On::everything};
inline constexpr Need kRegister{access::Permission::register_instances, Need::On::path};
inline constexpr Need kRegisterInBody{access::Permission::register_instances, Need::On::body};
inline constexpr Need kAdmin{access::Permission::admin, Need::On::path};
inline constexpr Need kAdminAll{access::Permission::admin, Need::On::everything};

class Gate {
 public:
  // The tokens that count now; null: there are none, and everything is allowed. Asked for each
  // request, on the transport's thread.
  using Source = std::function<std::shared_ptr<const access::Tokens>()>;

  explicit Gate(Source tokens, const access::Rate& failures = {});
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Nothing: it may pass, and `request.caller` says as whom. Takes the secret off the request.
  // Time: ms of a clock that only grows.
  std::optional<Reply> refuse(const Need& need, Request& request, std::uint64_t now_ms);

  // The same as far as it can be told before the body has come: without a token that is known, no
  // route takes a body.
  std::optional<Reply> refuse_body(Request& head, std::uint64_t now_ms);

 private:
  std::optional<Reply> recognize(const std::shared_ptr<const access::Tokens>& tokens,
                                 Request& request, std::uint64_t now_ms);

  const Source tokens_;
  access::SourceRates failures_;
};

// For a handler whose service stands in the body: why its caller may not do this to the service, or
// nothing. Pure.
std::optional<Reply> refuse_service(const Request& request, access::Permission permission,
                                    std::string_view service);

// For a read that was let pass and has not ended yet: whether it would still pass, by the tokens
// that count now (null: there are none), and what to answer if not. `service` is "" if it reads of
// all. Pure.
bool may_read_on(const access::Tokens* tokens, const access::Token* caller,
                 std::string_view service);
Reply token_withdrawn();  // 401

}  // namespace sluice::admin
