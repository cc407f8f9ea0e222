#include "proxy/admin/read_routes.h"

#include <string>
#include <utility>

#include "proxy/admin/reads.h"

namespace sluice::admin {

namespace {

void serve_read(Hub& hub, const Request& request, const std::string& service,
                const Responder& responder) {
  std::string wrong;
  auto read = parse_read(request, service, wrong);
  if (!read) return responder.send(Reply::error(400, wrong));
  hub.read(std::move(*read), responder);
}

void serve_watch(Hub& hub, const Request& request, const Responder& responder) {
  std::string wrong;
  auto watching = parse_watching(request, wrong);
  if (!watching) return responder.send(Reply::error(400, wrong));
  hub.watch(std::move(*watching), responder);
}

void serve_events(Hub& hub, const Request& request, const Responder& responder) {
  std::string wrong;
  auto looking = parse_looking(request, wrong);
  if (!looking) return responder.send(Reply::error(400, wrong));
  hub.look(std::move(*looking), responder);
}

}  // namespace

std::vector<Route> read_routes(Hub& hub) {
  const std::vector<std::string_view> reads = {"index", "wait", "epoch", "selector", "state"};
  return {
      {"GET",
       {"v1", "services"},
       reads,
       false,
       [&hub](const Request& request, const Responder& responder) {
         serve_read(hub, request, "", responder);
       },
       kReadAll},
      {"GET",
       {"v1", "services", "*"},
       reads,
       false,
       [&hub](const Request& request, const Responder& responder) {
         serve_read(hub, request, request.segments[2], responder);
       },
       kRead},
      {"GET",
       {"v1", "watch"},
       {"service", "since", "epoch", "selector"},
       false,
       [&hub](const Request& request, const Responder& responder) {
         serve_watch(hub, request, responder);
       },
       kReadAsked},
      {"GET",
       {"v1", "events"},
       {"since", "service", "limit"},
       false,
       [&hub](const Request& request, const Responder& responder) {
         serve_events(hub, request, responder);
       },
       kReadAsked},
  };
}

}  // namespace sluice::admin
