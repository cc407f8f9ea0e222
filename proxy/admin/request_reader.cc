#include "proxy/admin/request_reader.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>

#include "proxy/admin/authorization.h"
#include "proxy/admin/request_target.h"

namespace sluice::admin {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

Objection check_method(http::verb method) {
  using http::verb;
  for (const verb known :
       {verb::get, verb::head, verb::post, verb::put, verb::delete_, verb::patch, verb::options}) {
    if (method == known) return std::nullopt;
  }
  return Refusal{501, "the method is not known"};
}

// Beast has one word for another version and for a line that ends in none, and looks at it before
// the method.
Objection check_version(std::string_view line) {
  const std::string_view version = line.substr(line.rfind(' ') + 1);
  if (version.size() != 10 || !version.starts_with("HTTP/") || version[6] != '.') return {};
  if (version == "HTTP/1.0\r\n" || version == "HTTP/1.1\r\n") return {};
  const Objection wrong = check_method(http::string_to_verb(line.substr(0, line.find(' '))));
  return wrong ? wrong : Refusal{505, "only HTTP/1.1 is spoken here"};
}

}  // namespace

// Keeps what Beast reads, and objects to what it takes and we do not.
class RequestReader::Parser final : public http::basic_parser<true> {
 public:
  explicit Parser(std::uint64_t limit) {
    body_limit(limit);
    header_limit(std::numeric_limits<std::uint32_t>::max());  // which starts anew with every put()
  }

  // Requires: `part` is whole: the request line, all fields, the line of a chunk, or data, of which
  // at most data_left(). So to want more of it, or less, is an error like any other.
  Objection parse(std::string_view part) {
    const bool took_all = put({part.data(), part.size()}, error) == part.size();
    if (took_all && (!error || error == http::error::need_more)) return std::nullopt;
    if (objection_) return objection_;
    if (error == http::error::body_limit) return Refusal{413, "the body is too large"};
    return Refusal{400, "the request is malformed: " + error.message()};
  }

  // Of the body or of the chunk; 0 where the line of a chunk is next.
  std::uint64_t data_left() const {
    return head.chunked ? chunk_left_ : content_length_remaining().value_or(0);
  }

  beast::error_code error;  // of the last parse()
  RequestHead head;
  std::string body;

 private:
  using Failure = beast::error_code;
  using Text = beast::string_view;

  void on_request_impl(http::verb method, Text name, Text target, int version,
                       Failure& failed) override {
    is_http_1_0_ = version == 10;
    head.request.method = name;
    object(check_method(method), failed);
    if (!failed) object(read_target(target, head.request), failed);
  }
  void on_field_impl(http::field field, Text name, Text value, Failure& failed) override {
    object(keep_field(field, name, value), failed);
  }
  void on_header_impl(Failure& failed) override { object(finish_head(), failed); }
  std::size_t on_body_impl(Text bytes, Failure&) override {
    body.append(bytes);
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t size, Text, Failure&) override { chunk_left_ = size; }
  std::size_t on_chunk_body_impl(std::uint64_t left, Text bytes, Failure& failed) override {
    chunk_left_ = left - bytes.size();
    return on_body_impl(bytes, failed);
  }
  void on_response_impl(int, Text, int, Failure&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Failure&) override {}
  void on_finish_impl(Failure&) override {}

  void object(Objection objection, Failure& failed) {
    objection_ = std::move(objection);
    if (objection_) failed = http::error::bad_value;  // as good as any: it stops the parser
  }

  Objection keep_field(http::field field, std::string_view name, std::string_view value) {
    if (++fields_ > kMaxFields) return Refusal{431, "the header has too many fields"};
    if (beast::iequals(name, "last-event-id")) {  // of which Beast knows nothing
      if (!head.request.last_event_id.empty()) return given_twice(name);
      head.request.last_event_id = value;
    }
    const std::pair<http::field, std::optional<std::string>&> known[] = {
        {http::field::host, head.host},
        {http::field::origin, head.origin},
        {http::field::sec_fetch_site, head.fetch_site},
        {http::field::content_type, head.content_type},
        {http::field::content_length, content_length_},
        {http::field::transfer_encoding, transfer_encoding_},
        {http::field::expect, expect_},
        {http::field::authorization, authorization_},
    };
    for (const auto& [known_field, place] : known) {
      if (field != known_field) continue;
      // Beast takes two Hosts, and two lengths that are equal.
      if (place) return given_twice(name);
      place = value;
    }
    return std::nullopt;
  }

  static Objection given_twice(std::string_view name) {
    return Refusal{400, "the field " + std::string(name) + " is given twice"};
  }

  Objection finish_head() {
    if (!head.host && !is_http_1_0_) return Refusal{400, "the field host is missing"};
    if (Objection wrong = check_framing()) return wrong;
    if (authorization_) {
      if (Objection wrong = read_authorization(*authorization_, head.request)) return wrong;
    }
    if (expect_ && !beast::iequals(*expect_, "100-continue")) {
      return Refusal{417, "the expectation is not known"};
    }
    head.expects_continue = expect_ && !is_http_1_0_;
    head.keep_alive = keep_alive() && !is_http_1_0_;
    head.chunked = chunked();
    head.content_length = content_length().value_or(0);
    const std::string& method = head.request.method;
    if (head.has_body() && (method == "GET" || method == "HEAD")) {
      return Refusal{400, "a " + method + " request carries no body"};
    }
    return std::nullopt;
  }

  // Beast takes "5, 5" for a length, and passes over codings that do not end in chunked, even when
  // a length follows.
  Objection check_framing() const {
    if (content_length_ && content_length_->find(',') != std::string::npos) {
      return Refusal{400, "content-length is a list"};
    }
    if (!transfer_encoding_) return std::nullopt;
    if (content_length_) return Refusal{400, "content-length stands beside transfer-encoding"};
    if (is_http_1_0_) return Refusal{400, "HTTP/1.0 knows no transfer-encoding"};
    if (beast::iequals(*transfer_encoding_, "chunked")) return std::nullopt;
    return Refusal{501, "the transfer-encoding is not known"};
  }

  bool is_http_1_0_ = false;
  std::size_t fields_ = 0;
  std::optional<std::string> content_length_, transfer_encoding_, expect_, authorization_;
  std::uint64_t chunk_left_ = 0;
  Objection objection_;
};

RequestReader::RequestReader(std::size_t head_limit, std::uint64_t body_limit)
    : head_limit_(head_limit), parser_(std::make_unique<Parser>(body_limit)) {}

RequestReader::~RequestReader() = default;

RequestHead& RequestReader::head() {
  return parser_->head;
}

std::string& RequestReader::body() {
  return parser_->body;
}

Progress RequestReader::refuse(Refusal why) {
  refusal_ = std::move(why);
  return Progress::refused;
}

Progress RequestReader::read_head(std::string_view& input) {
  while (true) {
    const std::size_t lf = input.find('\n', seen_);
    if (Objection wrong = check_size(std::min(lf, input.size()))) return refuse(*wrong);
    if (lf == input.npos) {
      seen_ = input.size();
      return Progress::more;
    }
    const std::string_view line = input.substr(line_at_, lf + 1 - line_at_);
    line_at_ = seen_ = lf + 1;
    // Beast would unfold lines, and behind a bare LF go on waiting for the end.
    if (!line.ends_with("\r\n")) return refuse({400, "a line does not end in CR LF"});
    if (line.starts_with(' ') || line.starts_with('\t')) return refuse({400, "a line is folded"});
    if (request_line_ == 0) {
      request_line_ = line.size();
      Objection wrong = parser_->parse(line);
      if (parser_->error == http::error::bad_version) wrong = check_version(line).value_or(*wrong);
      if (wrong) return refuse(*wrong);
    } else if (line == "\r\n") {
      const std::string_view fields = input.substr(request_line_, line_at_ - request_line_);
      if (Objection wrong = parser_->parse(fields)) return refuse(*wrong);
      input.remove_prefix(line_at_);
      return Progress::complete;
    }
  }
}

Objection RequestReader::check_size(std::size_t size) const {
  constexpr std::size_t kRestOfRequestLine = 32;  // method, version and spaces
  if (request_line_ == 0 && size >= std::min(head_limit_, kMaxTarget + kRestOfRequestLine)) {
    return Refusal{414, "the target is too long"};
  }
  if (size >= head_limit_) return Refusal{431, "the header is too large"};
  return std::nullopt;
}

Progress RequestReader::read_body(std::string_view& input) {
  while (!parser_->is_done()) {
    std::size_t size = std::min<std::uint64_t>(parser_->data_left(), input.size());
    if (parser_->data_left() == 0) {
      const Progress progress = find_chunk_line(input, size);
      if (progress != Progress::complete) return progress;
    }
    if (size == 0) return Progress::more;
    if (Objection wrong = parser_->parse(input.substr(0, size))) return refuse(*wrong);
    input.remove_prefix(size);
  }
  return Progress::complete;
}

// The line that begins a chunk, with the CR LF of the chunk before, and of the last chunk the empty
// line as well. Beast takes extensions, trailer fields (as header fields) and zeros in front, all
// of them without end, and 1.81 asserts that an empty body's last bytes do not come one by one.
Progress RequestReader::find_chunk_line(std::string_view input, std::size_t& size) {
  constexpr std::size_t kMaxDigits = 16;
  const std::size_t begin = body().empty() ? 0 : 2;
  const std::size_t lf = input.find('\n', begin);
  const std::string_view line = input.substr(0, lf == input.npos ? lf : lf + 1);
  size = line.size();
  if (size > begin + kMaxDigits + 2 ||
      line.find_first_not_of("0123456789abcdefABCDEF\r\n") != line.npos) {
    return refuse({400, "a chunk's size is malformed"});
  }
  if (lf == input.npos) return Progress::more;
  const bool is_last = size > begin + 2 && line.find_first_not_of("0\r\n") == line.npos;
  if (!is_last) return Progress::complete;
  const std::string_view end = input.substr(size, 2);
  if (!std::string_view("\r\n").starts_with(end)) {
    return refuse({400, "trailer fields are not taken"});
  }
  size += 2;
  return end.size() == 2 ? Progress::complete : Progress::more;
}

}  // namespace sluice::admin
