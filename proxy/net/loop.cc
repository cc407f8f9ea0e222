#include "proxy/net/loop.h"

#include <cassert>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace sluice::net {

namespace {

void check(int status, const char* what) {
  if (status < 0) throw std::system_error(-status, std::generic_category(), what);
}

}  // namespace

Loop::Loop() {
  check(uv_loop_init(&uv_), "cannot make an event loop");
}

Loop::~Loop() {
  // Close callbacks of handles whose owners are gone already run in the next turns.
  constexpr int kTurns = 16;
  for (int turn = 0; turn < kTurns; ++turn) {
    if (uv_loop_close(&uv_) == 0) return;
    uv_run(&uv_, UV_RUN_NOWAIT);
  }
  assert(false && "a handle outlived its loop");
  std::abort();
}

void Loop::run() {
  if (waiter_ == nullptr) {
    uv_run(&uv_, UV_RUN_DEFAULT);
    return;
  }
  waiter_->begin();
  while (!stopped_) waiter_->turn();
  stopped_ = false;
}

void Loop::turn() {
  if (waiter_ == nullptr) {
    uv_run(&uv_, UV_RUN_ONCE);
    return;
  }
  waiter_->begin();
  waiter_->turn();
}

void Loop::stop() {
  if (waiter_ == nullptr) return uv_stop(&uv_);
  stopped_ = true;
}

std::uint64_t monotonic_ns() {
  return uv_hrtime();
}

Timer::Timer(Loop& loop, std::function<void()> expired) : core_(new Core{{}, std::move(expired)}) {
  uv_timer_init(loop.uv(), &core_->timer);
  core_->timer.data = core_.get();
}

void Timer::start(std::uint64_t delay_ms) {
  uv_timer_start(
      &core_->timer,
      [](uv_timer_t* timer) {
        if (timer->data != nullptr) static_cast<Core*>(timer->data)->expired();
      },
      delay_ms, 0);
}

void Timer::repeat(std::uint64_t every_ms) {
  start(every_ms);
  uv_timer_set_repeat(&core_->timer, every_ms);
}

void Timer::stop() {
  uv_timer_stop(&core_->timer);
}

bool Timer::is_running() const {
  return uv_is_active(reinterpret_cast<const uv_handle_t*>(&core_->timer)) != 0;
}

Bell::Bell(Loop& loop, std::function<void()> rung) {
  auto core = std::make_unique<Core>();
  core->rung = std::move(rung);
  check(uv_poll_init(loop.uv(), &core->poll, core->wake.fd()), "cannot make a wake-up handle");
  core->poll.data = core.get();
  core_.reset(core.release());
  const int started = uv_poll_start(&core_->poll, UV_READABLE, [](uv_poll_t* poll, int, int) {
    if (poll->data == nullptr) return;
    auto* rings = static_cast<Core*>(poll->data);
    rings->wake.hush();
    rings->rung();
  });
  check(started, "cannot watch a wake-up handle");
}

void Bell::ring() {
  core_->wake.ring();
}

Signal::Signal(Loop& loop, int number, std::function<void()> raised)
    : core_(new Core{{}, std::move(raised)}) {
  uv_signal_init(loop.uv(), &core_->signal);
  core_->signal.data = core_.get();
  check(uv_signal_start(
            &core_->signal,
            [](uv_signal_t* signal, int) {
              if (signal->data != nullptr) static_cast<Core*>(signal->data)->raised();
            },
            number),
        "cannot watch a signal");
}

}  // namespace sluice::net
