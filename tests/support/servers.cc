#include "tests/support/servers.h"

#include <thread>

#include "tests/support/payload.h"

namespace sluice::test {
namespace {

using Connection = Backend::Connection;
using Script = Backend::Script;

// A factory that makes a Script of type T with these arguments for each connection.
template <class T, class... Arguments>
Backend::MakeScript each(Arguments... arguments) {
  return [=] { return std::make_unique<T>(arguments...); };
}

struct Echo : Script {
  void on_data(Connection& connection, std::string_view bytes) override { connection.send(bytes); }
};

struct Ident : Script {
  explicit Ident(std::string n) : name(std::move(n)) {}
  void on_data(Connection& connection, std::string_view) override {
    connection.send(name);
    connection.close();
  }
  std::string name;
};

struct Speak : Echo {
  explicit Speak(std::string text) : greeting(std::move(text)) {}
  void on_accept(Connection& connection) override { connection.send(greeting); }
  std::string greeting;
};

struct Sum : Script {
  void on_data(Connection&, std::string_view bytes) override {
    count += bytes.size();
    digest.add(bytes);
  }
  void on_finish(Connection& connection) override {
    connection.send(std::to_string(count) + " " + digest.hex() + "\n");
    connection.finish();
  }
  std::uint64_t count = 0;
  Sha256 digest;
};

struct Unread : Sum {
  void on_accept(Connection& connection) override { connection.pause_reading(); }
};

struct Source : Script {
  Source(std::uint64_t s, std::uint64_t count) : seed(s), n(count) {}
  void on_accept(Connection& connection) override {
    connection.send_stream(seed, n);
    connection.finish();
  }
  std::uint64_t seed, n;
};

struct Hold : Script {};

struct ResetOnAccept : Script {
  void on_accept(Connection& connection) override { connection.reset(); }
};

struct CloseOnAccept : Script {
  void on_accept(Connection& connection) override { connection.close(); }
};

struct CloseOnData : Script {
  void on_data(Connection& connection, std::string_view) override { connection.close(); }
};

struct ResetOnData : Script {
  void on_data(Connection& connection, std::string_view) override { connection.reset(); }
};

struct SlowEcho : Echo {
  void on_data(Connection& connection, std::string_view bytes) override {
    std::this_thread::sleep_for(20ms);
    Echo::on_data(connection, bytes);
  }
};

std::unique_ptr<Script> in_mood(Mood mood) {
  switch (mood) {
    case Mood::well:
      return std::make_unique<Echo>();
    case Mood::slow:
      return std::make_unique<SlowEcho>();
    case Mood::silent:
      return std::make_unique<Hold>();
    case Mood::closes_on_accept:
      return std::make_unique<CloseOnAccept>();
    case Mood::closes_on_data:
      return std::make_unique<CloseOnData>();
    case Mood::resets_on_accept:
      return std::make_unique<ResetOnAccept>();
    case Mood::resets_on_data:
      return std::make_unique<ResetOnData>();
  }
  return nullptr;
}

struct Http : Script {
  explicit Http(std::shared_ptr<std::atomic<int>> s) : status(std::move(s)) {}
  void on_data(Connection& connection, std::string_view bytes) override {
    request += bytes;
    if (request.find("\r\n\r\n") == std::string::npos) return;
    connection.send("HTTP/1.1 " + std::to_string(*status) +
                    " Said\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    connection.close();
  }
  std::shared_ptr<std::atomic<int>> status;
  std::string request;
};

}  // namespace

Backend::MakeScript echo() {
  return each<Echo>();
}
Backend::MakeScript ident(std::string name) {
  return each<Ident>(std::move(name));
}
Backend::MakeScript speak(std::string greeting) {
  return each<Speak>(std::move(greeting));
}
Backend::MakeScript sum() {
  return each<Sum>();
}
Backend::MakeScript unread() {
  return each<Unread>();
}
Backend::MakeScript source(std::uint64_t seed, std::uint64_t n) {
  return each<Source>(seed, n);
}
Backend::MakeScript hold() {
  return each<Hold>();
}
Backend::MakeScript reset_on_accept() {
  return each<ResetOnAccept>();
}
Backend::MakeScript close_on_accept() {
  return each<CloseOnAccept>();
}
Backend::MakeScript close_on_data() {
  return each<CloseOnData>();
}
Backend::MakeScript moody(std::shared_ptr<std::atomic<Mood>> mood) {
  return [mood = std::move(mood)] { return in_mood(*mood); };
}
Backend::MakeScript http(std::shared_ptr<std::atomic<int>> status) {
  return each<Http>(std::move(status));
}

}  // namespace sluice::test
