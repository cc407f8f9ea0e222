// The description of the API for programs: an OpenAPI 3.1 document, proxy/admin/openapi.json, which
// CMake builds in with the version. Tests hold it to the routes, to what their bodies may say, and
// to real answers; so a route, a parameter or a field that is new is written there, too.
#pragma once

#include <string_view>

namespace sluice::admin {

std::string_view openapi_json();

}  // namespace sluice::admin
