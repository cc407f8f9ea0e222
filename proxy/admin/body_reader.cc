#include "proxy/admin/body_reader.h"

#include <algorithm>
#include <charconv>

namespace sluice::admin {

BodyReader::BodyReader(const RequestHead& head, std::uint64_t limit)
    : limit_(limit),
      expecting_(head.chunked ? Expecting::chunk_size : Expecting::whole),
      missing_(head.content_length) {}

Progress BodyReader::read(std::string_view& input) {
  if (missing_ > limit_) return refuse(413, "the body is too large");
  while (true) {
    Progress step = Progress::more;
    switch (expecting_) {
      case Expecting::whole:
        return read_bytes(input);
      case Expecting::last_line:
        return read_line_end(input);
      case Expecting::chunk_size:
        step = read_chunk_size(input);
        break;
      case Expecting::chunk:
        step = read_bytes(input);
        if (step == Progress::complete) expecting_ = Expecting::chunk_end;
        break;
      case Expecting::chunk_end:
        step = read_line_end(input);
        if (step == Progress::complete) expecting_ = Expecting::chunk_size;
        break;
    }
    if (step != Progress::complete) return step;
  }
}

Progress BodyReader::read_bytes(std::string_view& input) {
  const std::size_t taken = std::min<std::uint64_t>(missing_, input.size());
  body_.append(input.substr(0, taken));
  input.remove_prefix(taken);
  missing_ -= taken;
  return missing_ == 0 ? Progress::complete : Progress::more;
}

Progress BodyReader::read_chunk_size(std::string_view& input) {
  constexpr std::size_t kMaxDigits = 16;
  const std::string_view digits =
      input.substr(0, std::min(input.find_first_not_of("0123456789abcdefABCDEF"), input.size()));
  if (digits.size() > kMaxDigits) return refuse(400, "a chunk's size is malformed");
  const std::string_view rest = input.substr(digits.size(), 2);
  if (!std::string_view("\r\n").starts_with(rest) || (digits.empty() && !rest.empty())) {
    return refuse(400, "a chunk's size is malformed");
  }
  if (rest.size() < 2) return Progress::more;
  std::from_chars(digits.data(), digits.data() + digits.size(), missing_, 16);
  if (missing_ > limit_ - body_.size()) return refuse(413, "the body is too large");
  input.remove_prefix(digits.size() + 2);
  expecting_ = missing_ == 0 ? Expecting::last_line : Expecting::chunk;
  return Progress::complete;
}

Progress BodyReader::read_line_end(std::string_view& input) {
  const std::string_view end = input.substr(0, 2);
  if (!std::string_view("\r\n").starts_with(end)) {
    return refuse(400, expecting_ == Expecting::last_line ? "trailer fields are not taken"
                                                          : "a chunk is longer than its size");
  }
  if (end.size() < 2) return Progress::more;
  input.remove_prefix(2);
  return Progress::complete;
}

Progress BodyReader::refuse(int status, std::string message) {
  refusal_ = {status, std::move(message)};
  return Progress::refused;
}

}  // namespace sluice::admin
