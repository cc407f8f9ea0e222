#include "registry/instance.h"

#include <utility>

namespace sluice::registry {

namespace {

std::string say(std::string_view input, std::string_view words) {
  return std::string(input) + ": " + std::string(words);
}

// Ejection and flapping aside, nothing keeps connections away.
bool is_otherwise_well(const Inputs& inputs) {
  return inputs.admin == Admin::ready && inputs.status == State::up &&
         inputs.check != CheckState::checking && inputs.breaker != BreakerState::half_open &&
         inputs.weight > 0;
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

std::string_view word(LeaseState state) {
  switch (state) {
    case LeaseState::none:
      return "none";
    case LeaseState::held:
      return "held";
    case LeaseState::missed:
      return "missed";
    case LeaseState::expired:
      return "expired";
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

std::string_view word(BreakerState state) {
  switch (state) {
    case BreakerState::none:
      return "none";
    case BreakerState::closed:
      return "closed";
    case BreakerState::open:
      return "open";
    case BreakerState::half_open:
      return "half_open";
  }
  return "";
}

std::string_view word(Verdict verdict) {
  switch (verdict) {
    case Verdict::never:
      return "never";
    case Verdict::last_resort:
      return "last_resort";
    case Verdict::trial:
      return "trial";
    case Verdict::eligible:
      return "eligible";
  }
  return "";
}

const config::Text& static_source() {
  static const config::Text kWord = "static";
  return kWord;
}

const config::Text& registered_source() {
  static const config::Text kWord = "registered";
  return kWord;
}

std::string admin_words(const Inputs& inputs) {
  const std::string said = say("admin", word(inputs.admin));
  return inputs.admin_reason.empty() ? said : said + ": " + *inputs.admin_reason;
}

std::string check_words(const Inputs& inputs) {
  return say("check", inputs.check_reason.empty() ? word(inputs.check) : *inputs.check_reason);
}

std::string outlier_words(const Inputs& inputs) {
  return say("outlier",
             inputs.outlier_reason.empty() ? word(inputs.outlier) : *inputs.outlier_reason);
}

std::string breaker_words(const Inputs& inputs) {
  return say("breaker",
             inputs.breaker_reason.empty() ? word(inputs.breaker) : *inputs.breaker_reason);
}

std::string lease_words(const Inputs& inputs) {
  return say("lease", inputs.lease_reason.empty() ? word(inputs.lease) : *inputs.lease_reason);
}

std::string status_words(const Inputs& inputs) {
  return say("status", word(inputs.status));
}

std::string flap_words(const Inputs& inputs) {
  return say("flap", *inputs.flap_reason);
}

std::string slow_start_words(const Inputs& inputs) {
  return say("slow start", *inputs.warming_reason);
}

std::optional<State> parse_state(std::string_view word) {
  static constexpr std::pair<std::string_view, State> kWords[] = {{"up", State::up},
                                                                  {"healthy", State::up},
                                                                  {"passing", State::up},
                                                                  {"warming", State::warming},
                                                                  {"unknown", State::warming},
                                                                  {"starting", State::warming},
                                                                  {"down", State::down},
                                                                  {"unhealthy", State::down},
                                                                  {"critical", State::down},
                                                                  {"draining", State::draining},
                                                                  {"stopping", State::draining}};
  for (const auto& [known, state] : kWords) {
    if (word == known) return state;
  }
  return std::nullopt;
}

std::optional<Admin> parse_admin(std::string_view text) {
  for (const Admin admin : {Admin::ready, Admin::drain, Admin::maint}) {
    if (text == word(admin)) return admin;
  }
  return std::nullopt;
}

Effective judge(const Inputs& inputs) {
  // The reasons that most have, and share.
  static const config::Text kOk = "ok";
  static const config::Text kMissed = "lease_missed";
  static const config::Text kNoWeight = "ok; weight 0 takes nothing new";
  const auto down = [](std::string reason, Verdict verdict = Verdict::never) {
    return Effective{State::down, std::move(reason), verdict};
  };
  const Verdict resort = is_otherwise_well(inputs) ? Verdict::last_resort : Verdict::never;
  if (inputs.admin == Admin::maint) return down(admin_words(inputs));
  if (inputs.lease == LeaseState::expired) return down(lease_words(inputs));
  if (inputs.status == State::down) return down(status_words(inputs));
  if (inputs.check == CheckState::down) return down(check_words(inputs));
  if (inputs.breaker == BreakerState::open) return down(breaker_words(inputs));
  if (inputs.outlier == OutlierState::ejected) return down(outlier_words(inputs), resort);
  if (inputs.flapping) return down(flap_words(inputs), resort);
  if (inputs.admin == Admin::drain) return {State::draining, admin_words(inputs), Verdict::never};
  if (inputs.status == State::draining) {
    return {State::draining, status_words(inputs), Verdict::never};
  }
  if (inputs.check == CheckState::checking) {
    return {State::warming, check_words(inputs), Verdict::never};
  }
  if (inputs.status == State::warming)
    return {State::warming, status_words(inputs), Verdict::never};
  if (inputs.breaker == BreakerState::half_open) {
    return {State::warming, breaker_words(inputs),
            inputs.weight > 0 ? Verdict::trial : Verdict::never};
  }
  if (inputs.weight == 0) return {State::up, kNoWeight, Verdict::never};
  if (inputs.warming) return {State::warming, slow_start_words(inputs), Verdict::eligible};
  if (inputs.lease == LeaseState::missed) return {State::up, kMissed, Verdict::eligible};
  return {State::up, kOk, Verdict::eligible};
}

Standing standing(const Inputs& inputs, Verdict verdict) {
  const bool is_wanted = inputs.admin == Admin::ready && inputs.status != State::draining &&
                         inputs.status != State::warming && inputs.check != CheckState::checking &&
                         inputs.breaker != BreakerState::open &&
                         inputs.breaker != BreakerState::half_open && inputs.weight > 0;
  if (!is_wanted) return Standing::apart;
  return verdict == Verdict::eligible ? Standing::able : Standing::unable;
}

Effective in_panic(const Effective& effective) {
  return {effective.state, *effective.reason + "; taken all the same (panic)", Verdict::eligible};
}

}  // namespace sluice::registry
