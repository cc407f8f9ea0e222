// The routes of the admin API: a request in, a reply out (at once or later), everything else asked
// of Control.
//
// What is short is answered on the transport's thread, at once. What may be long (/metrics,
// /v1/config, /v1/explain, /v1/connections) is left to a Scribe on a thread of its own, which the
// handler owns; the last copy of the handler to go stops it. Reads of the registry are the Hub's.
#pragma once

#include <memory>
#include <vector>

#include "proxy/admin/control.h"
#include "proxy/admin/gate.h"
#include "proxy/admin/http.h"
#include "proxy/admin/hub.h"
#include "proxy/admin/orders.h"
#include "proxy/admin/router.h"

namespace sluice::admin {

// The handler for an HttpServer. `control`, `hub` and `gate` must outlive it.
//
//   GET  /healthz  /readyz  /metrics
//   GET  /v1/status  /v1/config  /v1/services/{s}/instance?client=IP&selector=
//   GET  /v1/services/{s}/instances/{id}/checks
//   GET  /v1/openapi.json
//   GET  /v1/explain?listener=&client=IP
//   GET  /v1/connections?service=&listener=&instance=&limit=     DELETE /v1/connections/{id}
//   POST /v1/reload?dry_run=true        or with the body {"dry_run": true}
//
// And those of read_routes.h and registrations.h. /healthz, /readyz and /metrics are open to all;
// what the rest takes of a token is in gate.h and beside each route. An unknown path is 404, a
// known one with another method 405 with Allow. HEAD is answered as GET. A parameter or a body that
// a route does not know is 400: what is asked is done or refused, never ignored. Reads of the
// registry carry X-Sluice-Index and X-Sluice-Epoch.
Handler make_api(Control& control, Hub& hub, Gate& gate);

// All that it serves. `control` and `hub` must outlive them; pages are left to `orders`.
std::vector<Route> api_routes(Control& control, Hub& hub, const std::shared_ptr<Orders>& orders);

// And its door: who brings no token that is known need not send a body.
Door make_door(Gate& gate);

}  // namespace sluice::admin
