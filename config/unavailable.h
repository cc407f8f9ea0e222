// Keys that Sluice is going to have and this version has not, so that a file written for another
// version is refused for what it is and not for a typing error.
#pragma once

#include <string>
#include <string_view>

namespace sluice::config {

// Why the key at this path ("services[2].check.send", "defaults.tls") is refused although it is no
// typing error, as what follows the key in a sentence; empty if it is one.
std::string_view why_unavailable(std::string_view path);

}  // namespace sluice::config
