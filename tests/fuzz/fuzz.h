// What the fuzz targets share: bytes as text, and properties that hold whatever the bytes are.
//
// A target, THING_fuzz.cc, is one function of bytes for each reader of what strangers send. It
// asserts what the reader's header promises, not only that nothing crashes. It is built twice:
// alone with libFuzzer, to look for bytes that break a promise (./dev test --fuzz), and with all
// the others and fuzz_replay.cc, which shows it the files of corpus/THING as an ordinary test.
// Bytes that once broke a promise stay there under a name that says which; the others are what
// libFuzzer's -merge=1 leaves of a run. No loop, no thread, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string_view>
#include <utility>

#include "config/printable.h"

// SLUICE_FUZZ_TARGET(thing) { ... return 0; }: the function of THING_fuzz.cc, of `data` and `size`.
// It and what it needs stand in a namespace of their own, sluice::fuzz::thing_target.
#if defined(SLUICE_FUZZ_REPLAY)
#define SLUICE_FUZZ_TARGET(thing)                                                       \
  static int show(const std::uint8_t* data, std::size_t size);                          \
  static const bool is_known = ::sluice::fuzz::targets().emplace(#thing, &show).second; \
  static int show([[maybe_unused]] const std::uint8_t* data, [[maybe_unused]] std::size_t size)
#else
#define SLUICE_FUZZ_TARGET(thing) \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
#endif

namespace sluice::fuzz {

using Target = int (*)(const std::uint8_t* data, std::size_t size);

// Those of this program, by name.
inline std::map<std::string_view, Target>& targets() {
  static std::map<std::string_view, Target> all;
  return all;
}

// Ends the process: a finding. `promise` is what was broken.
inline void require(bool is_kept, const char* promise) {
  if (is_kept) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Takes the bytes up to the next NUL off the front of `rest`, so that one input may hold several.
inline std::string_view next_text(std::string_view& rest) {
  const std::size_t end = rest.find('\0');
  const std::string_view text = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  return text;
}

// What people are told: something, in UTF-8, on one line, and not the whole of what was sent.
inline void require_message(std::string_view why, std::size_t longest = 1000) {
  require(!why.empty(), "a refusal says why");
  require(why.size() <= longest, "a message is short whatever was sent");
  require(!config::has_control(why), "a message is one line");
  require(config::find_invalid_utf8(why) == why.npos, "a message is UTF-8");
}

}  // namespace sluice::fuzz
