// Reads a whole file of bounded size: one that anybody may see, or one that holds secrets.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace sluice::config {

// A regular file, a pipe, a character device or, for "-", standard input. Reads at most max + 1
// bytes, whatever the file claims or turns out to be. Nothing on failure: `why` says what in words.
// May wait for the writer of a pipe.
std::optional<std::string> read_file(const std::string& path, std::size_t max, std::string& why);

// A file that nobody but us may read: a regular file, not a symbolic link itself, owned by the
// process's effective user, with no permission for group or others. Whatever else it is, it is
// refused before a byte of it is read, and never waited for.
std::optional<std::string> read_private_file(const std::string& path, std::size_t max,
                                             std::string& why);

}  // namespace sluice::config
