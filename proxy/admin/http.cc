#include "proxy/admin/http.h"

#include <pthread.h>

#include <sys/stat.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "proxy/admin/inbox.h"
#include "proxy/admin/settings.h"
#include "proxy/admin/transport.h"
#include "proxy/net/listen_socket.h"
#include "proxy/net/urgency.h"

namespace sluice::admin {

namespace {

constexpr std::uint32_t kBacklog = 1024;

bool is_unix(const net::ListenSocket& socket) {
  return socket.endpoint().family == config::Endpoint::Family::unix_path;
}

// Nobody can connect before listen(), so the path is closed to others from its first use on.
void keep_to_owner(const std::string& path) {
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) == 0) return;
  const std::string why = std::generic_category().message(errno);
  throw std::runtime_error("cannot protect unix:" + path + ": " + why);
}

std::shared_ptr<net::ListenSocket> listen_on(const config::Admin& config) {
  std::string why;
  const auto endpoint = config::Endpoint::parse(config.bind, why);
  if (!endpoint) throw std::runtime_error("cannot listen on " + config.bind + ": " + why);
  auto socket = net::ListenSocket::bind(*endpoint, 1, false);
  if (is_unix(*socket)) keep_to_owner(endpoint->path);
  socket->listen(kBacklog, config::Tcp{});
  return socket;
}

std::shared_ptr<const Settings> settings_of(const config::Admin& config,
                                            const net::ListenSocket& socket) {
  return std::make_shared<const Settings>(
      Settings{config.limits, RequestRules(config.allowed_hosts, is_unix(socket))});
}

}  // namespace

std::optional<std::string> Request::parameter(std::string_view name) const {
  const auto at = query.find(name);
  if (at == query.end()) return std::nullopt;
  return at->second;
}

struct HttpServer::State {
  State(const config::Admin& config, Handler handler, Door door)
      : socket(listen_on(config)),
        inbox(std::make_shared<Inbox>()),
        transport(socket, std::move(handler), settings_of(config, *socket), inbox,
                  std::move(door)) {}

  std::shared_ptr<net::ListenSocket> socket;
  std::shared_ptr<Inbox> inbox;
  Transport transport;
  std::thread thread;
};

HttpServer::HttpServer(const config::Admin& config, Handler handler, Door door)
    : state_(std::make_unique<State>(config, std::move(handler), std::move(door))) {}

HttpServer::~HttpServer() {
  if (!state_->thread.joinable()) return;
  state_->inbox->post_stop();
  state_->thread.join();
}

void HttpServer::start() {
  state_->thread = std::thread([this] {
    pthread_setname_np(pthread_self(), "sluice-api");
    net::set_urgency(net::Urgency::orders);
    state_->transport.run();
  });
}

void HttpServer::reconfigure(const config::Admin& config) {
  state_->inbox->post(settings_of(config, *state_->socket));
}

std::string HttpServer::address() const {
  return state_->socket->endpoint().text();
}

}  // namespace sluice::admin
