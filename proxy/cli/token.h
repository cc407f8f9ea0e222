// `sluice token NAME`: a new token for admin.tokens_file.
#pragma once

#include <iosfwd>
#include <string>

namespace sluice::cli {

struct TokenRequest {
  std::string name;
  std::string permission = "read";  // read | register | admin
  std::string services = "*";       // a comma list of globs
  bool json = false;                // {"secret", "line"}
};

// Prints the secret, which is kept nowhere, and the line with its hash for the file. Asks no proxy
// and writes no file. Returns kUsage, after a line on `err`, for what is no name, permission or
// glob.
int make_token(const TokenRequest& request, std::ostream& out, std::ostream& err);

}  // namespace sluice::cli
