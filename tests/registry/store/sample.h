// Keys, writes and answers for the tests of the stores.
#pragma once

#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "registry/store/store.h"
#include "tests/support/wait.h"

namespace sluice::registry::sample {

inline Key key(std::string id) {
  return {"instance", "web", std::move(id)};
}

inline Write put(Key key, std::string value, std::optional<std::uint64_t> if_revision = {}) {
  return {std::move(key), std::move(value), if_revision, {}};
}
inline Write put(std::string id, std::string value, std::optional<std::uint64_t> if_revision = {}) {
  return put(key(std::move(id)), std::move(value), if_revision);
}
inline Write erase(std::string id, std::optional<std::uint64_t> if_revision = {}) {
  return {key(std::move(id)), std::nullopt, if_revision, {}};
}

// Writes and waits for the answer.
inline Outcome commit(Store& store, Transaction transaction) {
  const auto answer = std::make_shared<std::promise<Outcome>>();
  auto answered = answer->get_future();
  store.write(std::move(transaction),
              [answer](const Outcome& outcome) { answer->set_value(outcome); });
  return answered.get();
}

// What a store holds, by id.
inline std::map<std::string, std::string> contents(const std::vector<Entry>& entries) {
  std::map<std::string, std::string> contents;
  for (const Entry& entry : entries) contents[entry.key.id] = entry.value;
  return contents;
}

// Notes which transactions were answered, in the order of the answers. Must outlive the store.
class Answers {
 public:
  struct Answer {
    int number;
    Outcome outcome;
  };

  // For transaction `number`.
  Done to(int number) {
    return [this, number](const Outcome& outcome) {
      const std::lock_guard lock(mutex_);
      answers_.push_back({number, outcome});
    };
  }

  std::vector<Answer> all() const {
    const std::lock_guard lock(mutex_);
    return answers_;
  }

  // Waits until there are so many.
  std::vector<Answer> wait(std::size_t number) const {
    test::eventually([&] { return all().size() >= number; });
    return all();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Answer> answers_;
};

}  // namespace sluice::registry::sample
