#include "proxy/cli/greeter.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace sluice::cli {
namespace {

constexpr std::size_t kMaxLine = 8u << 10;

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

bool begins_request(std::string_view line) {
  const std::size_t last_blank = line.rfind(' ');
  return last_blank != std::string_view::npos && line.find(' ') != last_blank &&
         line.substr(last_blank + 1).starts_with("HTTP/1.");
}

}  // namespace

Greeter::Greeter(std::string name, std::uint64_t connection)
    : name_(std::move(name)),
      greeting_("hello from " + name_ + " (connection " + std::to_string(connection) + ")\n") {}

std::string Greeter::hear(std::string_view bytes) {
  std::string reply;
  unfinished_ += bytes;
  std::size_t begin = 0;
  for (std::size_t end = 0; !done_ && (end = unfinished_.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    std::string_view line(unfinished_.data() + begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    reply += answer_line(line);
  }
  unfinished_.erase(0, begin);
  if (unfinished_.size() > kMaxLine) done_ = true;
  return reply;
}

std::string Greeter::answer_line(std::string_view line) {
  if (in_headers_) {
    if (!line.empty()) {
      const std::string header = lower(line);
      if (header.starts_with("connection:") && header.find("close") != std::string::npos) {
        last_ = true;
      }
      return "";
    }
    in_headers_ = false;
    done_ = last_;
    return answer_request();
  }
  if (!begins_request(line)) return name_ + ": " + std::string(line) + "\n";
  in_headers_ = true;
  is_head_ = line.starts_with("HEAD ");
  const bool may_go_on = (is_head_ || line.starts_with("GET ")) && line.ends_with("HTTP/1.1");
  last_ = !may_go_on;
  return "";
}

std::string Greeter::answer_request() const {
  std::string reply = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
                      std::to_string(greeting_.size()) + "\r\n";
  if (last_) reply += "Connection: close\r\n";
  reply += "\r\n";
  return is_head_ ? reply : reply + greeting_;
}

}  // namespace sluice::cli
