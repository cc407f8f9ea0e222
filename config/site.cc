#include "config/site.h"

#include <utility>

namespace sluice::config {
namespace {

constexpr std::size_t kLongestKey = 64;

}  // namespace

Site::Site(const Node& root, Report& report) : report_(&report), node_(&root), place_(root.place) {}

Site::Site(const Site& around, const Node* node, Place place, std::string path)
    : report_(around.report_), node_(node), place_(place), path_(std::move(path)) {}

Site Site::key(std::string_view name) const {
  const Node* const value = node_ == nullptr ? nullptr : node_->find(name);
  if (value == nullptr) return {*this, nullptr, place_, key_path(path_, name)};
  // The parser places a missing value at whatever comes next; its key stands before it in the map.
  const bool is_null = value->kind == Node::Kind::null;
  return {*this, value, is_null ? (value - 1)->place : value->place, key_path(path_, name)};
}

Site Site::key_at(std::size_t index) const {
  const Node& key = node_->children[2 * index];
  const bool is_text = key.kind == Node::Kind::scalar;
  return {*this, &key, key.place, is_text ? key_path(path_, key.text) : path_};
}

Site Site::item(std::size_t index) const {
  const bool is_there =
      node_ != nullptr && node_->kind == Node::Kind::list && index < node_->children.size();
  const Node* const item = is_there ? &node_->children[index] : nullptr;
  return {*this, item, is_there ? item->place : place_, item_path(path_, index)};
}

void Site::error(std::string message) const {
  report_->add(Severity::error, place_, path_, std::move(message));
}

void Site::warn(std::string message) const {
  report_->add(Severity::warning, place_, path_, std::move(message));
}

std::string key_path(const std::string& path, std::string_view key) {
  const std::string last(key.substr(0, kLongestKey));
  return path.empty() ? last : path + '.' + last;
}

std::string item_path(const std::string& path, std::size_t index) {
  return path + '[' + std::to_string(index) + ']';
}

}  // namespace sluice::config
