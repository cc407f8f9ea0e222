// Reads a whole file of bounded size.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace sluice::config {

// A regular file, a pipe, a character device or, for "-", standard input. Reads at most max + 1
// bytes, whatever the file claims or turns out to be. Nothing on failure: `why` says what in words.
// May wait for the writer of a pipe.
std::optional<std::string> read_file(const std::string& path, std::size_t max, std::string& why);

}  // namespace sluice::config
