#include "proxy/reloader.h"

#include <pthread.h>

#include <memory>
#include <utility>

namespace sluice {

Reloader::Reloader(std::function<Briefing()> load, Post post)
    : load_(std::move(load)), post_(std::move(post)) {}

Reloader::~Reloader() {
  if (thread_.joinable()) thread_.join();
}

void Reloader::read(std::function<void(Briefing)> done) {
  waiting_.push_back(std::move(done));
  if (waiting_.size() == 1) begin();
}

void Reloader::begin() {
  if (thread_.joinable()) thread_.join();
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "sluice-reload");
    auto briefing = std::make_shared<Briefing>(load_());
    post_([this, briefing] {
      const auto done = std::move(waiting_.front());
      waiting_.pop_front();
      if (!waiting_.empty()) begin();
      done(std::move(*briefing));
    });
  });
}

}  // namespace sluice
