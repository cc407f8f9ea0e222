#include "proxy/cli/demo.h"

#include <sys/socket.h>

#include <mutex>
#include <ostream>
#include <string_view>

#include "config/load.h"
#include "proxy/cli/demo_rota.h"
#include "proxy/client/admin_address.h"
#include "proxy/net/address.h"
#include "proxy/net/fd.h"

namespace sluice::cli {
namespace {

// Asked without SO_REUSEPORT, so that a port is taken even if its holder would share it.
bool is_free(const std::string& bind) {
  std::string why;
  const auto endpoint = config::Endpoint::parse(bind, why);
  if (!endpoint) return false;
  const net::SocketAddress address(*endpoint);
  const net::Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  return fd && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
         ::bind(fd.get(), address.get(), address.size()) == 0 && ::listen(fd.get(), 1) == 0;
}

void free_or_any(std::string& bind) {
  if (!is_free(bind)) bind = "127.0.0.1:0";
}

std::string names_of(const std::vector<DemoBackends::Address>& backends) {
  std::string names;
  for (const auto& backend : backends) {
    if (!names.empty()) names += &backend == &backends.back() ? " or " : ", ";
    names += backend.name;
  }
  return names;
}

std::string toggled_text(DemoBackends::Toggled toggled, const std::string& name,
                         const std::vector<DemoBackends::Address>& backends) {
  switch (toggled) {
    case DemoBackends::Toggled::stopped:
      return name + " is stopped\n";
    case DemoBackends::Toggled::started:
      return name + " is started\n";
    case DemoBackends::Toggled::port_taken:
      return name + " cannot be started: its port has been taken meanwhile\n";
    case DemoBackends::Toggled::unknown_name:
      return "type " + names_of(backends) + "\n";
  }
  return "";
}

// Whom the typed line means has stopped, or runs again.
void follow(DemoRota& rota, DemoBackends::Toggled toggled, const std::string& name) {
  if (toggled == DemoBackends::Toggled::stopped) rota.set_running(name, false);
  if (toggled == DemoBackends::Toggled::started) rota.set_running(name, true);
}

}  // namespace

DemoBinds free_demo_binds() {
  DemoBinds binds;
  free_or_any(binds.spread);
  free_or_any(binds.sticky);
  free_or_any(binds.admin);
  return binds;
}

std::string demo_config(const DemoBinds& binds) {
  return "process: {shutdown: {drain: 1s}}\n"
         "log: {format: text}\n"
         "admin: {bind: \"" +
         binds.admin +
         "\"}\n"
         "registry: {store: {type: memory}}\n"
         "defaults:\n"
         "  check: {interval: 1s, fast_interval: 250ms, fall: 2}\n"
         "listeners:\n"
         "  - {name: spread, bind: \"" +
         binds.spread +
         "\", service: spread}\n"
         "  - {name: sticky, bind: \"" +
         binds.sticky +
         "\", service: sticky}\n"
         "services:\n"
         "  - {name: spread, balance: {policy: least_connections}}\n"
         "  - {name: sticky, balance: {policy: hash}}\n";
}

std::string demo_instructions(const std::string& program, const DemoBinds& wanted,
                              const DemoBinds& open,
                              const std::vector<DemoBackends::Address>& backends) {
  const std::string sluice =
      program + (open.admin == client::kDefaultAdmin ? "" : " --admin " + open.admin) + " ";
  std::string text =
      "The demo runs: three backends that have registered themselves, two listeners in front of "
      "them.\n";
  const auto moved = [&](const std::string& from, const std::string& to) {
    if (from != to) text += "(" + to + " is used, as the usual port is taken.)\n";
  };
  const DemoBinds usual;
  if (wanted.spread != usual.spread) moved(usual.spread, open.spread);
  if (wanted.sticky != usual.sticky) moved(usual.sticky, open.sticky);
  if (wanted.admin != usual.admin) moved(usual.admin, open.admin);
  const std::string spread = "http://" + open.spread + "/";
  const std::string sticky = "http://" + open.sticky + "/";
  text += "\nIn another terminal:\n";
  text += "  curl " + spread + "    a backend with the fewest connections\n";
  text += "  curl " + sticky + "    the same backend at each call\n";
  text += "  curl --interface 127.0.0.2 " + sticky + "    another client, maybe another backend\n";
  for (const char* command :
       {"services", "instances spread", "watch", "events", "connections", "status"}) {
    text += "  " + sluice + command + "\n";
  }
  text += "  curl http://" + open.admin + "/metrics\n";
  const std::string to_spread = "http://" + open.admin + "/v1/services/spread";
  text += "  curl " + to_spread + "    who is in rotation, who is not, and why\n";
  text += "  curl -X PUT -H 'Content-Type: application/json' -d '{\"weight\": 5}' " + to_spread +
          "/instances/" + backends.front().name + "/heartbeat\n";
  text +=
      "\nEvery few seconds one of them is drained, leaves and registers again: look at "
      "'instances spread'\nwhile curl goes on being answered.\n";
  text += "\nHere: type " + names_of(backends) +
          " and Enter to stop that backend as a crash would, and again to start it.\n"
          "Ctrl-C ends the demo.\n\n";
  return text;
}

int run_demo(const std::string& program, const DemoBinds& binds, int input, std::ostream& out,
             const Serve& serve) {
  std::mutex writing;  // the backends' thread and the rota's both print
  const auto say = [&](const std::string& text) {
    const std::lock_guard lock(writing);
    out << text << std::flush;
  };

  DemoRota rota({"spread", "sticky"});
  const auto typed = [&](DemoBackends& self, const std::string& line) {
    if (line.empty()) return;
    const DemoBackends::Toggled toggled = self.toggle(line);
    follow(rota, toggled, line);
    say(toggled_text(toggled, line, self.addresses()));
  };
  const DemoBackends backends({"alpha", "beta", "gamma"}, input, typed);

  ServerOptions options;
  options.config_file = "demo";
  options.load = [yaml = demo_config(binds)] {
    return config::load_text(yaml, "demo", config::process_environment);
  };
  options.on_ready = [&](const std::string& admin, const std::vector<std::string>& listeners) {
    const DemoBinds open{listeners.at(0), listeners.at(1), admin};
    const std::string text = demo_instructions(program, binds, open, backends.addresses());
    rota.begin(admin, backends.addresses(), [say, text] { say(text); });
  };
  return serve(std::move(options));
}

}  // namespace sluice::cli
