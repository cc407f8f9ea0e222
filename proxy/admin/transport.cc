#include "proxy/admin/transport.h"

#include <sys/socket.h>

#include <ctime>
#include <utility>

#include "proxy/admin/reply.h"

namespace sluice::admin {

namespace {

void turn_away(const net::Fd& client) {
  const std::string wire = to_wire(Reply::error(503, "too many connections"),
                                   {.close = true, .now = std::time(nullptr)});
  ::send(client.get(), wire.data(), wire.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace

Transport::Transport(std::shared_ptr<net::ListenSocket> socket, Handler handler,
                     std::shared_ptr<const Settings> settings, std::shared_ptr<Inbox> inbox,
                     Door door)
    : poller_(loop_),
      wheel_(loop_),
      bell_(loop_, [this] { on_mail(); }),
      around_{loop_,
              poller_,
              wheel_,
              std::move(handler),
              std::move(door),
              std::move(inbox),
              std::move(settings),
              [this](std::uint64_t id) { connections_.erase(id); },
              {}} {
  const auto on_client = [this](net::Fd client, const net::SocketAddress& peer) {
    admit(std::move(client), peer);
    return true;
  };
  acceptor_.emplace(loop_, poller_, std::move(socket), 0,
                    net::Acceptor::Handler{on_client, [](int) {}});
  around_.inbox->open(bell_);
}

Transport::~Transport() {
  for (const Answer& unsent : around_.inbox->close().answers) {
    if (unsent.flow) unsent.flow->close();
  }
}

void Transport::run() {
  bell_.ring();  // for mail that came before the bell
  loop_.run();
}

void Transport::admit(net::Fd client, const net::SocketAddress& peer) {
  if (connections_.size() >= around_.settings->limits.connections) return turn_away(client);
  auto connection = std::make_unique<HttpConnection>(around_, ++last_id_);
  if (connection->open(std::move(client), peer))
    connections_.emplace(last_id_, std::move(connection));
}

void Transport::on_mail() {
  Mail mail = around_.inbox->take();
  if (mail.settings) around_.settings = std::move(mail.settings);
  for (Hold& hold : mail.holds) take_in(hold);
  for (Answer& answer : mail.answers) take_in(answer);
  for (const std::uint64_t id : mail.flows) {
    if (HttpConnection* connection = find(id)) connection->pump();
  }
  if (mail.stop) stop();
}

void Transport::take_in(Hold& hold) {
  if (HttpConnection* connection = find(hold.request->connection)) {
    connection->hold(*hold.request, std::move(hold.on_gone));
  } else {
    hold.on_gone();
  }
}

void Transport::take_in(Answer& answer) {
  if (HttpConnection* connection = find(answer.connection)) {
    connection->answer(std::move(answer));
  } else if (answer.flow) {
    answer.flow->close();
  }
}

HttpConnection* Transport::find(std::uint64_t id) const {
  const auto at = connections_.find(id);
  return at != connections_.end() ? at->second.get() : nullptr;
}

void Transport::stop() {
  acceptor_.reset();
  for (const auto& [id, connection] : connections_) connection->stop();
  connections_.clear();
  loop_.stop();
}

}  // namespace sluice::admin
