// The bytes of a request, behind one byte that says how they are cut on their way and how little is
// allowed.
#include <string>

#include "tests/fuzz/fuzz.h"
#include "tests/proxy/admin/reading.h"

namespace sluice::fuzz::request_target {

using namespace sluice::admin;

namespace {

// Pieces of `step` bytes.
std::vector<std::size_t> cuts_at(std::size_t step, std::size_t size) {
  std::vector<std::size_t> cuts;
  for (std::size_t at = step; at < size; at += step) cuts.push_back(at);
  return cuts;
}

void require_within(const Reading& reading, std::string_view bytes, const ReaderLimits& limits) {
  switch (reading.progress) {
    case Progress::refused:
      require(reading.status >= 400 && reading.status <= 599, "a refusal has a status of errors");
      break;
    case Progress::complete:
      require(reading.body.size() <= limits.body, "a body is within its limit");
      require(bytes.ends_with(reading.left), "what follows a request is left alone");
      break;
    case Progress::more:
      require(reading.body.size() <= limits.body, "a body is within its limit");
      require(!reading.head.empty() || bytes.size() < limits.head, "so is a head");
      break;
  }
}

}  // namespace

SLUICE_FUZZ_TARGET(request) {
  if (size == 0) return 0;
  const std::uint8_t choice = data[0];
  const std::string_view bytes = text_of(data + 1, size - 1);
  ReaderLimits limits;
  if ((choice & 0x80) != 0) limits = {.head = 128, .body = 16};

  const Reading reading = read_at_once(bytes, limits);
  require_within(reading, bytes, limits);
  for (const std::size_t step : {std::size_t{1}, std::size_t{2} + (choice & 0x7f)}) {
    require(read_in_pieces(bytes, cuts_at(step, bytes.size()), limits) == reading,
            "however the bytes are cut, they say the same");
  }
  return 0;
}

}  // namespace sluice::fuzz::request_target
