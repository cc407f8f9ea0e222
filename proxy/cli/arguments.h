// What is wrong with an argument of the command line, in its words; "" when nothing is. Pure.
#pragma once

#include <string>

namespace sluice::cli {

std::string why_no_pair(const std::string& text);  // KEY=VALUE with a key
std::string why_no_address(const std::string& text);
std::string why_no_duration(const std::string& text);
std::string why_no_check(const std::string& text);  // config::OwnCheck's keys, as JSON

}  // namespace sluice::cli
