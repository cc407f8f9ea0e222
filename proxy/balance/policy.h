// What every balancing policy is: a choice among the candidates of one priority.
//
// A Policy is built with its candidates on the control loop and never changes; any number of
// workers ask it at once. Everything that differs from pick to pick comes in with the Question.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "proxy/balance/candidate.h"
#include "proxy/balance/cursor.h"

namespace sluice::balance {

// Brings a cursor's turns to one version of the members. Costs as many steps as there are members,
// on the worker: so not before turns are asked for, which most picks of most policies never do.
class Aligner {
 public:
  virtual void align(Cursor& cursor) const = 0;

 protected:
  ~Aligner() = default;
};

struct Question {
  const Filter& filter;
  std::string_view key;  // what hashing policies hash; empty: the connection has none
  Cursor& cursor;
  const Aligner& aligner;
  Weigh weigh = {};

  Turns& turns() const {
    aligner.align(cursor);
    return cursor.turns();
  }
};

class Policy {
 public:
  virtual ~Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  // Chooses one of those who pass the filter and puts one on its load; null: nobody passes, or the
  // filter was told of a lost race. Ends within a number of steps that depends on the number of
  // candidates only.
  virtual const Candidate* take(const Question& question) const = 0;

  // In order of their ids.
  const std::vector<Candidate>& candidates() const { return candidates_; }

 protected:
  explicit Policy(std::vector<Candidate> candidates);

  // Puts one on the load of the chosen one, if there is one, and hands it on; null, and noted, if
  // it is at its limit by now.
  static const Candidate* count(const Candidate* chosen, const Filter& filter);
  // The first for whom may(candidate) is true, from place `start` on and round to it. Requires:
  // start below the size, or no candidates.
  template <class May>
  const Candidate* first_of(May may, std::size_t start = 0) const {
    for (std::size_t step = 0, at = start; step < candidates_.size(); ++step, ++at) {
      if (at == candidates_.size()) at = 0;
      if (may(candidates_[at])) return &candidates_[at];
    }
    return nullptr;
  }

 private:
  const std::vector<Candidate> candidates_;
};

// Requires: candidates in order of their ids, of one priority, none with weight 0.
std::unique_ptr<const Policy> make_policy(const config::Balance& config,
                                          std::vector<Candidate> candidates);

}  // namespace sluice::balance
