#include "proxy/health/transfers.h"

#include <algorithm>
#include <stdexcept>

namespace sluice::health {

namespace {

CURLM* make_multi() {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* multi = global == CURLE_OK ? curl_multi_init() : nullptr;
  if (multi == nullptr) throw std::runtime_error("cannot set up libcurl");
  return multi;
}

}  // namespace

Transfers::Transfers(net::Loop& loop)
    : loop_(loop), timer_(loop, [this] { act(CURL_SOCKET_TIMEOUT, 0); }), multi_(make_multi()) {
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &on_socket_wanted);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &on_timer_wanted);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
}

Transfers::~Transfers() = default;

void Transfers::add(CURL* easy, Transfer& transfer) {
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  if (const CURLMcode code = curl_multi_add_handle(multi_.get(), easy); code != CURLM_OK) {
    throw std::runtime_error(std::string("cannot start a transfer: ") + curl_multi_strerror(code));
  }
}

void Transfers::remove(CURL* easy) {
  curl_multi_remove_handle(multi_.get(), easy);
}

int Transfers::on_socket_wanted(CURL* easy, curl_socket_t socket, int what, void* self, void*) {
  auto* transfers = static_cast<Transfers*>(self);
  if (what == CURL_POLL_REMOVE) {
    transfers->polls_.erase(socket);
    return 0;
  }
  PollCore* core = transfers->watch(socket);
  if (core == nullptr) {
    // Answering -1 would end all transfers of the multi handle, not this one.
    Transfer* transfer = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    transfer->on_unwatchable();
    return 0;
  }
  const int events = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                     ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
  uv_poll_start(&core->poll, events, &on_socket_ready);
  return 0;
}

Transfers::PollCore* Transfers::watch(curl_socket_t socket) {
  if (const auto found = polls_.find(socket); found != polls_.end()) return found->second.get();
  auto core = std::make_unique<PollCore>(PollCore{{}, this, socket});
  if (uv_poll_init_socket(loop_.uv(), &core->poll, socket) != 0) return nullptr;
  core->poll.data = core.get();
  return polls_.emplace(socket, core.release()).first->second.get();
}

int Transfers::on_timer_wanted(CURLM*, long delay_ms, void* self) {
  net::Timer& timer = static_cast<Transfers*>(self)->timer_;
  if (delay_ms < 0) {
    timer.stop();
  } else {
    // Never 0: libcurl may ask for "now" turn after turn, and would starve everybody else.
    timer.start(static_cast<std::uint64_t>(std::max(delay_ms, 1L)));
  }
  return 0;
}

void Transfers::on_socket_ready(uv_poll_t* poll, int status, int events) {
  if (poll->data == nullptr) return;
  const auto* core = static_cast<PollCore*>(poll->data);
  int flags = ((events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
              ((events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0);
  // A pending error; libuv has stopped watching. What came before it can still be read, and reading
  // on meets the error itself.
  if (status < 0) flags = CURL_CSELECT_ERR | CURL_CSELECT_IN;
  core->transfers->act(core->socket, flags);
}

void Transfers::act(curl_socket_t socket, int flags) {
  int running = 0;
  curl_multi_socket_action(multi_.get(), socket, flags, &running);
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    transfer->on_done(message->data.result);
  }
}

}  // namespace sluice::health
