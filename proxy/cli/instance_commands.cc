#include "proxy/cli/instance_commands.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "config/units.h"
#include "proxy/cli/arguments.h"

namespace sluice::cli {
namespace {

void add_name(CLI::App& command, std::string& service, std::string& id) {
  command.add_option("SERVICE", service, "The service's name")->required();
  command.add_option("ID", id, "The instance's id in it")->required();
}

}  // namespace

InstanceCommands::InstanceCommands(const AddCommand& add, CarryOut carry_out)
    : carry_out_(std::move(carry_out)) {
  add_register(add);
  add_deregister(add);
  add_heartbeat(add);
  add_states(add);
}

void InstanceCommands::add_register(const AddCommand& add) {
  CLI::App& command = *add("register", "Register an instance, or renew it with what is said anew",
                           [this] { return carry_out_(register_order(said_, waits_, creates_)); });
  command.add_option("SERVICE", said_.service, "The service's name")->required();
  command.add_option("--address", said_.address, "Where it listens")
      ->type_name("IP:PORT")
      ->check(why_no_address)
      ->required();
  command.add_option("--id", said_.id, "Its id in the service; the address if not said")
      ->type_name("ID");
  add_announcement_options(command, said_);
  command.add_flag("--wait", waits_, "Return once connections are given to it by every worker");
  command.add_flag("--create", creates_, "Fail if the id is registered already");
}

void InstanceCommands::add_deregister(const AddCommand& add) {
  CLI::App& command = *add("deregister", "Take an instance out of the registry", [this] {
    std::string why;
    if (!drain_.empty()) leaving_.drain = config::parse_duration(drain_, why);
    return carry_out_(deregister_order(leaving_));
  });
  add_name(command, leaving_.service, leaving_.id);
  command.add_option("--drain", drain_, "How long its connections may go on; else the service's")
      ->type_name("TIME")
      ->check(why_no_duration);
  command.add_flag("--wait", leaving_.wait, "Return when its last connection has gone");
  command.add_option("--incarnation", leaving_.incarnation, "Only if this one is registered")
      ->type_name("N");
}

void InstanceCommands::add_heartbeat(const AddCommand& add) {
  CLI::App& command = *add("heartbeat", "Report for an instance: renew its lease",
                           [this] { return carry_out_(heartbeat_order(report_)); });
  add_name(command, report_.service, report_.id);
  command.add_option("--weight", report_.weight, "Its weight from now on")->type_name("N");
  command.add_option("--load", report_.load, "Its load, for people to see")->type_name("X");
  command.add_option("--status", report_.status, "up, warming, draining or down")
      ->type_name("WORD");
  command.add_option("--incarnation", report_.incarnation, "Only if this one is registered")
      ->type_name("N");
}

void InstanceCommands::add_states(const AddCommand& add) {
  struct Word {
    const char* command;
    const char* about;
  };
  for (const auto& [word, about] :
       {Word{"drain", "Give an instance no new connections; those that it has go on"},
        Word{"maint", "Take an instance out for maintenance"},
        Word{"ready", "Take back drain or maint"}}) {
    CLI::App& command = *add(word, about, [this, admin = std::string(word)] {
      return carry_out_(state_order(leaving_.service, leaving_.id, admin, reason_));
    });
    add_name(command, leaving_.service, leaving_.id);
    command.add_option("--reason", reason_, "Shown wherever the state is")->type_name("TEXT");
  }
}

void add_announcement_options(CLI::App& command, client::Announcement& said) {
  command.add_option("--weight", said.weight, "0 to 65535 (1); 0 takes nothing new")
      ->type_name("N");
  command.add_option("--priority", said.priority, "0 to 65535 (0); the lowest is used first")
      ->type_name("N");
  command.add_option("--zone", said.zone, "Its zone")->type_name("NAME");
  command.add_option("--label", said.labels, "What selectors match; may be said again")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(why_no_pair);
  command.add_option("--meta", said.meta, "What only informs; may be said again")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(why_no_pair);
  command.add_option("--version", said.version, "The program's version, for people to see")
      ->type_name("TEXT");
  command.add_option("--protocol", said.protocol, "What it speaks, for people to see")
      ->type_name("TEXT");
  command.add_option("--ttl", said.ttl, "How long one report lasts; 0s: no lease")
      ->type_name("TIME")
      ->check(why_no_duration);
  command.add_option("--check", said.check, "What is checked otherwise than the service says")
      ->type_name("JSON")
      ->check(why_no_check);
}

}  // namespace sluice::cli
