// Why a request is not served: the status and the words of the error reply that ends its
// connection.
#pragma once

#include <optional>
#include <string>

namespace sluice::admin {

struct Refusal {
  int status = 400;
  std::string message;
};

// What a check answers: why not, or nothing when all is well.
using Objection = std::optional<Refusal>;

// How far a reader has come with the bytes it was shown.
enum class Progress { more, complete, refused };

}  // namespace sluice::admin
