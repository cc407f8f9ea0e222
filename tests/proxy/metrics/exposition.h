// Reads a page of Prometheus's text format as a scraper does, strictly: what is out of shape is a
// failure of the test that asked.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace sluice::metrics::test {

using LabelMap = std::map<std::string, std::string>;

struct Exposed {
  std::string help;
  std::string type;
  // By the sample's name (a histogram has three) and labels; as text, so that no digit is lost.
  std::map<std::pair<std::string, LabelMap>, std::string> samples;
};

class Exposition {
 public:
  explicit Exposition(const std::string& page) {
    std::istringstream in(page);
    for (std::string line; std::getline(in, line);) read(line);
  }

  const std::map<std::string, Exposed>& families() const { return families_; }

  // The value of a series, "" if it is not there.
  std::string value(const std::string& name, const LabelMap& labels = {}) const {
    for (const auto& [family, exposed] : families_) {
      if (const auto found = exposed.samples.find({name, labels}); found != exposed.samples.end()) {
        return found->second;
      }
    }
    return "";
  }

  // How many series of a family carry all of these labels.
  std::size_t count(const std::string& family, const LabelMap& with = {}) const {
    std::size_t found = 0;
    const auto exposed = families_.find(family);
    if (exposed == families_.end()) return 0;
    for (const auto& [key, value] : exposed->second.samples) {
      const LabelMap& labels = key.second;
      bool all = true;
      for (const auto& label : with) {
        const auto has = labels.find(label.first);
        all = all && has != labels.end() && has->second == label.second;
      }
      if (all) ++found;
    }
    return found;
  }

 private:
  void read(const std::string& line) {
    if (line.starts_with("# HELP ")) return read_help(line.substr(7));
    if (line.starts_with("# TYPE ")) return read_type(line.substr(7));
    read_sample(line);
  }

  void read_help(const std::string& rest) {
    const std::size_t space = rest.find(' ');
    ASSERT_NE(space, std::string::npos) << rest;
    current_ = rest.substr(0, space);
    ASSERT_FALSE(families_.contains(current_)) << current_ << " comes twice";
    families_[current_].help = rest.substr(space + 1);
  }

  void read_type(const std::string& rest) {
    ASSERT_TRUE(rest.starts_with(current_ + " ")) << "TYPE of another than " << current_;
    families_[current_].type = rest.substr(current_.size() + 1);
  }

  void read_sample(const std::string& line) {
    const std::size_t end = line.find_first_of("{ ");
    ASSERT_NE(end, std::string::npos) << line;
    const std::string name = line.substr(0, end);
    ASSERT_TRUE(name.starts_with(current_) && !current_.empty()) << name << " in " << current_;
    std::size_t at = end;
    LabelMap labels;
    if (line[at] == '{') {
      ++at;
      while (at < line.size() && line[at] != '}') {
        if (line[at] == ',') ++at;
        ASSERT_TRUE(read_label(line, at, labels)) << line;
      }
      ++at;
    }
    ASSERT_EQ(line.at(at), ' ') << line;
    const auto [place, is_new] =
        families_[current_].samples.try_emplace({name, labels}, line.substr(at + 1));
    EXPECT_TRUE(is_new) << "twice: " << line;
  }

  static bool read_label(const std::string& line, std::size_t& at, LabelMap& labels) {
    const std::size_t equals = line.find("=\"", at);
    if (equals == std::string::npos) return false;
    std::string value;
    std::size_t i = equals + 2;
    for (; i < line.size() && line[i] != '"'; ++i) {
      if (line[i] != '\\') {
        value += line[i];
      } else {
        ++i;
        value += line.at(i) == 'n' ? '\n' : line.at(i);
      }
    }
    const bool is_new = labels.emplace(line.substr(at, equals - at), value).second;
    at = i + 1;
    return is_new && i < line.size();
  }

  std::map<std::string, Exposed> families_;
  std::string current_;
};

}  // namespace sluice::metrics::test
