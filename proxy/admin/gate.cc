#include "proxy/admin/gate.h"

#include <string>
#include <utility>

namespace sluice::admin {

namespace {

using access::Permission;
using access::Token;

Reply unauthorized(std::string_view message) {
  Reply reply = Reply::error(401, message);
  reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  return reply;
}

Reply slow_down(std::uint64_t wait_ms) {
  Reply reply = Reply::error(429, "too many unknown tokens came from there; try again later");
  reply.headers.emplace_back("Retry-After", std::to_string(wait_ms / 1000 + 1));
  return reply;
}

std::string lack_of(const Token& token, Permission needed) {
  return "the token " + token.name + " does not hold the permission " +
         std::string(access::word(needed));
}

Reply forbidden_everywhere(const Token& token, const Need& need) {
  std::string message = lack_of(token, need.permission) +
                        " on \"*\", which this takes: it concerns all services, or the process";
  if (need.on == Need::On::query) message += "; ask with ?service= for one of its own";
  return Reply::error(403, message);
}

std::string service_of(const Need& need, const Request& request) {
  if (need.on == Need::On::path) return request.segments.at(2);
  if (need.on == Need::On::query) return request.parameter("service").value_or("");
  return "";
}

std::optional<Reply> weigh(const Need& need, const Request& request) {
  const Token& token = *request.caller;
  // Of which service, the handler will find out; nobody passes who could not on any.
  if (need.on == Need::On::body) {
    if (need.permission <= token.permission) return std::nullopt;
    return Reply::error(403, lack_of(token, need.permission));
  }
  const std::string service = service_of(need, request);
  if (!service.empty()) return refuse_service(request, need.permission, service);
  if (token.allows_everywhere(need.permission)) return std::nullopt;
  return forbidden_everywhere(token, need);
}

}  // namespace

Gate::Gate(Source tokens, const access::Rate& failures)
    : tokens_(std::move(tokens)), failures_(failures) {}

std::optional<Reply> Gate::refuse(const Need& need, Request& request, std::uint64_t now_ms) {
  const auto tokens = need.on == Need::On::nothing ? nullptr : tokens_();
  if (tokens && !request.caller) {
    if (auto unknown = recognize(tokens, request, now_ms)) return unknown;
  }
  request.secret.reset();
  return request.caller ? weigh(need, request) : std::nullopt;
}

std::optional<Reply> Gate::refuse_body(Request& head, std::uint64_t now_ms) {
  const auto tokens = tokens_();
  return tokens ? recognize(tokens, head, now_ms) : std::nullopt;
}

std::optional<Reply> Gate::recognize(const std::shared_ptr<const access::Tokens>& tokens,
                                     Request& request, std::uint64_t now_ms) {
  const auto secret = std::exchange(request.secret, {});
  if (!secret) return unauthorized("this takes a token, as Authorization: Bearer SECRET");
  const std::uint64_t wait_ms = failures_.wait_ms(request.source, now_ms);
  if (wait_ms > 0) return slow_down(wait_ms);
  if (const Token* token = tokens->find(*secret)) {
    request.caller = std::shared_ptr<const Token>(tokens, token);  // kept alive by the tokens
    return std::nullopt;
  }
  failures_.take(request.source, now_ms);
  return unauthorized("the token is not known");
}

Reply token_withdrawn() {
  return unauthorized("the token that this was asked with counts no more");
}

bool may_read_on(const access::Tokens* tokens, const access::Token* caller,
                 std::string_view service) {
  if (tokens == nullptr) return true;
  const Token* now = caller != nullptr ? tokens->find_again(*caller) : nullptr;
  if (now == nullptr) return false;
  return service.empty() ? now->allows_everywhere(Permission::read)
                         : now->allows(Permission::read, service);
}

std::optional<Reply> refuse_service(const Request& request, Permission permission,
                                    std::string_view service) {
  if (!request.caller || request.caller->allows(permission, service)) return std::nullopt;
  return Reply::error(
      403, lack_of(*request.caller, permission) + " on the service " + std::string(service));
}

}  // namespace sluice::admin
