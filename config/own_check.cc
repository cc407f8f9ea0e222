#include "config/own_check.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/check.h"
#include "config/printable.h"
#include "config/reader.h"
#include "config/within.h"
#include "config/writer.h"

namespace sluice::config {
namespace {

constexpr Duration kShortestOwnInterval = 500ms;
constexpr Duration kLongestOwnInterval = 1min;
constexpr Duration kLongestOwnTimeout = 60s;
constexpr std::uint32_t kMostOwnProbes = 100;  // in a row
constexpr std::size_t kLongestOwnText = 1u << 10;
constexpr std::size_t kMostOwnStatuses = 32;
constexpr std::size_t kLongestOwnJson = 32u << 10;  // what is within the bounds is shorter

Node tree_of(const nlohmann::json& value);

Node scalar_of(std::string text) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.text = std::move(text);
  return node;
}

Node map_of(const nlohmann::json& object) {
  Node node;
  node.kind = Node::Kind::map;
  for (const auto& [key, value] : object.items()) {
    node.children.push_back(scalar_of(key));
    node.children.push_back(tree_of(value));
  }
  return node;
}

// As if it stood in a file. Requires: as deep as a stack can bear.
Node tree_of(const nlohmann::json& value) {
  Node node;
  if (value.is_object()) return map_of(value);
  if (value.is_string()) return scalar_of(value.get<std::string>());
  if (value.is_number_float()) return scalar_of(text(value.get<double>()));
  if (value.is_number() || value.is_boolean()) return scalar_of(value.dump());
  if (value.is_null()) return node;
  node.kind = Node::Kind::list;
  for (const nlohmann::json& item : value) node.children.push_back(tree_of(item));
  return node;
}

// What is said, with its places under "check".
class Form {
 public:
  explicit Form(const nlohmann::json& said) : root_(map_of({{"check", said}})) {}
  Form(const Form&) = delete;
  Form& operator=(const Form&) = delete;

  Site site() { return Site(root_, report_).key("check"); }
  bool is_well() const { return !report_.has_errors(); }
  // The first problem, or "".
  std::string why() {
    if (is_well()) return "";
    const Problem first = report_.take().front();
    return one_line(first.path + ": " + first.message);
  }

 private:
  Report report_{""};
  const Node root_;
};

std::string_view kind_of(const Json& value) {
  if (value.is_string()) return "a text";
  if (value.is_number()) return value.is_number_float() ? "a number" : "a whole number";
  return value.is_object() ? "an object" : "a list";
}

bool is_alike(const nlohmann::json& said, const Json& written) {
  if (written.is_number_float()) return said.is_number();
  if (written.is_number()) return said.is_number_unsigned();
  return said.type() == written.type();
}

// The tree knows texts only; the types are those of the writer. Requires: `written` holds all that
// is said.
void check_types(const nlohmann::json& said, const Json& written, const Site& site) {
  if (!is_alike(said, written)) return site.error("must be " + std::string(kind_of(written)));
  if (said.is_object()) {
    for (const auto& [key, value] : said.items()) check_types(value, written[key], site.key(key));
  } else if (said.is_array()) {
    for (std::size_t i = 0; i < said.size(); ++i) check_types(said[i], written[i], site.item(i));
  }
}

void check_length(const std::string& text, const Site& site) {
  if (text.size() > kLongestOwnText) site.error("longer than 1 KiB");
}

void check_bounds(const Check& check, const Site& site) {
  within(site.key("timeout"), check.timeout, 0ms, kLongestOwnTimeout);
  within(site.key("rise"), check.rise, 0, kMostOwnProbes);
  within(site.key("fall"), check.fall, 0, kMostOwnProbes);
  const Site http = site.key("http");
  check_length(check.http.body, http.key("body"));
  check_length(check.send, site.key("send"));
  check_length(check.expect, site.key("expect"));
  if (check.http.status.size() > kMostOwnStatuses) http.key("status").error("more than 32 ranges");
}

// Of what is written, the keys that are said.
Json picked(const nlohmann::json& said, const Json& written) {
  Json out = Json::object();
  for (const auto& [key, value] : written.items()) {
    const auto at = said.find(key);
    if (at == said.end()) continue;
    Json part = value.is_object() ? picked(*at, value) : value;
    if (!part.is_object() || !part.empty()) out[key] = std::move(part);
  }
  return out;
}

struct Intervals {
  explicit Intervals(Duration services)
      : shortest(std::min(kShortestOwnInterval, services)),
        longest(std::max(kLongestOwnInterval, services)) {}
  Duration shortest, longest;
};

void draw_within(Duration& interval, Duration services) {
  const Intervals may_be(services);
  interval = std::clamp(interval, may_be.shortest, may_be.longest);
}

void check_interval(const Site& site, Duration interval, Duration services) {
  const Intervals may_be(services);
  within(site, interval, may_be.shortest, may_be.longest);
}

bool turns_off(const Check& check, const Check& service) {
  return check.type == CheckType::none && service.type != CheckType::none;
}

}  // namespace

std::optional<OwnCheck> OwnCheck::read(const nlohmann::json& said, std::string& why) {
  const auto refuse = [&why](std::string reason) {
    why = std::move(reason);
    return std::nullopt;
  };
  if (!said.is_object()) return refuse("check: must be an object");
  using Handler = nlohmann::json::error_handler_t;
  if (said.dump(-1, ' ', false, Handler::replace).size() > kLongestOwnJson) {
    return refuse("check: longer than 32 KiB");
  }
  Form form(said);
  Check check;
  check.type = CheckType::send_expect;  // it may be the service's, and looks at every key
  config::read(form.site(), check);
  if (!form.is_well()) return refuse(form.why());
  const Json written = config::json(check);
  check_types(said, written, form.site());
  check_bounds(check, form.site());
  check_check(check, form.site());
  if (!form.is_well()) return refuse(form.why());
  const Json known = picked(said, written);
  if (known.empty()) return OwnCheck();
  return OwnCheck(known.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::optional<OwnCheck> OwnCheck::parse(std::string_view json, std::string& why) {
  bool is_too_deep = false;
  const auto watch = [&is_too_deep](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    is_too_deep = is_too_deep || depth > static_cast<int>(kMaxDepth);
    return !is_too_deep;
  };
  const auto said = nlohmann::json::parse(json, watch, false);
  if (!is_too_deep && !said.is_discarded()) return read(said, why);
  why = is_too_deep ? "check: is nested too deeply" : "check: is no valid JSON";
  return std::nullopt;
}

Check OwnCheck::laid_over(Check service) const {
  if (json_.empty()) return service;
  Form form(nlohmann::json::parse(json_));
  config::read(form.site(), service);
  return service;
}

std::string OwnCheck::why_not_over(const Check& service, bool has_lease) const {
  if (json_.empty()) return "";
  Form form(nlohmann::json::parse(json_));
  const Site site = form.site();
  const Check check = laid_over(service);
  check_interval(site.key("interval"), check.interval, service.interval);
  check_interval(site.key("fast_interval"), check.fast_interval, service.fast_interval);
  if (turns_off(check, service) && !has_lease) {
    site.key("type").error("none takes a lease: a ttl above 0");
  }
  check_check(check, site);  // what is right in itself need not be right over another
  return form.why();
}

Check OwnCheck::over(const Check& service, bool has_lease) const {
  Check check = laid_over(service);
  draw_within(check.interval, service.interval);
  draw_within(check.fast_interval, service.fast_interval);
  if (turns_off(check, service) && !has_lease) check.type = service.type;
  if (check.http.method == "HEAD") check.http.body.clear();
  return check;
}

}  // namespace sluice::config
