// What a program says to the library: checked where it comes in. Pure; any thread.
#pragma once

#include <chrono>
#include <string>

#include "proxy/client/admin_address.h"

namespace sluice::client {

// Throws std::invalid_argument with "FIELD: WHY".
[[noreturn]] void refuse(const char* field, const std::string& why);

// Where the registry is and as whom it is asked. Throws std::invalid_argument.
AdminAddress server_of(const std::string& server, const std::string& token);

// A time to wait that can be added to any clock: 0 to a year.
std::chrono::milliseconds bounded(std::chrono::milliseconds timeout);

}  // namespace sluice::client
