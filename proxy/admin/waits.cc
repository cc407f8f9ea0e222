#include "proxy/admin/waits.h"

#include <limits>
#include <vector>

#include "proxy/admin/gate.h"

namespace sluice::admin {

// The answers of one moment, each rendered when the first asks for it.
class Waits::Answers {
 public:
  Answers(const registry::Snapshot& snapshot, std::uint64_t now_ms)
      : snapshot_(snapshot), now_ms_(now_ms) {}

  std::shared_ptr<const Reply> to(const Read& read) {
    auto& reply = rendered_[{read.service, read.filter.text()}];
    if (!reply) {
      reply = std::make_shared<const Reply>(admin::answer(snapshot_, read, now_ms_));
    }
    return reply;
  }

 private:
  const registry::Snapshot& snapshot_;
  const std::uint64_t now_ms_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const Reply>> rendered_;
};

void Waits::add(Id id, Read read, std::uint64_t due_ms, Answer answer) {
  by_service_[read.service].emplace(*read.index, id);
  by_due_.emplace(due_ms, id);
  waits_.emplace(id, Wait{std::move(read), due_ms, std::move(answer)});
}

void Waits::drop(Id id) {
  const auto at = waits_.find(id);
  if (at == waits_.end()) return;
  const Wait& wait = at->second;
  const auto service = by_service_.find(wait.read.service);
  service->second.erase({*wait.read.index, id});
  if (service->second.empty()) by_service_.erase(service);
  by_due_.erase({wait.due_ms, id});
  waits_.erase(at);
}

void Waits::refuse_unless(const std::function<bool(const Read&)>& may) {
  std::vector<std::pair<Id, Answer>> refused;
  for (const auto& [id, wait] : waits_) {
    if (!may(wait.read)) refused.emplace_back(id, wait.answer);
  }
  if (refused.empty()) return;
  const auto reply = std::make_shared<const Reply>(token_withdrawn());
  for (const auto& [id, answer] : refused) {
    drop(id);
    answer(reply);
  }
}

void Waits::settle(Id id, Answers& answers) {
  const Wait& wait = waits_.at(id);
  const auto reply = answers.to(wait.read);
  const Answer answer = wait.answer;
  drop(id);
  answer(reply);
}

void Waits::wake(const registry::Snapshot& snapshot, std::uint64_t now_ms) {
  constexpr std::uint64_t kEverybody = std::numeric_limits<std::uint64_t>::max();
  Answers answers(snapshot, now_ms);
  for (auto service = by_service_.begin(); service != by_service_.end();) {
    const std::uint64_t index = index_of(snapshot, service->first).value_or(kEverybody);
    std::vector<Id> woken;
    for (const auto& [waits_for, id] : service->second) {
      if (waits_for >= index) break;
      woken.push_back(id);
    }
    ++service;  // before the last one of it goes
    for (const Id id : woken) settle(id, answers);
  }
}

void Waits::expire(const registry::Snapshot& snapshot, std::uint64_t now_ms) {
  Answers answers(snapshot, now_ms);
  while (next_ms() <= now_ms) settle(by_due_.begin()->second, answers);
}

std::uint64_t Waits::next_ms() const {
  return by_due_.empty() ? std::numeric_limits<std::uint64_t>::max() : by_due_.begin()->first;
}

}  // namespace sluice::admin
