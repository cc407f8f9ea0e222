#include "proxy/admin/api.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <memory>
#include <utility>

#include "config/printable.h"
#include "proxy/admin/openapi.h"
#include "proxy/admin/read_routes.h"
#include "proxy/admin/registrations.h"
#include "proxy/admin/scribe.h"
#include "proxy/admin/views.h"
#include "proxy/net/address.h"
#include "proxy/net/loop.h"
#include "registry/api.h"
#include "registry/json_body.h"

namespace sluice::admin {

namespace {

constexpr std::size_t kMaxConnectionsListed = 100'000;

Reply text(std::string body) {
  return {200, "text/plain; charset=utf-8", std::move(body), {}};
}

// --- Probes, metrics, and the description of it all

void serve_healthz(Control&, const Request&, const Responder& responder) {
  responder.send(text("ok\n"));
}

void serve_readyz(Control& control, const Request&, const Responder& responder) {
  Reply reply = text(control.status().phase + "\n");
  if (!control.is_ready()) reply.status = 503;
  responder.send(std::move(reply));
}

Reply metrics_page(Control& control, const Request&) {
  Reply reply = text(control.metrics_text());
  reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return reply;
}

void serve_openapi(Control&, const Request&, const Responder& responder) {
  responder.send(Reply::json(std::string(openapi_json())));
}

// --- The registry

// The address as the balancers know it; nothing if it is none.
std::optional<std::string> canonical_ip(const std::string& text) {
  net::SocketAddress address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(address.get());
  auto* v6 = reinterpret_cast<sockaddr_in6*>(address.get());
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
  } else {
    return std::nullopt;
  }
  return net::Peer::of(address).host();
}

void serve_instance(Control& control, const Request& request, const Responder& responder) {
  std::string client;
  if (const auto given = request.parameter("client")) {
    const auto ip = canonical_ip(*given);
    if (!ip) return responder.send(Reply::error(400, "client must be an IP address"));
    client = *ip;
  }
  std::string wrong;
  const auto selector = parse_selector(request, wrong);
  if (!selector) return responder.send(Reply::error(400, wrong));
  const std::string& service = request.segments[2];
  const auto snapshot = control.snapshot();
  bool known = false;
  const auto chosen = control.choose(service, *selector, client, known);
  const std::string matching = selector->is_empty() ? "" : " with " + selector->text();
  Reply reply = chosen  ? Reply::json(registry::instance_json(*chosen, net::monotonic_ms()))
                : known ? Reply::error(404, "no instance of " + service + matching + " is eligible")
                        : Reply::error(404, "there is no service " + service);
  responder.send(with_version(std::move(reply), snapshot->index, snapshot->epoch));
}

void serve_checks(Control& control, const Request& request, const Responder& responder) {
  const std::string& service = request.segments[2];
  const std::string& id = request.segments[4];
  control.checks(service, id, [service, id, responder](const auto& results) {
    responder.send(results ? Reply::json(checks_json(service, id, *results))
                           : Reply::error(404, "there is no instance " + service + "/" + id));
  });
}

Reply explanation_page(Control& control, const Request& request) {
  if (request.parameter("sni")) {
    return Reply::error(400, "sni is not available in this version: no listener routes by it");
  }
  const auto listener = request.parameter("listener");
  if (!listener) return Reply::error(400, "listener is missing");
  std::string client;
  if (const auto given = request.parameter("client")) {
    const auto ip = canonical_ip(*given);
    if (!ip) return Reply::error(400, "client must be an IP address");
    client = *ip;
  }
  const auto told = control.explain(*listener, client);
  if (!told) return Reply::error(404, "there is no listener " + *listener);
  return Reply::json(explanation_json(*told));
}

// --- Connections

std::optional<std::size_t> read_limit(const std::string& text) {
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  if (!is_number || limit == 0 || limit > kMaxConnectionsListed) return std::nullopt;
  return limit;
}

void serve_connections(Control& control, const std::shared_ptr<Orders>& orders,
                       const Request& request, const Responder& responder) {
  ConnectionQuery query;
  query.service = request.parameter("service").value_or("");
  query.listener = request.parameter("listener").value_or("");
  query.instance = request.parameter("instance").value_or("");
  if (const auto given = request.parameter("limit")) {
    const auto limit = read_limit(*given);
    if (!limit) return responder.send(Reply::error(400, "limit must be from 1 to 100000"));
    query.limit = *limit;
  }
  control.connections(query, [orders, responder](ConnectionList list) {  // on a worker's thread
    auto page = [list = std::move(list)] { return Reply::json(connections_json(list)); };
    orders->place("", std::move(page), responder);
  });
}

void end_connection(Control& control, const Request& request, const Responder& responder) {
  control.close_connection(request.segments[2], [responder](bool found) {
    responder.send(found ? Reply{204, "", "", {}}
                         : Reply::error(404, "there is no such connection"));
  });
}

// --- Splits

void reset_fuse(Control& control, const Request& request, const Responder& responder) {
  FuseName name{request.segments[2], request.segments[3], request.segments[4]};
  control.reset_fuse(std::move(name), [responder](bool found) {
    responder.send(found ? Reply{204, "", "", {}} : Reply::error(404, "there is no such fuse"));
  });
}

// --- Configuration

void serve_status(Control& control, const Request&, const Responder& responder) {
  responder.send(Reply::json(status_json(control.status())));
}

Reply config_page(Control& control, const Request&) {
  return Reply::json("{\"config\":" + config::to_json(*control.config()) + "}");
}

std::optional<bool> read_flag(std::string_view text) {
  if (text.empty() || text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::nullopt;
}

struct ReloadWish {
  std::optional<bool> dry_run;
  std::string wrong;  // "" when it can be granted
};

ReloadWish read_reload_body(const std::string& body) {
  ReloadWish wish;
  if (body.empty()) return wish;
  const auto json = registry::read_json(body, wish.wrong);
  if (!json) return wish;
  if (!json->is_object()) return {{}, "the body must be an object"};
  for (const auto& [key, value] : json->items()) {
    if (key != "dry_run") return {{}, "unknown field: " + config::in_quotes(key)};
    if (!value.is_boolean()) return {{}, "dry_run must be true or false"};
    wish.dry_run = value.get<bool>();
  }
  return wish;
}

ReloadWish read_reload(const Request& request) {
  ReloadWish wish = read_reload_body(request.body);
  const auto given = request.parameter("dry_run");
  if (!wish.wrong.empty() || !given) return wish;
  if (wish.dry_run) return {{}, "dry_run is given twice"};
  wish.dry_run = read_flag(*given);
  if (!wish.dry_run) wish.wrong = "dry_run must be true or false";
  return wish;
}

void reload(Control& control, const Request& request, const Responder& responder) {
  const ReloadWish wish = read_reload(request);
  if (!wish.wrong.empty()) return responder.send(Reply::error(400, wish.wrong));
  control.reload(wish.dry_run.value_or(false), [responder](const ReloadReport& report) {
    Reply reply = Reply::json(reload_json(report));
    if (!report.ok) reply.status = 400;
    responder.send(std::move(reply));
  });
}

// --- Routes

// All that a page may depend on, beside the state of the server.
std::string name_of(const Request& request) {
  std::string name;
  for (const std::string& segment : request.segments) name += segment + '\0';
  for (const auto& [key, value] : request.query) name += '\0' + key + '\0' + value;
  return name;
}

using Serve = void (*)(Control&, const Request&, const Responder&);
using Render = Reply (*)(Control&, const Request&);

}  // namespace

std::vector<Route> api_routes(Control& control, Hub& hub, const std::shared_ptr<Orders>& orders) {
  // What is short is answered at once.
  const auto with = [&control](Serve serve) {
    return [&control, serve](const Request& request, const Responder& responder) {
      serve(control, request, responder);
    };
  };
  // What may be long is left to the scribe.
  const auto page = [&control, orders](Render render) {
    return [&control, orders, render](const Request& request, const Responder& responder) {
      auto rendered = [&control, render, request] { return render(control, request); };
      orders->place(name_of(request), std::move(rendered), responder);
    };
  };
  const auto connections = [&control, orders](const Request& request, const Responder& responder) {
    serve_connections(control, orders, request, responder);
  };
  std::vector<Route> routes = {
      {"GET", {"healthz"}, {}, false, with(serve_healthz), kOpen},
      {"GET", {"readyz"}, {}, false, with(serve_readyz), kOpen},
      {"GET", {"metrics"}, {}, false, page(metrics_page), kOpen},
      {"GET", {"v1", "status"}, {}, false, with(serve_status), kReadAll},
      {"GET", {"v1", "openapi.json"}, {}, false, with(serve_openapi), kReadAll},
      {"GET", {"v1", "config"}, {}, false, page(config_page), kReadAll},
      {"GET",
       {"v1", "explain"},
       {"listener", "client", "sni"},
       false,
       page(explanation_page),
       kReadAll},
      {"GET",
       {"v1", "services", "*", "instance"},
       {"client", "selector"},
       false,
       with(serve_instance),
       kRead},
      {"GET",
       {"v1", "services", "*", "instances", "*", "checks"},
       {},
       false,
       with(serve_checks),
       kRead},
      {"GET",
       {"v1", "connections"},
       {"service", "listener", "instance", "limit"},
       false,
       connections,
       kReadAsked},
      {"DELETE", {"v1", "connections", "*"}, {}, false, with(end_connection), kAdminAll},
      {"POST", {"v1", "fuses", "*", "*", "*", "reset"}, {}, false, with(reset_fuse), kAdminAll},
      {"POST", {"v1", "reload"}, {"dry_run"}, true, with(reload), kAdminAll},
  };
  std::ranges::move(registration_routes(control), std::back_inserter(routes));
  std::ranges::move(read_routes(hub), std::back_inserter(routes));
  return routes;
}

Handler make_api(Control& control, Hub& hub, Gate& gate) {
  auto scribe = std::make_shared<Scribe>();
  return
      [router = Router(api_routes(control, hub, scribe->orders())), scribe, &gate](
          Request& request, const Responder& responder) { router.serve(request, gate, responder); };
}

Door make_door(Gate& gate) {
  return [&gate](Request& head) { return gate.refuse_body(head, net::monotonic_ms()); };
}

}  // namespace sluice::admin
