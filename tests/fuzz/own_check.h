// What holds for check settings that were taken, whoever said them.
#pragma once

#include <string>

#include "config/own_check.h"
#include "tests/fuzz/said.h"

namespace sluice::fuzz {

inline void require_check_bounds(const config::OwnCheck& own) {
  using namespace std::chrono_literals;
  for (const auto type : {config::CheckType::tcp, config::CheckType::none}) {
    config::Check service;
    service.type = type;
    const config::Check check = own.over(service, false);
    require(check.type != config::CheckType::none || type == check.type,
            "without a lease no check is off");
    require(check.interval >= 500ms && check.interval <= 1min, "the interval is within its bounds");
    require(check.fast_interval >= 500ms && check.fast_interval <= 1min, "the fast one as well");
    require(check.timeout >= 1ms && check.timeout <= 60s, "the timeout is within its bounds");
    require(check.rise >= 1 && check.rise <= 100, "rise is within its bounds");
    require(check.fall >= 1 && check.fall <= 100, "fall is within its bounds");
    require(check.jitter >= 0 && check.jitter <= 1, "jitter is a share");
    require(check.http.path.starts_with('/') && check.http.path.size() <= 2048, "a path is one");
    require(!config::has_control(check.http.path) && !config::has_control(check.http.host),
            "what stands in a request's head is one line");
    require(check.http.body.size() <= 1024 && check.http.host.size() <= 255, "texts are short");
    require(check.send.size() <= 1024 && check.expect.size() <= 1024, "words are few");
    require(!check.http.status.empty() && check.http.status.size() <= 32, "some status passes");
  }
}

// `taken` has the keys of `said`, and their types. Durations and ranges may be written otherwise.
inline void require_keys(const nlohmann::json& taken, const nlohmann::json& said) {
  require(taken.size() <= said.size(), "nothing is taken that is not said");
  for (const auto& [key, value] : said.items()) {
    const auto at = taken.find(key);
    if (at == taken.end()) {
      require(value.is_object() && value.empty(), "what is said is taken");
    } else if (value.is_object()) {
      require_keys(*at, value);
    } else if (value.is_number() || key == "path" || key == "host" || key == "body") {
      require(*at == value, "what is said is taken as it is");
    } else {
      require(at->type() == value.type(), "and its type");
    }
  }
}

// Requires: `object` is what was read, with its settings under "check".
inline void require_check_as_said(const config::OwnCheck& own, const nlohmann::json& object) {
  const auto said = object.find("check");
  require(own.json().empty() || said != object.end(), "who says nothing has nothing of his own");
  if (own.json().empty()) return;
  require_keys(nlohmann::json::parse(own.json()), *said);
  std::string why;
  require(config::OwnCheck::parse(own.json(), why) == own, "what is kept is read back");
}

}  // namespace sluice::fuzz
