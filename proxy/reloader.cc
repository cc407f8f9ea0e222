#include "proxy/reloader.h"

#include <memory>
#include <utility>

namespace sluice {

Reloader::Reloader(std::function<config::Loaded()> load, Post post)
    : load_(std::move(load)), post_(std::move(post)) {}

Reloader::~Reloader() {
  if (thread_.joinable()) thread_.join();
}

void Reloader::read(std::function<void(config::Loaded)> done) {
  waiting_.push_back(std::move(done));
  if (waiting_.size() == 1) begin();
}

void Reloader::begin() {
  if (thread_.joinable()) thread_.join();
  thread_ = std::thread([this] {
    auto loaded = std::make_shared<config::Loaded>(load_());
    post_([this, loaded] {
      const auto done = std::move(waiting_.front());
      waiting_.pop_front();
      if (!waiting_.empty()) begin();
      done(std::move(*loaded));
    });
  });
}

}  // namespace sluice
