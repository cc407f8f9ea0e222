#include "proxy/client/admin_call.h"

#include <utility>

namespace sluice::client {

AdminCall::AdminCall(health::Transfers& transfers, AdminAddress address)
    : transfers_(transfers), client_(std::move(address)) {}

AdminCall::~AdminCall() {
  abandon();
}

void AdminCall::start(const AdminRequest& request, Done done) {
  abandon();
  done_ = std::move(done);
  handle_ = client_.begin(request);
  transfers_.add(handle_, *this);
}

void AdminCall::abandon() {
  if (handle_ != nullptr) transfers_.remove(std::exchange(handle_, nullptr));
}

void AdminCall::on_done(CURLcode result) {
  transfers_.remove(std::exchange(handle_, nullptr));
  Answer answer = client_.end(result);
  std::exchange(done_, {})(std::move(answer));
}

}  // namespace sluice::client
