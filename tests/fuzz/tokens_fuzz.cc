// A file of tokens, to which a line that make_token() makes can always be added.
#include "registry/access/tokens.h"

#include <algorithm>
#include <string>

#include "tests/fuzz/fuzz.h"

namespace sluice::fuzz::tokens_target {

using namespace sluice::access;

namespace {

void require_problems(const std::vector<TokenProblem>& problems, std::string_view text) {
  require(!problems.empty(), "a refusal says why");
  require(problems.size() <= kMostTokenProblems, "the list of problems is bounded");
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  std::size_t last = 0;
  for (const TokenProblem& problem : problems) {
    require_message(problem.text(), 100);
    require(problem.line <= lines, "a problem stands on a line of the text");
    require(problem.line >= last, "problems are in the order of the lines");
    last = problem.line;
  }
}

}  // namespace

SLUICE_FUZZ_TARGET(tokens) {
  const std::string_view text = text_of(data, size);
  std::vector<TokenProblem> problems;
  const auto tokens = Tokens::parse(text, problems);
  require(tokens.has_value() == problems.empty(), "taken whole, or not at all");
  if (!tokens) {
    require_problems(problems, text);
    return 0;
  }
  require(tokens->size() <= kMostTokens, "the number of tokens is bounded");

  std::array<std::uint8_t, 32> random{};
  std::copy_n(data, std::min(size, random.size()), random.begin());
  std::string why;
  const std::string services[] = {"web-*", "api"};
  const auto made = make_token("ours", Permission::register_instances, services, random, why);
  require(made.has_value(), "a token can be made of any bytes");
  require(tokens->find(made->secret) == nullptr, "a secret is known only once it is in the file");

  if (tokens->size() == kMostTokens) return 0;
  const std::string longer = std::string(text) + "\n" + made->line + "\n";
  if (longer.size() > kMaxTokensFile) return 0;
  const auto more = Tokens::parse(longer, problems);
  require(more && more->size() == tokens->size() + 1, "a line that is made is a line of the file");
  const Token* const found = more->find(made->secret);
  require(found != nullptr && found->name == "ours", "a secret leads to its line");
  require(found->allows(Permission::read, "web-1"), "a permission holds the ones before it");
  require(!found->allows(Permission::admin, "api"), "and none behind it");
  require(!found->allows(Permission::read, "apis"), "its globs are the services it is for");
  return 0;
}

}  // namespace sluice::fuzz::tokens_target
