// Environment variables in values: ${NAME} and ${NAME:-default}. Pure but for asking `environment`.
//
// As in a shell, the default also stands in for a variable that is set to nothing; it reaches to
// the first "}" and is taken as it is. A name is a letter or "_" and then letters, digits and "_".
// "$${" stands for a literal "${"; any other "$" is itself. What comes out is a text: it is never
// read as YAML, nor looked through again.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/document.h"
#include "config/load.h"

namespace sluice::config {

// Nothing, and why, if a variable without a default is not set or a "${" is malformed.
std::optional<std::string> substitute(std::string_view text, const Environment& environment,
                                      std::string& why);

// "${" as "$${", so that substitute() gives back `text`.
std::string escape_substitution(std::string_view text);

// Substitutes in every value of the tree, and marks as bad those where that failed.
void substitute_all(Node& root, const Environment& environment, Report& report);

}  // namespace sluice::config
