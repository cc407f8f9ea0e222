#include "proxy/cli/version.h"

#include <curl/curl.h>
#include <fmt/core.h>
#include <spdlog/version.h>
#include <uv.h>
#include <xxhash.h>
#include <CLI/Version.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "proxy/cli/table.h"

namespace sluice::cli {
namespace {

std::string dotted(unsigned major, unsigned minor, unsigned patch) {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

}  // namespace

void show_version(std::ostream& out, bool verbose) {
  out << "sluice " SLUICE_VERSION "\n";
  if (!verbose) return;
  Table libraries({{"LIBRARY"}, {"VERSION"}});
  libraries.add({"compiler", __VERSION__});
  libraries.add({"libuv", uv_version_string()});
  libraries.add({"libcurl", curl_version_info(CURLVERSION_NOW)->version});
  const unsigned xxhash = XXH_versionNumber();
  libraries.add({"xxhash", dotted(xxhash / 10000, xxhash / 100 % 100, xxhash % 100)});
  libraries.add({"spdlog", dotted(SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH)});
  libraries.add({"fmt", dotted(FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)});
  libraries.add({"nlohmann-json", dotted(NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                                         NLOHMANN_JSON_VERSION_PATCH)});
  libraries.add({"CLI11", CLI11_VERSION});
  out << '\n' << libraries;
}

}  // namespace sluice::cli
