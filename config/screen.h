// Looks at the bytes before the YAML parser does, which trusts its input too much.
#pragma once

#include <string_view>

#include "config/report.h"

namespace sluice::config {

// Whether `text` is UTF-8 without control characters, at most kMaxFileBytes long, and cannot cost
// the parser more than some 60 MiB and a second. If not, says in `report` where and why.
bool screen(std::string_view text, Report& report);

}  // namespace sluice::config
