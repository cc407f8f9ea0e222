#include "proxy/session/suspicion.h"

#include <memory>

namespace sluice::session {

void suspect(Context& context, const Upstream& upstream, registry::LoadToken place,
             registry::Failure failure) {
  const std::shared_ptr<registry::Live> live = place.live();
  place.release();
  const registry::FailureRow row = live->note(failure);
  const bool is_wanted = upstream.suspect_after != 0 && row.total() >= upstream.suspect_after;
  if (is_wanted || row.total() == 1) context.host.on_suspect(live, row);
}

}  // namespace sluice::session
