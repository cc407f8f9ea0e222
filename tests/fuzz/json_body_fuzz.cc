// JSON from a client.
#include "registry/json_body.h"

#include <string>

#include "tests/fuzz/fuzz.h"

namespace sluice::fuzz::json_body_target {

using namespace sluice::registry;

namespace {

void require_bounds(const nlohmann::json& value, std::size_t depth) {
  if (!value.is_structured()) return;
  require(depth <= kMaxJsonDepth, "the depth is bounded");
  for (const auto& member : value) require_bounds(member, depth + 1);
}

}  // namespace

SLUICE_FUZZ_TARGET(json_body) {
  const std::string_view text = text_of(data, size);
  std::string why;
  const auto body = read_json(text, why);
  if (!body) {
    require_message(why);
    return 0;
  }
  require_bounds(*body, 1);
  const std::string written = body->dump();  // throws where a text is not UTF-8
  require(read_json(written, why) == body, "what is written is read back");
  require(!read_json(written + ",", why), "nothing may follow");
  if (body->is_object() && !body->empty()) {
    const std::string key = nlohmann::json(body->begin().key()).dump();
    require(!read_json("{" + key + ":0," + written.substr(1), why), "a key is given once");
  }
  return 0;
}

}  // namespace sluice::fuzz::json_body_target
