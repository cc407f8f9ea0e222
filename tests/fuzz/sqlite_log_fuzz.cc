// SQLite's write-ahead log: bytes as they are, and the same bytes in the frames of a log of ours.
#include "registry/store/sqlite_log.h"

#include <algorithm>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace sluice::fuzz::sqlite_log_target {

using namespace sluice::registry::sqlite;

namespace {

using Log = std::vector<unsigned char>;

constexpr std::size_t kHeader = 32;
constexpr std::size_t kFrameHeader = 24;
constexpr std::size_t kPage = 64;  // less than SQLite's own, so that a short input has several

void put(Log& log, std::uint32_t word) {
  for (const int shift : {24, 16, 8, 0}) log.push_back(static_cast<unsigned char>(word >> shift));
}

// Writes as section 4.2 of the format says, big-endian.
class Writer {
 public:
  explicit Writer(std::uint32_t salt) : salt_(salt) {
    for (const std::uint32_t word :
         {0x377F0683u, 3007000u, std::uint32_t{kPage}, 0u, salt, ~salt}) {
      put(log_, word);
    }
    sum(0, 24);
    put_sum();
  }

  void add(const unsigned char* page) {
    const std::size_t at = log_.size();
    put(log_, ++frames_);
    put(log_, frames_);
    sum(at, 8);
    put(log_, salt_);
    put(log_, ~salt_);
    const std::size_t sum_at = log_.size();
    put(log_, 0);
    put(log_, 0);
    log_.insert(log_.end(), page, page + kPage);
    sum(log_.size() - kPage, kPage);
    Log sums;
    std::swap(sums, log_);
    put_sum();
    std::swap(sums, log_);
    std::ranges::copy(sums, log_.begin() + static_cast<std::ptrdiff_t>(sum_at));
  }

  const Log& log() const { return log_; }

 private:
  std::uint32_t word_at(std::size_t at) const {
    return std::uint32_t{log_[at]} << 24 | std::uint32_t{log_[at + 1]} << 16 |
           std::uint32_t{log_[at + 2]} << 8 | std::uint32_t{log_[at + 3]};
  }
  void sum(std::size_t at, std::size_t size) {
    for (const std::size_t end = at + size; at < end; at += 8) {
      first_ += word_at(at) + second_;
      second_ += word_at(at + 4) + first_;
    }
  }
  void put_sum() {
    put(log_, first_);
    put(log_, second_);
  }

  Log log_;
  std::uint32_t salt_;
  std::uint32_t first_ = 0;
  std::uint32_t second_ = 0;
  std::uint32_t frames_ = 0;
};

// A whole log stays whole where it is cut off, and no other byte in it goes unseen.
void require_guarded(Log log, std::size_t at, unsigned char change) {
  require(is_log_whole(log), "a log that was written is whole");
  require(is_log_whole(std::span(log).first(at)), "one that was cut off looks whole");
  log[at] ^= change;
  require(change == 0 || !is_log_whole(log), "a byte that has changed is seen");
}

}  // namespace

SLUICE_FUZZ_TARGET(sqlite_log) {
  const bool is_whole = is_log_whole({data, size});
  if (is_whole) require(is_log_whole({data, size - size / 2}), "one that was cut off looks whole");
  if (size < 4) return 0;

  Writer writer(std::uint32_t{data[0]} << 8 | data[1]);
  for (std::size_t at = 4; at + kPage <= size; at += kPage) writer.add(data + at);
  const std::size_t place = (std::size_t{data[2]} << 8 | data[3]) % writer.log().size();
  require_guarded(writer.log(), place, data[0]);
  return 0;
}

}  // namespace sluice::fuzz::sqlite_log_target
