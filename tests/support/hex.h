// Bytes as a test writes them down.
#pragma once

#include <string>
#include <string_view>

namespace sluice::test {

// "0d0a 00ff" as four bytes; blanks are passed over.
inline std::string bytes_of(std::string_view hex) {
  std::string bytes;
  std::string digits;
  for (const char c : hex) {
    if (c == ' ') continue;
    digits += c;
    if (digits.size() < 2) continue;
    bytes += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  return bytes;
}

}  // namespace sluice::test
