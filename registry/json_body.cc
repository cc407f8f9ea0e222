#include "registry/json_body.h"

#include <utility>
#include <vector>

#include "config/printable.h"
#include "config/utf8.h"

namespace sluice::registry {

namespace {

using nlohmann::json;

constexpr std::size_t kLongestReason = 200;  // the parser quotes all that it was reading

std::string short_line(std::string_view reason) {
  const std::string_view shown = config::cut_utf8(reason, kLongestReason);
  return config::one_line(shown) + (shown.size() < reason.size() ? "..." : "");
}

// Makes the value of the parser's events, and stops it at the first that goes too far.
class Builder final : public nlohmann::json_sax<json> {
 public:
  json take() { return std::move(root_); }
  const std::string& why() const { return why_; }

  bool null() override { return put(nullptr) != nullptr; }
  bool boolean(bool truth) override { return put(truth) != nullptr; }
  bool number_integer(number_integer_t number) override { return put(number) != nullptr; }
  bool number_unsigned(number_unsigned_t number) override { return put(number) != nullptr; }
  bool number_float(number_float_t number, const string_t&) override {
    return put(number) != nullptr;
  }
  bool string(string_t& text) override { return put(std::move(text)) != nullptr; }
  bool binary(binary_t&) override { return refuse("it holds what JSON does not know"); }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    auto& members = open_.back()->get_ref<json::object_t&>();
    const auto [at, is_new] = members.try_emplace(std::move(name));
    member_ = &at->second;
    return is_new || refuse("a key is given twice");
  }
  bool parse_error(std::size_t, const std::string&, const json::exception& invalid) override {
    why_ = "the body is no valid JSON: " + short_line(invalid.what());
    return false;
  }

 private:
  // Where it is from now on.
  json* put(json value) {
    json* place = open_.empty() ? &root_ : member_;
    if (!open_.empty() && open_.back()->is_array()) {
      auto& elements = open_.back()->get_ref<json::array_t&>();
      place = &elements.emplace_back();
    }
    *place = std::move(value);
    return place;
  }
  bool open(json empty) {
    if (open_.size() == kMaxJsonDepth) return refuse("it is nested too deeply");
    open_.push_back(put(std::move(empty)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  bool refuse(const char* why) {
    why_ = std::string("the body is refused: ") + why;
    return false;
  }

  json root_;
  std::vector<json*> open_;  // what we are in; none moves while it is here
  json* member_ = nullptr;   // the value of the last key
  std::string why_;
};

}  // namespace

std::optional<json> read_json(std::string_view text, std::string& why) {
  if (text.find('\0') != text.npos) {  // which the parser takes for the end
    why = "the body is no valid JSON: it holds a NUL";
    return std::nullopt;
  }
  Builder builder;
  if (json::sax_parse(text, &builder)) return builder.take();
  why = builder.why();
  return std::nullopt;
}

}  // namespace sluice::registry
