// The stage before all others, where a listener takes PROXY headers: waits for the client's first
// bytes, and learns from them whose connection it is.
//
// It looks without taking (MSG_PEEK) until the header is whole, and then takes exactly the header:
// a connection that waits owns no buffer, and what follows is the relay's, by splice if it likes.
// There is one deadline for the whole header, not extended by single bytes.
//
// Owned by a Session, on the worker's thread. One of the Owner's functions is called once, last,
// and may destroy it.
#pragma once

#include <string_view>

#include "proxy/metrics/cells.h"
#include "proxy/net/proxy_header.h"
#include "proxy/session/context.h"

namespace sluice::session {

class Preface {
 public:
  class Owner {
   public:
    virtual void on_header(net::ProxyHeader header) = 0;  // it was taken off the socket
    virtual void on_no_header() = 0;  // something else begins, and that is allowed
    virtual void on_no_preface(metrics::CloseReason reason, std::string_view detail) = 0;
    virtual void wake_at(std::uint64_t at_ms) = 0;  // calls on_deadline() then

   protected:
    ~Owner() = default;
  };

  // `is_optional`: what does not begin with a header is let pass.
  Preface(Owner& owner, Context& context, net::Socket& client, bool is_optional)
      : owner_(owner), context_(context), client_(client), is_optional_(is_optional) {}
  Preface(const Preface&) = delete;
  Preface& operator=(const Preface&) = delete;

  void start(std::uint64_t within_ms);
  void on_ready();
  void on_deadline();

 private:
  void take(const net::ReadHeader& read);

  Owner& owner_;
  Context& context_;
  net::Socket& client_;
  const bool is_optional_;
};

}  // namespace sluice::session
