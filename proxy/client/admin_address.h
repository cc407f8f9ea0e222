// Where the admin API is, as the operator writes it, and as whom it is asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::client {

inline constexpr std::string_view kDefaultAdmin = "127.0.0.1:9901";

// What somebody may do about an API that does not answer, or not him. Follows the message; "":
// none.
struct Advice {
  std::string if_unreachable;
  std::string if_unauthorized;
};

// A value; any thread.
struct AdminAddress {
  std::string base_url;   // "http://127.0.0.1:9901", without a slash at its end
  std::string unix_path;  // "/run/sluice.sock"; empty: TCP
  std::string text;       // for messages: "127.0.0.1:9901", "unix:/run/sluice.sock"
  std::string secret{};   // of a token, goes with every request; "": none
  Advice advice{};

  // Reads "host:port", "http://host:port" (a slash at the end is allowed) or "unix:/path"; an IPv6
  // address stands in brackets. On failure returns nothing and says in `why` what is wrong.
  static std::optional<AdminAddress> parse(std::string_view text, std::string& why);
};

// Whether a text can stand in a header field: visible ASCII. Nothing is too.
bool is_secret(std::string_view text);

}  // namespace sluice::client
