// The ways in which a Backend may behave.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "tests/support/backend.h"

namespace sluice::test {

Backend::MakeScript echo();
Backend::MakeScript ident(std::string name);  // answers the first bytes with the name, then closes
Backend::MakeScript speak(std::string greeting);  // greets on accept, then echoes
Backend::MakeScript sum();     // reads to the end, then answers "LENGTH SHA256\n"
Backend::MakeScript unread();  // as sum(), but reads nothing before release()
Backend::MakeScript source(std::uint64_t seed,
                           std::uint64_t n);  // sends n bytes of a stream, then closes
Backend::MakeScript hold();                   // reads, says nothing, closes when the client has
Backend::MakeScript reset_on_accept();
Backend::MakeScript close_on_accept();
Backend::MakeScript close_on_data();  // closes upon the first bytes, which it has read
// One that changes its ways; each connection is served as the mood is when it comes.
enum class Mood {
  well,  // echoes
  slow,  // echoes, and takes 20 ms for each piece
  silent,
  closes_on_accept,
  closes_on_data,
  resets_on_accept,
  resets_on_data
};
Backend::MakeScript moody(std::shared_ptr<std::atomic<Mood>> mood);
// Answers each HTTP request with the status that `status` holds at that moment, and closes.
Backend::MakeScript http(std::shared_ptr<std::atomic<int>> status);

}  // namespace sluice::test
