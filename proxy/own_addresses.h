// The addresses of this machine's interfaces, as of the call; ports are 0. None when the kernel
// does not tell.
#pragma once

#include <vector>

#include "config/endpoint.h"

namespace sluice {

std::vector<config::Endpoint> own_addresses();

}  // namespace sluice
