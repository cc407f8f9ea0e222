#include "proxy/health/pgsql.h"

#include <algorithm>
#include <array>
#include <optional>

#include "config/printable.h"

namespace sluice::health {

namespace {

using namespace std::string_literals;

constexpr std::string_view kPostgres = "PostgreSQL";
constexpr std::uint32_t kMostAuthentication = 12;  // AuthenticationSASLFinal

std::uint32_t big_endian(std::string_view four) {
  std::uint32_t value = 0;
  for (const char byte : four) value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

// One message: a type, a length that counts itself, and what it holds.
struct Message {
  static constexpr std::size_t kHead = 5;
  char type = 0;
  std::string_view body;
  std::size_t size() const { return kHead + body.size(); }
};

// May the message that begins with these bytes be sent before we have answered anything?
bool is_message(std::string_view bytes, bool is_let_in) {
  const std::string_view types = is_let_in ? "RENSKZ" : "RENv";
  if (types.find(bytes.front()) == types.npos) return false;
  if (bytes.size() < Message::kHead) return true;
  const std::uint32_t length = big_endian(bytes.substr(1, 4));
  return length >= 4 && length < kJudgedBytes;
}

std::optional<Message> first_message(std::string_view bytes) {
  if (bytes.size() < Message::kHead) return std::nullopt;
  const std::size_t length = big_endian(bytes.substr(1, 4)) - 4;
  if (bytes.size() - Message::kHead < length) return std::nullopt;
  return Message{bytes.front(), bytes.substr(Message::kHead, length)};
}

// A field of an ErrorResponse: its type, its text, a NUL. "": there is none.
std::string_view field(std::string_view body, char type) {
  while (!body.empty() && body.front() != '\0') {
    const std::size_t end = std::min(body.find('\0'), body.size());
    if (body.front() == type) return body.substr(1, end - 1);
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return {};
}

bool is_sqlstate(std::string_view text) {
  return text.size() == 5 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

Judgement judge_error(const Message& error) {
  constexpr auto kServesNobody = std::to_array<std::string_view>({"08", "53", "57", "58", "XX"});
  const std::string_view state = field(error.body, 'C');
  if (!is_sqlstate(state)) return foreign(kPostgres, error.body);
  const std::string said = std::string(state) + " " + config::in_quotes(field(error.body, 'M'));
  if (std::ranges::find(kServesNobody, state.substr(0, 2)) != kServesNobody.end()) {
    return down("answered " + said);
  }
  return up("refused us alone: " + said);
}

}  // namespace

std::string pgsql_startup() {
  const std::string body = "\0\3\0\0user\0sluice\0database\0postgres\0\0"s;
  return "\0\0\0"s + static_cast<char>(4 + body.size()) + body;
}

Judgement judge_pgsql(std::string_view heard) {
  const std::string_view all = heard.substr(0, kJudgedBytes);
  bool is_let_in = false;
  for (std::string_view rest = all; !rest.empty();) {
    if (!is_message(rest, is_let_in)) return foreign(kPostgres, all);
    const auto message = first_message(rest);
    if (!message) break;
    rest.remove_prefix(message->size());
    if (message->type == 'E') return judge_error(*message);
    if (message->type == 'Z') return up("accepted our login", "X\0\0\0\4"s);
    if (message->type != 'R') continue;
    const std::uint32_t wanted =
        message->body.size() < 4 ? ~0u : big_endian(message->body.substr(0, 4));
    if (wanted > kMostAuthentication) return foreign(kPostgres, all);
    if (wanted != 0) return up("asked for a password");
    is_let_in = true;
  }
  return heard.size() < kJudgedBytes ? Judgement() : foreign(kPostgres, all);
}

}  // namespace sluice::health
