// The options of register, deregister, heartbeat, drain, maint and ready, as the command line has
// them.
//
// Made once with the parser, which keeps pointers into it: lives as long as the parser does and is
// not moved. What it adds calls `carry_out` when its command was the one given.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>

#include "proxy/cli/instance_orders.h"

namespace sluice::cli {

// Adds a command to the parser; `command` is run if it is the one given.
using AddCommand =
    std::function<CLI::App*(const char* name, const char* about, std::function<int()> command)>;

class InstanceCommands {
 public:
  using CarryOut = std::function<int(const Order&)>;

  InstanceCommands(const AddCommand& add, CarryOut carry_out);
  InstanceCommands(const InstanceCommands&) = delete;
  InstanceCommands& operator=(const InstanceCommands&) = delete;

 private:
  void add_register(const AddCommand& add);
  void add_deregister(const AddCommand& add);
  void add_heartbeat(const AddCommand& add);
  void add_states(const AddCommand& add);

  const CarryOut carry_out_;
  client::Announcement said_;
  bool waits_ = false;
  bool creates_ = false;
  std::string drain_;
  std::string reason_;
  client::Leaving leaving_;
  client::Report report_;
};

// The options that tell of an instance beside its name and address: --weight, --label and so on.
void add_announcement_options(CLI::App& command, client::Announcement& said);

}  // namespace sluice::cli
