#include "bench/load/watching.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "bench/load/sockets.h"

namespace sluice::bench {

// Looks for the mark in what it is sent, and forgets the rest.
class Watching::Watcher final : public Handler {
 public:
  Watcher(Watching& owner, std::uint64_t n) : owner_(owner), fd_(begin_connect(owner.target_, n)) {
    if (!fd_) throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
    owner_.poll_.add(fd_.get(), EPOLLIN | EPOLLOUT | EPOLLET, *this);
  }

  void on_events(std::uint32_t) override {
    if (!std::exchange(has_asked_, true)) {
      const std::string request = get(owner_.registry_, "/v1/watch?service=s0");
      if (::send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(request.size())) {
        return owner_.on_lost("a watcher could not ask");
      }
    }
    receive();
  }

 private:
  void receive() {
    std::array<char, 65536> piece;
    while (true) {
      const ssize_t got = ::recv(fd_.get(), piece.data(), piece.size(), 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return owner_.on_lost("a watcher was left");
      look_at({piece.data(), static_cast<std::size_t>(got)});
      if (static_cast<std::size_t>(got) < piece.size()) return;
    }
  }

  void look_at(std::string_view piece) {
    tail_.append(piece);
    const std::string& mark = owner_.mark_;
    const bool has_it = tail_.find(mark) != std::string::npos;
    if (has_it) tail_.clear();
    if (tail_.size() > mark.size()) tail_.erase(0, tail_.size() - mark.size());
    if (has_it) owner_.on_seen();
  }

  Watching& owner_;
  net::Fd fd_;
  bool has_asked_ = false;
  std::string tail_;
};

// The first round, round 0, is that all of them have begun, with what there is already.
Watching::Watching(Poll& poll, Tally& tally, const sockaddr_in& target, Registry registry,
                   std::size_t watchers)
    : poll_(poll),
      tally_(tally),
      target_(target),
      registry_(std::move(registry)),
      mark_("event: snapshot"),
      left_(watchers) {
  for (std::size_t n = 0; n < watchers; ++n) {
    watchers_.push_back(std::make_unique<Watcher>(*this, n));
  }
}

Watching::~Watching() = default;

void Watching::on_seen() {
  if (--left_ != 0) return;
  if (round_ > 0) tally_.operation(now() - began_);
  if (exchange_ == nullptr) {
    exchange_ = std::make_unique<Exchange>(poll_, of_requests_, *this, target_, watchers_.size());
  } else if (!is_finishing_) {
    change();
  }
}

void Watching::on_lost(const std::string& what) {
  tally_.error(what);
}

void Watching::change() {
  const std::string round = std::to_string(++round_);
  mark_ = R"("round":")" + round + '"';
  left_ = watchers_.size();
  began_ = now();
  exchange_->ask(put(registry_, path_of(registry_, 0),
                     registration(registry_, 0, R"(,"meta":{"round":")" + round + R"("})")),
                 began_);
}

}  // namespace sluice::bench
