#include "proxy/cli/cli.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <ostream>

#include "config/load.h"
#include "config/printable.h"
#include "proxy/cli/check.h"
#include "proxy/cli/demo.h"
#include "proxy/cli/exec_command.h"
#include "proxy/cli/instance_commands.h"
#include "proxy/cli/remote.h"
#include "proxy/cli/token.h"
#include "proxy/cli/usage.h"
#include "proxy/cli/version.h"
#include "proxy/cli/watch.h"
#include "proxy/client/admin_address.h"

namespace sluice::cli {
namespace {

constexpr const char* kAbout =
    "Sluice is a Layer-4 TCP proxy that knows its services: clients connect to one address, and "
    "each\n"
    "connection is given to a healthy instance.";

constexpr const char* kNotes =
    "Signals to 'sluice run':\n"
    "  SIGHUP    reads the configuration again; live connections are not touched\n"
    "  SIGTERM   refuses new connections, lets the live ones finish within "
    "process.shutdown.drain,\n"
    "            then exits with 0\n"
    "  SIGINT, or a second SIGTERM: exits at once\n"
    "\n"
    "Environment:\n"
    "  SLUICE_ADMIN   the admin API's address, as --admin\n"
    "  SLUICE_TOKEN   the secret of a token, where the admin API takes one\n"
    "  Any variable that the configuration names as ${NAME} or ${NAME:-default}.\n"
    "\n"
    "Exit status: 0 done; 1 failed, or errors were found; 2 the command line was not understood;\n"
    "of 'exec' that of its program, 128+N after signal N, 126 or 127 when it cannot be started.\n"
    "\n"
    "Example:\n"
    "  sluice check pg.yaml && sluice run pg.yaml\n"
    "  sluice exec --service pg --port 5432 -- postgres -D /data\n"
    "  sluice instances pg --json | jq '.instances[] | select(.state != \"up\")'";

// One run of the program: the options, and what the chosen command is to do.
class CommandLine {
 public:
  CommandLine(std::ostream& out, std::ostream& err, const Serve& serve)
      : out_(out), err_(err), serve_(serve) {
    app_.name("sluice");
    app_.footer(kNotes);
    app_.require_subcommand(1);
    app_.fallthrough();  // --admin and --json may follow the command
    app_.set_version_flag("--version", "sluice " SLUICE_VERSION);
    app_.add_option("--admin", admin_,
                    "The admin API of the proxy to ask: host:port, http://host:port or unix:/path")
        ->type_name("ADDR")
        ->envname("SLUICE_ADMIN")
        ->capture_default_str();
    app_.add_flag("--json", as_json_, "Print the API's JSON instead of tables and sentences");
    add_local_commands();
    add_remote_commands();
    add_instance_commands();
  }

  int run(int argc, const char* const* argv) {
    program_ = argv[0];
    try {
      app_.parse(exec_->take_program(argc, argv), argv);
    } catch (const CLI::Success& asked_for_help_or_version) {
      app_.exit(asked_for_help_or_version, out_, err_);
      return kOk;
    } catch (const CLI::ParseError& error) {
      return refuse(explain(app_, error));
    }
    return chosen_();
  }

 private:
  CLI::App* add(const char* name, const char* about, std::function<int()> command) {
    CLI::App* sub = app_.add_subcommand(name, about);
    sub->callback([this, command = std::move(command)] { chosen_ = command; });
    return sub;
  }

  void add_local_commands() {
    CLI::App* run = add("run", "Run the proxy", [this] { return run_proxy(); });
    run->add_option("FILE", file_, "Its configuration, read again at each reload")->required();

    CLI::App* check = add("check", "Check a configuration: every problem, with line and column",
                          [this] { return check_config({file_, strict_, as_json_}, out_, err_); });
    check->add_option("FILE", file_, "The configuration; - is standard input")->required();
    check->add_flag("--strict", strict_, "Exit with 1 on warnings too");

    add("demo", "Run the proxy with three backends of its own; nothing to prepare",
        [this] { return run_demo(program_, free_demo_binds(), STDIN_FILENO, out_, serve_); });

    CLI::App* token =
        add("token", "Make a token for the admin API and print it, this once", [this] {
          token_.json = as_json_;
          return make_token(token_, out_, err_);
        });
    token->add_option("NAME", token_.name, "Whose it is, for quotas and messages")->required();
    token->add_option("--permission", token_.permission, "read, register or admin")
        ->type_name("WORD")
        ->capture_default_str();
    token->add_option("--services", token_.services, "The services it is for: web-*,api-?")
        ->type_name("GLOBS")
        ->capture_default_str();

    CLI::App* version = add("version", "Print the version", [this] {
      show_version(out_, verbose_);
      return kOk;
    });
    version->add_flag("--verbose", verbose_, "And those of the libraries");
  }

  void add_remote_commands() {
    using Kind = Question::Kind;
    add_question("status", "How a running proxy is: phase, plan, connections, workers",
                 Kind::status);
    add_question("services", "Its services, with their instances by state", Kind::services);

    add_question("instances", "The instances of one service, each with its state and the reason",
                 Kind::instances)
        ->add_option("SERVICE", question_.service, "The service's name")
        ->required();

    CLI::App* checks = add_question(
        "checks", "The last ten checks of an instance, and why they failed", Kind::checks);
    checks->add_option("SERVICE", question_.service, "The service's name")->required();
    checks->add_option("INSTANCE", question_.instance, "The instance's id")->required();

    CLI::App* connections =
        add_question("connections", "The connections that are open now", Kind::connections);
    connections->add_option("--service", question_.service, "Only those of this service")
        ->type_name("NAME");
    connections->add_option("--listener", question_.listener, "Only those of this listener")
        ->type_name("NAME");
    connections->add_option("--instance", question_.instance, "Only those to this instance")
        ->type_name("ID");
    connections->add_option("--limit", question_.limit, "At most so many")
        ->type_name("N")
        ->capture_default_str();

    CLI::App* explanation = add_question(
        "explain", "Where a connection would go, and why not elsewhere", Kind::explain);
    explanation->add_option("--listener", question_.listener, "The listener that it comes to")
        ->type_name("NAME")
        ->required();
    explanation->add_option("--client", question_.client, "The address that it comes from")
        ->type_name("IP");

    CLI::App* events =
        add_question("events", "What has happened: who came, went, flipped, and why", Kind::events);
    events->add_option("--service", question_.service, "Only to this service")->type_name("NAME");
    events->add_option("--limit", question_.limit, "The last so many")
        ->type_name("N")
        ->capture_default_str();

    add("watch", "Every change as it happens, until it is interrupted", [this] {
      return at_admin([this](const client::AdminAddress& where) {
        return watch(where, question_.service, as_json_, out_, err_);
      });
    })->add_option("SERVICE", question_.service, "Only those of this service");

    add_question("reload", "Have a running proxy read its configuration again", Kind::reload)
        ->add_flag("--dry-run", question_.dry_run, "Only show what would change");
  }

  void add_instance_commands() {
    const auto adder = [this](const char* name, const char* about, std::function<int()> command) {
      return add(name, about, std::move(command));
    };
    instance_commands_.emplace(adder,
                               [this](const Order& order) { return carry_out_order(order); });
    exec_.emplace(adder, [this](const ExecRequest& request) { return run_program(request); });
  }

  CLI::App* add_question(const char* name, const char* about, Question::Kind kind) {
    return add(name, about, [this, kind] {
      question_.kind = kind;
      return carry_out_order(order_of(question_));
    });
  }

  int run_proxy() {
    if (file_ == "-") {
      return refuse("'run' needs a file: standard input cannot be read again at a reload");
    }
    ServerOptions options;
    options.config_file = file_;
    options.load = [file = file_] { return config::load_file(file, config::process_environment); };
    return serve_(std::move(options));
  }

  int carry_out_order(const Order& order) {
    return at_admin([&](const client::AdminAddress& where) {
      return carry_out(where, order, as_json_, out_, err_);
    });
  }

  int run_program(const ExecRequest& request) {
    if (request.program.empty()) {
      return refuse(
          "the program to run stands after --, as in: sluice exec --service web --port 8080 -- "
          "./server 8080");
    }
    return at_admin(
        [&](const client::AdminAddress& where) { return run_exec(where, request, err_); });
  }

  int at_admin(const std::function<int(const client::AdminAddress&)>& act) {
    std::string why;
    auto where = client::AdminAddress::parse(admin_, why);
    if (!where) return refuse("--admin " + config::one_line(admin_) + ": " + why);
    where->advice = {" (is sluice running? --admin ADDR or SLUICE_ADMIN chooses another)",
                     " (the secret of a token is read from SLUICE_TOKEN)"};
    where->secret = config::process_environment("SLUICE_TOKEN").value_or("");
    if (!client::is_secret(where->secret))
      return refuse("SLUICE_TOKEN is not the secret of a token");
    return act(*where);
  }

  int refuse(const std::string& what) {
    err_ << "sluice: " << what << "\nTry 'sluice --help'.\n";
    return kUsage;
  }

  CLI::App app_{kAbout};
  std::ostream& out_;
  std::ostream& err_;
  const Serve& serve_;
  std::function<int()> chosen_;
  std::string program_;
  std::string admin_{client::kDefaultAdmin};
  std::string file_;
  Question question_;
  TokenRequest token_;
  bool as_json_ = false;
  bool strict_ = false;
  bool verbose_ = false;
  std::optional<InstanceCommands> instance_commands_;
  std::optional<ExecCommand> exec_;
};

}  // namespace

int run_cli(int argc, const char* const* argv, std::ostream& out, std::ostream& err,
            const Serve& serve) {
  const int code = CommandLine(out, err, serve).run(argc, argv);
  out.flush();
  if (out) return code;
  err << "sluice: cannot write the output\n";
  return kFailure;
}

}  // namespace sluice::cli
