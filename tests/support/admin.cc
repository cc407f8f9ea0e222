#include "tests/support/admin.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <stdexcept>

#include "tests/support/peer.h"

namespace sluice::test {
namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string trimmed(const std::string& text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  const auto to = text.find_last_not_of(" \t\r\n");
  return from == std::string::npos ? "" : text.substr(from, to - from + 1);
}

std::string take(std::string& bytes, std::size_t n) {
  n = std::min(n, bytes.size());
  std::string taken = bytes.substr(0, n);
  bytes.erase(0, n);
  return taken;
}

std::string take_line(std::string& bytes) {
  const auto end = bytes.find('\n');
  if (end == std::string::npos) return take(bytes, bytes.size());
  return trimmed(take(bytes, end + 1));
}

std::string take_chunks(std::string& bytes) {
  std::string body;
  for (;;) {
    const std::string size_line = take_line(bytes);
    const std::size_t size = size_line.empty() ? 0 : std::stoul(size_line, nullptr, 16);
    body += take(bytes, size);
    take_line(bytes);
    if (size == 0) return body;
  }
}

// Reads {a="b",c="d"} at `at`, with the escapes \\ \" \n.
MetricsPage::Labels parse_labels(const std::string& line, std::size_t& at) {
  MetricsPage::Labels labels;
  while (line.at(++at) != '}') {
    if (line[at] == ',') continue;
    const auto equals = line.find("=\"", at);
    if (equals == std::string::npos) throw std::runtime_error("no labels: " + line);
    const std::string name = line.substr(at, equals - at);
    std::string value;
    for (at = equals + 2; line.at(at) != '"'; ++at) {
      if (line[at] != '\\') {
        value += line[at];
        continue;
      }
      ++at;
      value += line.at(at) == 'n' ? '\n' : line[at];
    }
    labels[name] = value;
  }
  ++at;
  return labels;
}

bool carries(const MetricsPage::Labels& all, const MetricsPage::Labels& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& label) {
    const auto found = all.find(label.first);
    return found != all.end() && found->second == label.second;
  });
}

}  // namespace

Response parse_response(std::string& bytes) {
  Response response;
  if (!bytes.starts_with("HTTP/1.")) return response;
  std::istringstream(take_line(bytes).substr(9)) >> response.status;
  for (std::string line = take_line(bytes); !line.empty(); line = take_line(bytes)) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) return Response{};
    response.headers[lower(line.substr(0, colon))] = trimmed(line.substr(colon + 1));
  }
  if (response.headers["transfer-encoding"] == "chunked") {
    response.body = take_chunks(bytes);
  } else if (response.headers.contains("content-length")) {
    response.body = take(bytes, std::stoul(response.headers["content-length"]));
  } else {
    response.body = take(bytes, bytes.size());
  }
  return response;
}

std::string Admin::raw(std::string_view bytes, Milliseconds within) const {
  Peer peer = Peer::connect(address_, {.within = within});
  peer.try_send(bytes);  // the server may refuse before it has read all
  std::string answer;
  const Deadline deadline(within);
  for (;;) {
    const std::string some = peer.receive(1, Milliseconds(deadline.poll_timeout()));
    if (some.empty()) return answer;
    answer += some;
    answer += peer.receive(64 << 10, 0ms);
  }
}

Response Admin::request(const std::string& method, const std::string& target,
                        const std::string& body, const Headers& headers) const {
  std::string text = method + " " + target + " HTTP/1.1\r\nConnection: close\r\n";
  const bool has_host =
      std::ranges::any_of(headers, [](const auto& h) { return lower(h.first) == "host"; });
  if (!has_host)
    text += "Host: " + (address_.starts_with("unix:") ? "localhost" : address_) + "\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  if (!body.empty() || method == "POST")
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  std::string answer = raw(text + "\r\n" + body);
  return parse_response(answer);
}

Response Admin::get(const std::string& target, const Headers& headers) const {
  return request("GET", target, "", headers);
}

Response Admin::post(const std::string& target, const std::string& body,
                     const Headers& headers) const {
  Headers all = headers;
  if (!body.empty() && headers.empty()) all.emplace_back("Content-Type", "application/json");
  return request("POST", target, body, all);
}

Response Admin::put(const std::string& target, const std::string& body) const {
  return request("PUT", target, body, {{"Content-Type", "application/json"}});
}

Response Admin::del(const std::string& target) const {
  return request("DELETE", target, "", {});
}

MetricsPage MetricsPage::parse(const std::string& text) {
  MetricsPage page;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::size_t at = line.find_first_of("{ ");
    if (at == std::string::npos) throw std::runtime_error("no metric: " + line);
    Series series{.name = line.substr(0, at), .labels = {}};
    if (line[at] == '{') series.labels = parse_labels(line, at);
    series.value = std::stod(line.substr(at));
    page.series_.push_back(std::move(series));
  }
  return page;
}

double MetricsPage::value(std::string_view name, const Labels& labels) const {
  double sum = 0;
  for (const Series& series : series_)
    if (series.name == name && carries(series.labels, labels)) sum += series.value;
  return sum;
}

bool MetricsPage::has(std::string_view name, const Labels& labels) const {
  return std::ranges::any_of(series_, [&](const Series& series) {
    return series.name == name && carries(series.labels, labels);
  });
}

}  // namespace sluice::test
