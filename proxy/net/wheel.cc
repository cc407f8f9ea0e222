#include "proxy/net/wheel.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace sluice::net {

void Deadline::cancel() {
  if (wheel_ != nullptr) wheel_->unlink(*this);
}

Wheel::Wheel(Loop& loop)
    : loop_(loop), timer_(loop, [this] { on_tick(); }), done_tick_(loop.now_ms() / kTickMs) {}

Wheel::~Wheel() {
  assert(count_ == 0);
}

void Wheel::set(Deadline& deadline, std::uint64_t at_ms) {
  deadline.cancel();
  // With nothing set the timer sleeps and the hand stands still: bring it to now, or the first
  // deadline after a quiet hour would walk through all the slots of that hour.
  if (count_ == 0 && due_ == nullptr) done_tick_ = std::max(done_tick_, loop_.now_ms() / kTickMs);
  deadline.tick_ = std::max((at_ms + kTickMs - 1) / kTickMs, done_tick_ + 1);
  link(deadline);
  if (!timer_.is_running() || deadline.tick_ < armed_tick_) {
    armed_tick_ = deadline.tick_;
    const std::uint64_t at = armed_tick_ * kTickMs;
    timer_.start(at > loop_.now_ms() ? at - loop_.now_ms() : 0);
  }
}

void Wheel::link(Deadline& deadline) {
  const std::size_t slot = deadline.tick_ % kSlots;
  deadline.wheel_ = this;
  deadline.next_ = slots_[slot];
  if (deadline.next_ != nullptr) deadline.next_->at_ = &deadline.next_;
  deadline.at_ = &slots_[slot];
  slots_[slot] = &deadline;
  occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
  ++count_;
}

void Wheel::unlink(Deadline& deadline) {
  *deadline.at_ = deadline.next_;
  if (deadline.next_ != nullptr) deadline.next_->at_ = deadline.at_;
  deadline.wheel_ = nullptr;
  --count_;
  const std::size_t slot = deadline.tick_ % kSlots;
  if (slots_[slot] == nullptr) occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
}

void Wheel::on_tick() {
  const std::uint64_t now_tick = loop_.now_ms() / kTickMs;
  // After a stall longer than a round every slot is looked at once, which meets all that is due.
  const std::uint64_t first =
      std::max(done_tick_ + 1, now_tick >= kSlots ? now_tick - kSlots + 1 : 0);
  done_tick_ = std::max(done_tick_, now_tick);
  for (std::uint64_t tick = first; tick <= now_tick; ++tick) {
    Deadline* next = nullptr;
    for (Deadline* deadline = slots_[tick % kSlots]; deadline != nullptr; deadline = next) {
      next = deadline->next_;
      if (deadline->tick_ > now_tick) continue;  // of a later round
      unlink(*deadline);
      deadline->wheel_ = this;  // still set: whoever goes away meanwhile takes itself out
      deadline->next_ = due_;
      if (due_ != nullptr) due_->at_ = &deadline->next_;
      deadline->at_ = &due_;
      due_ = deadline;
      ++count_;
    }
  }
  while (due_ != nullptr) {
    Deadline* deadline = due_;
    unlink(*deadline);
    deadline->on_deadline();
  }
  arm();
}

void Wheel::arm() {
  if (count_ == 0) return timer_.stop();
  // The nearest occupied slot, a word of 64 slots at a time.
  const std::uint64_t from = done_tick_ + 1;
  std::uint64_t ahead = 0;
  while (ahead < kSlots) {
    const std::size_t slot = (from + ahead) % kSlots;
    const std::uint64_t word = occupied_[slot / 64] >> (slot % 64);
    if (word != 0) {
      ahead += static_cast<std::uint64_t>(std::countr_zero(word));
      break;
    }
    ahead += 64 - slot % 64;
  }
  armed_tick_ = from + ahead;
  const std::uint64_t at = armed_tick_ * kTickMs;
  timer_.start(at > loop_.now_ms() ? at - loop_.now_ms() : 0);
}

}  // namespace sluice::net
