#include "proxy/health/judgement.h"

#include "config/printable.h"

namespace sluice::health {

Judgement foreign(std::string_view server, std::string_view heard) {
  return down("no answer of " + std::string(server) + ": " + config::in_quotes(heard));
}

}  // namespace sluice::health
