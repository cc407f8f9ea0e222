#include "proxy/health/mysql.h"

#include <algorithm>
#include <array>
#include <optional>

#include "config/printable.h"

namespace sluice::health {

namespace {

using namespace std::string_literals;

constexpr std::string_view kMysql = "MySQL";
constexpr char kOk = '\0';
constexpr char kProtocol = 10;
constexpr char kSwitch = '\xfe';
constexpr char kErr = '\xff';

std::size_t little_endian(std::string_view bytes) {
  std::size_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
  }
  return value;
}

// One packet: the length of what it holds in three bytes, its number, and what it holds.
struct Packet {
  static constexpr std::size_t kHead = 4;
  char number = 0;
  std::string_view payload;
  std::size_t size() const { return kHead + payload.size(); }
};

bool is_packet(std::string_view bytes) {
  if (bytes.size() < 3) return true;
  const std::size_t length = little_endian(bytes.substr(0, 3));
  return length > 0 && length < kJudgedBytes;
}

std::optional<Packet> first_packet(std::string_view bytes) {
  if (bytes.size() < Packet::kHead) return std::nullopt;
  const std::size_t length = little_endian(bytes.substr(0, 3));
  if (bytes.size() - Packet::kHead < length) return std::nullopt;
  return Packet{bytes[3], bytes.substr(Packet::kHead, length)};
}

std::string packet(char number, const std::string& payload) {
  return static_cast<char>(payload.size()) + "\0\0"s + number + payload;
}

// HandshakeResponse41: LONG_PASSWORD, PROTOCOL_41, SECURE_CONNECTION and PLUGIN_AUTH; packets of at
// most 16 MiB, utf8mb4, and an empty answer to the challenge. The plugin is one that every server
// knows or asks to be switched from.
std::string login(char number) {
  return packet(number, "\x01\x82\x08\0\0\0\0\x01\x2d"s + std::string(23, '\0') +
                            "sluice\0\0mysql_native_password\0"s);
}

const std::string& good_bye() {
  static const std::string quit = packet(0, "\x01");
  return quit;
}

struct Error {
  std::size_t code = 0;
  std::string text;  // `1040 "Too many connections"`
};

// A code, and a text that may begin with "#" and its SQLSTATE.
std::optional<Error> error_in(std::string_view payload) {
  if (payload.size() < 3) return std::nullopt;
  const std::size_t code = little_endian(payload.substr(1, 2));
  std::string_view message = payload.substr(3);
  if (message.starts_with('#')) message.remove_prefix(std::min<std::size_t>(6, message.size()));
  return Error{code, std::to_string(code) + " " + config::in_quotes(message)};
}

bool is_for_all(std::size_t code) {
  constexpr auto kForAll = std::to_array<std::size_t>({
      1040,  // too many connections
      1041,  // out of memory
      1053,  // shutting down
      1129,  // this host is blocked
      1130,  // this host is not allowed
      3032,  // offline
  });
  return std::ranges::find(kForAll, code) != kForAll.end();
}

// The version that a greeting names; nothing: it is none. After the version come the thread's
// number, 8 bytes of a challenge and a filler, and the capabilities.
std::optional<std::string_view> greeted_version(std::string_view payload) {
  constexpr std::size_t kLeast = 4 + 8 + 1 + 2;
  const std::size_t end = payload.find('\0', 1);
  if (payload.front() != kProtocol || end == payload.npos) return std::nullopt;
  if (payload.size() - end - 1 < kLeast) return std::nullopt;
  return payload.substr(1, end - 1);
}

// Judges what comes first; open: it is a greeting, with our login as its words.
Judgement judge_greeting(const Packet& first, std::string& why) {
  if (first.payload.front() == kErr) {
    const auto error = error_in(first.payload);
    return error ? down("answered " + error->text) : foreign(kMysql, first.payload);
  }
  const auto version = greeted_version(first.payload);
  if (!version) return foreign(kMysql, first.payload);
  why = "greeted as " + config::in_quotes(*version);
  return {Judgement::State::open, "", login(static_cast<char>(first.number + 1))};
}

// Judges the answer to a login, which is `judged` so far.
Judgement judge_login(const Packet& answer, Judgement judged, const std::string& why) {
  if (answer.payload.front() == kErr) {
    const auto error = error_in(answer.payload);
    if (!error) return foreign(kMysql, answer.payload);
    if (is_for_all(error->code)) return down("answered " + error->text);
    return up(why + ", refused us alone: " + error->text, std::move(judged.words));
  }
  if (answer.payload.front() == kSwitch) {
    judged.words += packet(static_cast<char>(answer.number + 1), "");
    return judged;
  }
  if (answer.payload.front() == kOk)
    return up(why + ", accepted our login", judged.words + good_bye());
  return up(why + ", asked for a password", std::move(judged.words));
}

}  // namespace

Judgement judge_mysql(std::string_view heard) {
  const std::string_view all = heard.substr(0, kJudgedBytes);
  Judgement judged;
  std::string why;
  for (std::string_view rest = all; !rest.empty();) {
    if (!is_packet(rest)) return foreign(kMysql, all);
    const auto packet = first_packet(rest);
    if (!packet) break;
    judged = rest.size() == all.size() ? judge_greeting(*packet, why)
                                       : judge_login(*packet, std::move(judged), why);
    if (judged.state != Judgement::State::open) return judged;
    rest.remove_prefix(packet->size());
  }
  return heard.size() < kJudgedBytes ? judged : foreign(kMysql, all);
}

}  // namespace sluice::health
