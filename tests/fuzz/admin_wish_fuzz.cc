// The body of PUT .../state.
#include <string>

#include "registry/requests.h"
#include "tests/fuzz/said.h"

namespace sluice::fuzz::admin_wish_target {

using namespace sluice::registry;

SLUICE_FUZZ_TARGET(admin_wish) {
  const std::string_view body = text_of(data, size);
  const sluice::access::Bounds bounds;
  std::string why;
  const auto wish = read_admin(body, bounds, why);
  if (!wish) {
    require_message(why);
    return 0;
  }
  require(!bounds.judge_reason(wish->reason), "the reason is within its bounds");
  require_said(object_of(body), "admin", word(wish->admin));
  require_said(object_of(body), "reason", wish->reason);
  const nlohmann::json written = {{"admin", word(wish->admin)}, {"reason", wish->reason}};
  const auto again = read_admin(written.dump(), bounds, why);
  require(again && again->admin == wish->admin && again->reason == wish->reason,
          "what is written is read back");
  return 0;
}

}  // namespace sluice::fuzz::admin_wish_target
