#include "registry/instance.h"

namespace sluice::registry {

namespace {

std::string say(std::string_view input, std::string_view words) {
  return std::string(input) + ": " + std::string(words);
}

// The ejection aside, nothing keeps connections away.
bool only_the_ejection_speaks_against(const Inputs& inputs) {
  return inputs.admin == Admin::ready && inputs.check != CheckState::checking && inputs.weight > 0;
}

}  // namespace

std::string_view word(State state) {
  switch (state) {
    case State::up:
      return "up";
    case State::warming:
      return "warming";
    case State::draining:
      return "draining";
    case State::down:
      return "down";
  }
  return "";
}

std::string_view word(Admin admin) {
  switch (admin) {
    case Admin::ready:
      return "ready";
    case Admin::drain:
      return "drain";
    case Admin::maint:
      return "maint";
  }
  return "";
}

std::string_view word(CheckState state) {
  switch (state) {
    case CheckState::none:
      return "none";
    case CheckState::checking:
      return "checking";
    case CheckState::up:
      return "up";
    case CheckState::down:
      return "down";
  }
  return "";
}

std::string_view word(OutlierState state) {
  switch (state) {
    case OutlierState::none:
      return "none";
    case OutlierState::ejected:
      return "ejected";
  }
  return "";
}

std::string admin_words(const Inputs& inputs) {
  const std::string said = say("admin", word(inputs.admin));
  return inputs.admin_reason.empty() ? said : said + ": " + inputs.admin_reason;
}

std::string check_words(const Inputs& inputs) {
  return say("check", inputs.check_reason.empty() ? word(inputs.check) : inputs.check_reason);
}

std::string outlier_words(const Inputs& inputs) {
  return say("outlier",
             inputs.outlier_reason.empty() ? word(inputs.outlier) : inputs.outlier_reason);
}

Effective judge(const Inputs& inputs) {
  if (inputs.admin == Admin::maint) return {State::down, admin_words(inputs), Verdict::never};
  if (inputs.check == CheckState::down) return {State::down, check_words(inputs), Verdict::never};
  if (inputs.outlier == OutlierState::ejected) {
    const bool last_resort = only_the_ejection_speaks_against(inputs);
    return {State::down, outlier_words(inputs),
            last_resort ? Verdict::last_resort : Verdict::never};
  }
  if (inputs.admin == Admin::drain) return {State::draining, admin_words(inputs), Verdict::never};
  if (inputs.check == CheckState::checking) {
    return {State::warming, check_words(inputs), Verdict::never};
  }
  if (inputs.weight == 0) return {State::up, "ok; weight 0 takes nothing new", Verdict::never};
  return {State::up, "ok", Verdict::eligible};
}

}  // namespace sluice::registry
