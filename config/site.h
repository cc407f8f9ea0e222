// A place in the configuration: the path of a key together with what the file says there, if it
// says anything. Reading and checking both walk the tree with it and tell their problems through
// it.
//
// A value, cheap to make. Refers to the tree and the report, which must outlive it.
#pragma once

#include <string>
#include <string_view>

#include "config/document.h"
#include "config/report.h"

namespace sluice::config {

class Site {
 public:
  Site(const Node& root, Report& report);

  // What stands under a key, or is an item of a list. Where the file says nothing, the site still
  // has its path, and the place of the nearest thing around it that is said.
  Site key(std::string_view name) const;
  Site item(std::size_t index) const;
  // A key itself rather than its value; one that is no text has the path of its map.
  // Requires: node() is a map of more than `index` keys.
  Site key_at(std::size_t index) const;

  bool is_said() const { return node_ != nullptr; }
  // Said, and without a problem of its own so far.
  bool is_readable() const { return node_ != nullptr && !node_->bad; }
  const Node& node() const { return *node_; }  // Requires: is_said()
  const std::string& path() const { return path_; }

  void error(std::string message) const;
  void warn(std::string message) const;
  void close() const { report_->close(path_); }          // Report::close()
  bool has_room() const { return !report_->is_full(); }  // whether a problem would still be listed

 private:
  Site(const Site& around, const Node* node, Place place, std::string path);

  Report* report_;
  const Node* node_;
  Place place_;
  std::string path_;
};

// "a" and "b" make "a.b", "" and "b" make "b"; long keys are cut.
std::string key_path(const std::string& path, std::string_view key);
std::string item_path(const std::string& path, std::size_t index);

}  // namespace sluice::config
