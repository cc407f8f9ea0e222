#include "proxy/admin/scribe.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "proxy/net/urgency.h"

namespace sluice::admin {

namespace {

void fill(const Order& order) {
  if (std::ranges::none_of(order.readers, &Responder::is_awaited)) return;
  std::shared_ptr<const Reply> reply;
  try {
    reply = std::make_shared<const Reply>(order.page());
  } catch (...) {  // what it says may hold secrets
    reply = std::make_shared<const Reply>(Reply::error(500, "the request could not be handled"));
  }
  for (const Responder& reader : order.readers) reader.send(reply);
}

}  // namespace

Scribe::Scribe() {
  thread_ = std::thread([orders = orders_] {
    pthread_setname_np(pthread_self(), "sluice-pages");
    net::set_urgency(net::Urgency::background);
    while (const auto order = orders->next()) fill(*order);
  });
}

Scribe::~Scribe() {
  orders_->close();
  thread_.join();
}

}  // namespace sluice::admin
