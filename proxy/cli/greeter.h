// What a backend of the demo says on one connection: bytes in, bytes out, no socket.
//
// A line that begins an HTTP/1.x request is answered with 200 and the greeting once its headers are
// complete; any other line is sent back with the backend's name before it. GET and HEAD may follow
// each other on one connection; after another method, which may have a body, the connection ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::cli {

class Greeter {
 public:
  // The `connection`-th one of the backend `name`.
  Greeter(std::string name, std::uint64_t connection);

  // Takes what was received, in whatever pieces; returns what is to be sent.
  std::string hear(std::string_view bytes);

  // Nothing more will be said: to be closed once everything is sent. Also after a line of more than
  // 8 KiB.
  bool is_done() const { return done_; }

 private:
  std::string answer_line(std::string_view line);
  std::string answer_request() const;

  std::string name_;
  std::string greeting_;
  std::string unfinished_;  // the line that has not come to its end
  bool in_headers_ = false;
  bool is_head_ = false;
  bool last_ = false;  // of the request being read: close after it
  bool done_ = false;
};

}  // namespace sluice::cli
