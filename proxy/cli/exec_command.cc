#include "proxy/cli/exec_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <utility>

#include "config/units.h"
#include "proxy/cli/arguments.h"

namespace sluice::cli {
namespace {

std::string why_no_host(const std::string& text) {
  std::string why;
  return config::Endpoint::parse_ip(text, why) ? "" : why;
}

config::Duration duration_of(const std::string& checked) {
  std::string why;
  return config::parse_duration(checked, why).value_or(config::Duration());
}

}  // namespace

ExecCommand::ExecCommand(const AddCommand& add, Run run) : run_(std::move(run)) {
  CLI::App& command =
      *add("exec", "Run the program that follows --, and keep it registered while it runs",
           [this] { return run_(finished()); });
  client::Announcement& said = request_.instance;
  command.add_option("--service", said.service, "The service that it belongs to")
      ->type_name("NAME")
      ->required();
  command.add_option("--port", port_, "Where the program listens")
      ->type_name("PORT")
      ->check(CLI::Range(1, 65535))
      ->required();
  command.add_option("--address", host_, "The address that it is registered with")
      ->type_name("IP")
      ->check(why_no_host)
      ->capture_default_str();
  command.add_option("--id", said.id, "Its id in the service; the address if not said")
      ->type_name("ID");
  add_announcement_options(command, said);
  command.add_option("--drain", drain_, "How long connections may go on before it is stopped")
      ->type_name("TIME")
      ->check(why_no_duration)
      ->capture_default_str();
  command.add_option("--check-interval", look_every_, "How often to look, until the port listens")
      ->type_name("TIME")
      ->check(why_no_duration)
      ->capture_default_str();
}

int ExecCommand::take_program(int argc, const char* const* argv) {
  const auto end = argv + argc;
  const auto mark = std::find(argv, end, std::string_view("--"));
  if (mark == end || std::find(argv, mark, std::string_view("exec")) == mark) return argc;
  request_.program.assign(mark + 1, end);
  return static_cast<int>(mark - argv);
}

ExecRequest ExecCommand::finished() {
  std::string why;
  request_.listens = config::Endpoint::parse_ip(host_, why).value_or(config::Endpoint());
  request_.listens.port = port_;
  request_.instance.address = request_.listens.text();
  if (request_.instance.id.empty()) request_.instance.id = request_.instance.address;
  request_.drain = duration_of(drain_);
  request_.look_every = duration_of(look_every_);
  return request_;
}

}  // namespace sluice::cli
