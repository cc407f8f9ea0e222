// Method and path to the function that serves them, if the gate lets the request pass. Immutable
// once made; any thread, but the gate's is the transport's.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "proxy/admin/gate.h"
#include "proxy/admin/http.h"

namespace sluice::admin {

struct Route {
  std::string_view method;
  std::vector<std::string_view> path;        // segments; "*" stands for any one that is not empty
  std::vector<std::string_view> parameters;  // of the query, that it knows
  bool takes_body = false;
  std::function<void(const Request&, const Responder&)> serve;
  Need need = {};  // of whoever asks
};

class Router {
 public:
  explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

  // Serves, or answers 404, 405 with Allow, what the gate answers, or 400 for a parameter or a body
  // that the route does not know.
  void serve(Request& request, Gate& gate, const Responder& responder) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace sluice::admin
