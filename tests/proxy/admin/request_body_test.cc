#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/admin/pieces.h"

namespace sluice::admin {
namespace {

constexpr ReaderLimits kLimits{.head = 8192, .body = 16};

std::string of_framing(const std::string& field) {
  return "POST /a HTTP/1.1\r\nHost: localhost\r\n" + field + "\r\n\r\n";
}
std::string of_length(std::uint64_t length) {
  return of_framing("Content-Length: " + std::to_string(length));
}
std::string in_chunks() {
  return of_framing("Transfer-Encoding: chunked");
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

Outcome outcome_of(const std::string& bytes) {
  const Reading reading = read_at_once(bytes, kLimits);
  return {reading.progress, reading.status, reading.body, reading.left};
}

Outcome complete(std::string body, std::string left = "") {
  return {Progress::complete, 0, std::move(body), std::move(left)};
}
Outcome refused(int status) {
  return {Progress::refused, status, "", ""};
}

TEST(RequestReader, TakesExactlyTheBody) {
  const struct {
    const char* name;
    std::string head;
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
      {"size and a tab", in_chunks(), "5\t\r\nhello\r\n0\r\n\r\n", refused(400)},
      {"size and bare CR", in_chunks(), "5\r\r\nhello\r\n0\r\n\r\n", refused(400)},
      {"size of no chunk and bare LF", in_chunks(), "0\n\r\n", refused(400)},
      {"size of no chunk, CR CR LF", in_chunks(), "0\r\r\n\r\n", refused(400)},
      {"bare LF before a size", in_chunks(), "\n5\r\nhello\r\n0\r\n\r\n", refused(400)},
      {"CR LF before the first size", in_chunks(), "\r\n5\r\nhello\r\n0\r\n\r\n", refused(400)},
      {"two CR LF behind a chunk", in_chunks(), "5\r\nhello\r\n\r\n0\r\n\r\n", refused(400)},
      {"no CR LF behind a chunk", in_chunks(), "5\r\nhello0\r\n\r\n", refused(400)},
      {"extension of the last chunk", in_chunks(), "0;a=b\r\n\r\n", refused(400)},
      {"quoted extension", in_chunks(), "5;a=\"\r\nhello\r\n0\r\n\r\n\"\r\n", refused(400)},
      {"trailer field that frames", in_chunks(), "0\r\nContent-Length: 5\r\n\r\nhello",
       refused(400)},
      {"trailer field of 1 MiB", in_chunks(), "0\r\nX: " + std::string(1 << 20, 'x'), refused(400)},
      {"trailer without a field", in_chunks(), "0\r\n \r\n\r\n", refused(400)},
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
    EXPECT_EQ(outcome_of(c.head + c.bytes), c.outcome) << c.name;
    expect_the_same_in_pieces(c.head + c.bytes, c.name, kLimits);
  }
}

}  // namespace
}  // namespace sluice::admin
