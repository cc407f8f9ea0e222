#include "proxy/session/suspicion.h"

#include <memory>
#include <utility>

namespace sluice::session {

void suspect(Context& context, const Upstream& upstream, registry::LoadToken place,
             registry::Failure failure) {
  const std::shared_ptr<registry::Live> live = place.live();
  registry::Trial trial = place.take_trial();
  place.release();
  const registry::FailureRow row = live->note(failure);
  if (trial) return context.host.on_trial(std::move(trial), false);
  const bool is_wanted = upstream.suspect_after != 0 && row.total() >= upstream.suspect_after;
  if (is_wanted || row.total() == 1) context.host.on_suspect(live, row);
}

void praise(Context& context, registry::LoadToken& place) {
  place.live()->note_word();
  acquit(context, place);
}

void acquit(Context& context, registry::LoadToken& place) {
  if (place.is_on_trial()) context.host.on_trial(place.take_trial(), true);
}

}  // namespace sluice::session
