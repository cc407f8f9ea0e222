// Bulk streams that go on for ever. Bytes are counted as this end sees them.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "bench/load/stream.h"
#include "bench/load/workload.h"

namespace sluice::bench {

class Bulk final : public Workload, public Stream::Owner {
 public:
  Bulk(Poll& poll, Tally& tally, const sockaddr_in& target, std::size_t streams,
       Stream::Directions directions);

  bool is_ready() const override;
  void finish() override { streams_.clear(); }
  std::uint64_t unanswered() const override { return 0; }

 private:
  void on_sent(std::uint64_t bytes) override { tally_.sent(bytes); }
  void on_received(std::uint64_t bytes) override { tally_.received(bytes); }
  void on_end(Stream& stream, Stream::End end, int error) override;

  Tally& tally_;
  std::vector<std::unique_ptr<Stream>> streams_;
};

}  // namespace sluice::bench
