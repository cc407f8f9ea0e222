// The body of PUT .../state.
#include <string>

#include "registry/requests.h"
#include "tests/fuzz/said.h"

using namespace sluice::registry;
using namespace sluice::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
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
