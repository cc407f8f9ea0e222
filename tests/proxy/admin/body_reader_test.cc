#include "proxy/admin/body_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::admin {
namespace {

constexpr std::uint64_t kLimit = 16;

RequestHead of_length(std::uint64_t length) {
  RequestHead head;
  head.content_length = length;
  return head;
}
RequestHead in_chunks() {
  RequestHead head;
  head.chunked = true;
  return head;
}

struct Outcome {
  Progress progress = Progress::more;
  int status = 0;
  std::string body;
  std::string left;  // what follows the body
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  return out << static_cast<int>(outcome.progress) << " " << outcome.status << " '" << outcome.body
             << "' left '" << outcome.left << "'";
}

// Shows the reader `step` more bytes at a time, and what it left of those before, as a connection
// does.
Outcome read_in_steps(const RequestHead& head, const std::string& bytes, std::size_t step) {
  BodyReader reader(head, kLimit);
  std::string input;
  std::size_t shown = 0;
  while (true) {
    std::string_view rest = input;
    const Progress progress = reader.read(rest);
    input.erase(0, input.size() - rest.size());
    if (progress == Progress::refused) return {progress, reader.refusal().status, "", ""};
    if (progress == Progress::complete) {
      return {progress, 0, reader.body(), input + bytes.substr(shown)};
    }
    if (shown == bytes.size()) return {};
    input += bytes.substr(shown, step);
    shown = std::min(bytes.size(), shown + step);
  }
}

Outcome complete(std::string body, std::string left = "") {
  return {Progress::complete, 0, std::move(body), std::move(left)};
}
Outcome refused(int status) {
  return {Progress::refused, status, "", ""};
}

TEST(BodyReader, TakesExactlyTheBody) {
  const struct {
    const char* name;
    RequestHead head;
    std::string bytes;
    Outcome outcome;
  } cases[] = {
      {"none", of_length(0), "GET /", complete("", "GET /")},
      {"length", of_length(5), "helloGET /", complete("hello", "GET /")},
      {"length up to the limit", of_length(16), "0123456789abcdef", complete("0123456789abcdef")},
      {"length not reached", of_length(5), "hell", {}},
      {"length over the limit", of_length(17), "", refused(413)},
      {"length far over the limit", of_length(~std::uint64_t{0}), "", refused(413)},
      {"chunks", in_chunks(), "5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\nGET /",
       complete("hello0123456789", "GET /")},
      {"no chunk", in_chunks(), "0\r\n\r\n", complete("")},
      {"leading zeros", in_chunks(), "005\r\nhello\r\n000\r\n\r\n", complete("hello")},
      {"chunks not ended", in_chunks(), "5\r\nhello\r\n0\r\n", {}},
      {"chunk over the limit", in_chunks(), "11\r\n", refused(413)},
      {"chunk of 2^64-1", in_chunks(), "ffffffffffffffff\r\n", refused(413)},
      {"chunks over the limit", in_chunks(), "A\r\n0123456789\r\n7\r\n", refused(413)},
      {"size of 17 digits", in_chunks(), "00000000000000001\r\n", refused(400)},
      {"size without digits", in_chunks(), "\r\n", refused(400)},
      {"size with a sign", in_chunks(), "+5\r\nhello\r\n0\r\n\r\n", refused(400)},
      {"size with 0x", in_chunks(), "0x5\r\nhello", refused(400)},
      {"size and a space", in_chunks(), "5 \r\nhello\r\n0\r\n\r\n", refused(400)},
      {"size and bare LF", in_chunks(), "5\nhello\r\n0\r\n\r\n", refused(400)},
      {"size, CR and no LF", in_chunks(), "5\rhello", refused(400)},
      {"extension", in_chunks(), "5;a=b\r\nhello\r\n0\r\n\r\n", refused(400)},
      {"extension of 1 MiB", in_chunks(), "5;" + std::string(1 << 20, 'x'), refused(400)},
      {"digits of 1 MiB", in_chunks(), std::string(1 << 20, '0'), refused(400)},
      {"chunk longer than its size", in_chunks(), "5\r\nhello!\r\n0\r\n\r\n", refused(400)},
      {"chunk shorter than its size", in_chunks(), "5\r\nhell\r\n0\r\n\r\n", refused(400)},
      {"chunk and bare LF", in_chunks(), "5\r\nhello\n0\r\n\r\n", refused(400)},
      {"trailer field", in_chunks(), "0\r\nX: y\r\n\r\n", refused(400)},
      {"last line and bare LF", in_chunks(), "0\r\n\n", refused(400)},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(read_in_steps(c.head, c.bytes, c.bytes.size() + 1), c.outcome) << c.name;
    EXPECT_EQ(read_in_steps(c.head, c.bytes, 1), c.outcome) << c.name << ", byte by byte";
    EXPECT_EQ(read_in_steps(c.head, c.bytes, 3), c.outcome) << c.name << ", in threes";
  }
}

}  // namespace
}  // namespace sluice::admin
