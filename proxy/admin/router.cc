#include "proxy/admin/router.h"

#include <algorithm>
#include <string>
#include <utility>

#include "config/nearest.h"
#include "config/printable.h"
#include "proxy/net/loop.h"

namespace sluice::admin {

namespace {

bool matches(const Route& route, const Request& request) {
  return std::equal(route.path.begin(), route.path.end(), request.segments.begin(),
                    request.segments.end(), [](std::string_view pattern, const std::string& is) {
                      return pattern == "*" ? !is.empty() : pattern == is;
                    });
}

std::string what_is_unknown(const Route& route, const Request& request) {
  for (const auto& [name, value] : request.query) {
    const auto& known = route.parameters;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::string_view nearest = config::nearest(name, known);
      const std::string hint = "; did you mean " + std::string(nearest) + "?";
      return "unknown parameter: " + config::in_quotes(name) + (nearest.empty() ? "" : hint);
    }
  }
  if (!route.takes_body && !request.body.empty()) return "no body is taken here";
  return {};
}

Reply method_not_allowed(const std::string& allowed) {
  Reply reply = Reply::error(405, "allowed: " + allowed);
  reply.headers.emplace_back("Allow", allowed);
  return reply;
}

}  // namespace

void Router::serve(Request& request, Gate& gate, const Responder& responder) const {
  const std::string_view method =
      request.method == "HEAD" ? std::string_view("GET") : std::string_view(request.method);
  std::string allowed;
  for (const Route& route : routes_) {
    if (!matches(route, request)) continue;
    if (route.method == method) {
      auto refused = gate.refuse(route.need, request, net::monotonic_ms());
      if (refused) return responder.send(std::move(*refused));
      const std::string unknown = what_is_unknown(route, request);
      if (!unknown.empty()) return responder.send(Reply::error(400, unknown));
      return route.serve(request, responder);
    }
    allowed += allowed.empty() ? "" : ", ";
    allowed += route.method;
    if (route.method == "GET") allowed += ", HEAD";
  }
  if (allowed.empty()) return responder.send(Reply::error(404, "there is no such path"));
  responder.send(method_not_allowed(allowed));
}

}  // namespace sluice::admin
