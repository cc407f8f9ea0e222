#include "proxy/rollouts.h"

#include <utility>

namespace sluice {

void Rollouts::await_index(std::uint64_t index, Done done) {
  unpublished_.push_back({index, std::move(done)});
  note_who_waits();
}

void Rollouts::await_version(std::uint64_t version, Done done) {
  published_.push_back({version, std::move(done)});
  note_who_waits();
}

void Rollouts::on_published(std::uint64_t version, std::uint64_t index) {
  while (!unpublished_.empty() && unpublished_.front().mark <= index) {
    published_.push_back({version, std::move(unpublished_.front().done)});
    unpublished_.pop_front();
  }
}

void Rollouts::on_progress(std::uint64_t version) {
  while (!published_.empty() && published_.front().mark <= version) {
    const Done done = std::move(published_.front().done);
    published_.pop_front();
    done();
  }
  note_who_waits();
}

}  // namespace sluice
