// Whatever bytes a configuration holds, loading it neither crashes nor hangs, its problems are
// lines of text, and a configuration that is accepted survives being written and read again.
//
// Not part of the build. With clang and libFuzzer:
//
//   clang++-19 -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -I. tests/fuzz/config_fuzz.cc
//     config/*.cc -lyaml-cpp -o /tmp/config_fuzz
//   /tmp/config_fuzz -max_len=4096 CORPUS config/examples config/
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/load.h"
#include "config/printable.h"
#include "config/render.h"

using namespace sluice::config;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

std::optional<std::string> environment(std::string_view name) {
  if (name.starts_with('X')) return std::nullopt;
  return std::string(name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Loaded loaded = load_text(text, "fuzz", environment);
  for (const Problem& problem : loaded.problems) {
    const std::string line = problem.text();
    require(!has_control(line) && find_invalid_utf8(line) == std::string::npos);
  }
  require(loaded.config || !loaded.problems.empty());
  if (!loaded.config) return 0;
  to_json(*loaded.config);
  const Loaded again = load_text(to_yaml(*loaded.config), "again", {});
  require(again.config == loaded.config);
  require(diff(*loaded.config, *again.config).empty());
  return 0;
}
