// What a RequestReader makes of bytes that come in pieces, as a connection shows them to it.
#pragma once

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/admin/request_reader.h"

namespace sluice::admin {

struct ReaderLimits {
  std::size_t head = 8192;
  std::uint64_t body = 1 << 20;
};

struct Reading {
  Progress progress = Progress::more;
  int status = 0;    // of the refusal
  std::string head;  // what it said, once complete; "" before
  std::string body;
  std::string left;  // what follows the request, once complete

  friend bool operator==(const Reading&, const Reading&) = default;
};

inline std::ostream& operator<<(std::ostream& out, const Reading& reading) {
  return out << static_cast<int>(reading.progress) << " " << reading.status << " '" << reading.head
             << "' '" << reading.body << "' left '" << reading.left << "'";
}

inline std::string said(const RequestHead& head) {
  return head.request.method + " " + head.request.path + " " + std::to_string(head.chunked) +
         std::to_string(head.content_length) + std::to_string(head.keep_alive) +
         head.host.value_or("-");
}

// `cuts`: where one piece ends and the next begins, ascending.
inline Reading read_in_pieces(std::string_view bytes, const std::vector<std::size_t>& cuts,
                              ReaderLimits limits = {}) {
  RequestReader reader(limits.head, limits.body);
  std::string input;
  Reading reading;
  bool has_head = false;
  std::size_t shown = 0;
  for (std::size_t piece = 0; piece <= cuts.size(); ++piece) {
    const std::size_t end = piece == cuts.size() ? bytes.size() : cuts[piece];
    input += bytes.substr(shown, end - shown);
    shown = end;
    std::string_view rest = input;
    Progress progress = has_head ? Progress::complete : reader.read_head(rest);
    if (progress == Progress::complete) {
      if (!has_head) reading.head = said(reader.head());
      has_head = true;
      progress = reader.read_body(rest);
    }
    input.erase(0, input.size() - rest.size());
    if (progress == Progress::refused) return {progress, reader.refusal().status, "", "", ""};
    if (progress == Progress::complete) {
      reading.progress = progress;
      reading.body = reader.body();
      reading.left = input.append(bytes.substr(shown));
      return reading;
    }
  }
  return reading;
}

inline Reading read_at_once(std::string_view bytes, ReaderLimits limits = {}) {
  return read_in_pieces(bytes, {}, limits);
}

}  // namespace sluice::admin
