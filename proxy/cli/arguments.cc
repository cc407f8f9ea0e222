#include "proxy/cli/arguments.h"

#include "config/endpoint.h"
#include "config/own_check.h"
#include "config/units.h"

namespace sluice::cli {

std::string why_no_pair(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals != std::string::npos && equals > 0) return "";
  return "'" + text + "' is no KEY=VALUE";
}

std::string why_no_address(const std::string& text) {
  std::string why;
  return config::Endpoint::parse(text, why) ? "" : why;
}

std::string why_no_duration(const std::string& text) {
  std::string why;
  return config::parse_duration(text, why) ? "" : why;
}

std::string why_no_check(const std::string& text) {
  std::string why;
  return config::OwnCheck::parse(text, why) ? "" : why;
}

}  // namespace sluice::cli
