// Thin owners over libuv handles: the owner's deleter is uv_close(), the close callback frees the
// core.
//
// Destroying an Owned cancels what the handle was doing; no callback arrives afterwards. A core is
// a struct whose first member is its uv handle, so that handle and core have one address.
#pragma once

#include <uv.h>

#include <memory>

namespace sluice::net {

template <class Core>
struct CloseHandle {
  void operator()(Core* core) const {
    auto* handle = reinterpret_cast<uv_handle_t*>(core);
    handle->data = nullptr;
    uv_close(handle, [](uv_handle_t* closed) { delete reinterpret_cast<Core*>(closed); });
  }
};

template <class Core>
using Owned = std::unique_ptr<Core, CloseHandle<Core>>;

}  // namespace sluice::net
