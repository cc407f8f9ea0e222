#include "config/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "config/printable.h"
#include "config/screen.h"

namespace sluice::config {
namespace {

Place place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

// Ends the parse: thrown from within an event, caught in parse_document().
struct Refused {
  Place place;
  std::string message;
};

class TreeBuilder : public YAML::EventHandler {
 public:
  // `end`: of the text; the parser sees a comment behind it.
  TreeBuilder(Report& report, Place end) : report_(report), end_(end) {}
  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    attach(make(Node::Kind::null, mark, "", anchor));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Node node = make(Node::Kind::null, mark, "", 0);
    complain(node, "an alias (\"*\") is not accepted; write the value out");
    attach(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = make(Node::Kind::scalar, mark, tag, anchor);
    node.text = value;
    attach(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(Node::Kind::list, mark, tag, anchor));
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(Node::Kind::map, mark, tag, anchor));
  }
  void OnMapEnd() override { close(); }

 private:
  Node make(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    const Place place = std::min(place_of(mark), end_);
    if (++nodes_ > kMaxNodes) {
      throw Refused{place, "more than " + std::to_string(kMaxNodes) + " values and keys"};
    }
    Node node;
    node.kind = kind;
    node.place = place;
    if (anchor != 0) complain(node, "an anchor (\"&\") is not accepted; write the value out");
    const bool tagged = !tag.empty() && tag != "?" && tag != "!";  // the parser's own two
    if (tagged) complain(node, "a tag is not accepted: " + in_quotes(tag));
    return node;
  }

  void complain(Node& node, std::string message) {
    node.bad = true;
    report_.add(Severity::error, node.place, "", std::move(message));
  }

  void open(Node node) {
    if (open_.size() == kMaxDepth) {
      throw Refused{node.place, "nested deeper than " + std::to_string(kMaxDepth) + " levels"};
    }
    open_.push_back(std::move(node));
  }

  void close() {
    Node node = std::move(open_.back());
    open_.pop_back();
    attach(std::move(node));
  }

  void attach(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else {
      open_.back().children.push_back(std::move(node));
    }
  }

  Report& report_;
  const Place end_;
  Node root_;
  std::vector<Node> open_;  // the containers around the next event, outermost first
  std::size_t nodes_ = 0;
};

// The scanner takes the end of the file for the end of a quoted text, if that end follows a line
// break. A comment in the last line makes it see that the closing quote is missing.
std::string with_last_line(std::string_view text) {
  std::string out(text);
  out += text.ends_with('\n') ? "#" : "\n#";
  return out;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (std::size_t i = 0; kind == Kind::map && i + 1 < children.size(); i += 2) {
    if (children[i].kind == Kind::scalar && children[i].text == key) return &children[i + 1];
  }
  return nullptr;
}

std::string_view word(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::scalar:
      return "a text";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
    case Node::Kind::null:
      break;
  }
  return "nothing";
}

std::optional<Node> parse_document(std::string_view text, Report& report) {
  if (!screen(text, report)) return std::nullopt;
  const Place end = place_at(text, text.size());
  try {
    std::istringstream stream(with_last_line(text));
    YAML::Parser parser(stream);
    TreeBuilder builder(report, end);
    if (!parser.HandleNextDocument(builder)) return Node{};
    Node root = builder.take();
    TreeBuilder second(report, end);
    if (parser.HandleNextDocument(second)) {
      report.add(Severity::error, second.take().place, "",
                 "goes on after the end of the document; a file holds one");
    }
    return root;
  } catch (const Refused& refused) {
    report.add(Severity::error, refused.place, "", refused.message);
  } catch (const YAML::Exception& exception) {
    const Place place = std::min(place_of(exception.mark), end);
    report.add(Severity::error, place, "", "not valid YAML: " + exception.msg);
  }
  return std::nullopt;
}

}  // namespace sluice::config
