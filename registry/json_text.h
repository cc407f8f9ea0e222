// JSON written from front to back, for answers that may be long: RapidJSON's Writer behind a narrow
// door. No tree of values is built, which is most of what nlohmann's dump() of a list costs.
//
// The text is byte for byte what nlohmann's dump() makes of the same values in the same order, with
// its error handler `replace`: no blanks, non-ASCII as it is, control bytes as \b \f \n \r \t or
// \u001f. Strings that are not valid UTF-8 come out with U+FFFD in place of each bad sequence.
//
// A value; one thread. Requires: calls that make one well-formed value (RapidJSON asserts it).
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <concepts>
#include <string>
#include <string_view>

namespace sluice::registry {

class JsonText {
 public:
  JsonText() : writer_(text_) {}
  JsonText(const JsonText&) = delete;
  JsonText& operator=(const JsonText&) = delete;

  void open_object() { writer_.StartObject(); }
  void close_object() { writer_.EndObject(); }
  void open_array() { writer_.StartArray(); }
  void close_array() { writer_.EndArray(); }

  // What is opened or put next is the value of this key.
  void key(std::string_view name) { put(name); }

  void put(std::string_view text);
  template <std::unsigned_integral Number>
    requires(!std::same_as<Number, bool>)
  void put(Number number) {
    writer_.Uint64(number);
  }
  // Nothing but these: a text in quotes would rather be a truth than a string_view.
  void put(std::same_as<bool> auto truth) { writer_.Bool(truth); }
  void put(std::same_as<double> auto number) { put_double(number); }  // not finite: null
  void put(std::nullptr_t) { writer_.Null(); }
  void put_object(std::string_view json);  // Requires: it is the text of one, as dump() makes it

  template <class Value>
  void add(std::string_view name, const Value& value) {
    key(name);
    put(value);
  }

  std::string text() const { return {text_.GetString(), text_.GetSize()}; }

 private:
  void put_double(double number);

  rapidjson::StringBuffer text_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_;
};

}  // namespace sluice::registry
