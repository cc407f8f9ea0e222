#include "tests/support/wait.h"

#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace sluice::test {

bool is_long_run() {
  const char* value = std::getenv("SLUICE_TEST_LONG");
  return value != nullptr && std::string_view(value) == "1";
}

int Deadline::poll_timeout() const {
  const auto left = std::chrono::ceil<Milliseconds>(at_ - Clock::now());
  return static_cast<int>(std::max<Milliseconds::rep>(left.count(), 0));
}

void pause_between_looks(Milliseconds at_most) {
  ::poll(nullptr, 0, static_cast<int>(at_most.count()));
}

bool eventually(const std::function<bool()>& holds, Milliseconds within) {
  const Deadline deadline(within);
  while (!holds()) {
    if (deadline.has_passed()) return holds();
    pause_between_looks();
  }
  return true;
}

bool settles(const std::function<double()>& value, Milliseconds quiet, Milliseconds within) {
  double last = value();
  Stopwatch unchanged;
  return eventually(
      [&] {
        if (const double now = value(); now != last) {
          last = now;
          unchanged = Stopwatch();
        }
        return unchanged.elapsed() >= quiet;
      },
      within);
}

}  // namespace sluice::test
