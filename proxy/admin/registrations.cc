#include "proxy/admin/registrations.h"

#include <charconv>
#include <utility>

#include "config/units.h"
#include "proxy/net/loop.h"
#include "registry/api.h"
#include "registry/json_text.h"

namespace sluice::admin {

namespace {

using registry::Fault;
using registry::JsonText;

struct Meaning {
  int status;
  const char* code;
};

Meaning meaning_of(Fault fault) {
  switch (fault) {
    case Fault::none:
      break;
    case Fault::unknown_service:
      return {404, "unknown_service"};
    case Fault::unknown_instance:
      return {404, "unknown_instance"};
    case Fault::closed:
      return {403, "registration_closed"};
    case Fault::address_refused:
      return {403, "address_refused"};
    case Fault::static_instance:
      return {409, "static_instance"};
    case Fault::older_incarnation:
      return {409, "older_incarnation"};
    case Fault::exists:
      return {409, "exists"};
    case Fault::ttl_out_of_bounds:
    case Fault::check_refused:
      return {400, "invalid"};
    case Fault::full:
      return {429, "too_many"};
  }
  return {200, ""};
}

Reply invalid(std::string_view why) {
  return Reply::error(400, "invalid", why);
}

// The reply to what was done, or why it was not.
template <class View>
Answered answer_with(Control& control, const Responder& responder, const View& view) {
  return [epoch = control.snapshot()->epoch, responder, view](const WriteAnswer& answer) {
    const registry::Receipt& receipt = answer.receipt;
    if (receipt.fault != Fault::none) {
      const Meaning meaning = meaning_of(receipt.fault);
      return responder.send(Reply::error(meaning.status, meaning.code, receipt.message));
    }
    if (!answer.not_kept.empty()) {
      return responder.send(Reply::error(
          503, "not_durable", "done, but it may not survive a restart: " + answer.not_kept));
    }
    JsonText json;
    json.open_object();
    view(json, answer);
    json.add("index", receipt.index);
    json.add("epoch", epoch);
    json.close_object();
    Reply reply = Reply::json(json.text());
    reply.headers.emplace_back("X-Sluice-Index", std::to_string(receipt.index));
    reply.headers.emplace_back("X-Sluice-Epoch", epoch);
    responder.send(std::move(reply));
  };
}

std::optional<bool> read_flag(const Request& request, std::string_view name, std::string& why) {
  const auto given = request.parameter(name);
  if (!given || *given == "false" || *given == "0") return false;
  if (given->empty() || *given == "true" || *given == "1") return true;
  why = std::string(name) + " must be true or false";
  return std::nullopt;
}

std::optional<EnrollWish> read_enroll_wish(const Request& request, std::string& why) {
  EnrollWish wish;
  const auto creates = read_flag(request, "create", why);
  if (!creates) return std::nullopt;
  wish.creates = *creates;
  const auto wait = request.parameter("wait");
  if (wait && *wait != "applied") {
    why = "wait must be applied";
    return std::nullopt;
  }
  wish.wait_applied = wait.has_value();
  return wish;
}

void enroll(Control& control, const Request& request, const Responder& responder,
            std::optional<registry::Registration> registration, std::string why) {
  const auto wish =
      registration ? read_enroll_wish(request, why) : std::optional<EnrollWish>(std::nullopt);
  if (!wish) return responder.send(invalid(why));
  if (auto refused =
          refuse_service(request, access::Permission::register_instances, registration->service)) {
    return responder.send(std::move(*refused));
  }
  if (registration->id.empty()) registration->id = registration->address.text();
  if (request.caller) registration->owner = request.caller->name;
  const auto view = [service = registration->service](JsonText& json, const WriteAnswer& answer) {
    const registry::Instance& instance = *answer.receipt.instance;
    json.add("service", service);
    json.add("id", *instance.id);
    json.add("incarnation", instance.incarnation);
    json.add("ttl", config::text(config::Duration(instance.ttl_ms)));
    json.add("created", answer.receipt.created);
    json.add("state", word(instance.effective.state));
  };
  control.enroll(std::move(*registration), *wish, answer_with(control, responder, view));
}

void register_named(Control& control, const Request& request, const Responder& responder) {
  std::string why;
  auto registration = registry::read_registration(request.body, request.segments[2],
                                                  request.segments[4], access::Bounds(), why);
  enroll(control, request, responder, std::move(registration), std::move(why));
}

void register_posted(Control& control, const Request& request, const Responder& responder) {
  std::string why;
  auto registration = registry::read_registration(request.body, access::Bounds(), why);
  enroll(control, request, responder, std::move(registration), std::move(why));
}

void beat(Control& control, const Request& request, const Responder& responder) {
  std::string why;
  const auto beat = registry::read_beat(request.body, access::Bounds(), why);
  if (!beat) return responder.send(invalid(why));
  const auto view = [](JsonText& json, const WriteAnswer& answer) {
    const registry::Instance& instance = *answer.receipt.instance;
    json.add("state", word(instance.effective.state));
    json.add("reason", *instance.effective.reason);
    json.add("connections", instance.live->active.load(std::memory_order_relaxed));
    json.add("weight", instance.weight);
    if (const auto left = registry::ttl_remaining(instance, net::monotonic_ms())) {
      json.add("ttl_remaining", *left);
    } else {
      json.add("ttl_remaining", nullptr);
    }
    json.add("incarnation", instance.incarnation);
  };
  control.beat(request.segments[2], request.segments[4], *beat,
               answer_with(control, responder, view));
}

std::optional<LeaveWish> read_leave_wish(const Request& request, std::string& why) {
  LeaveWish wish;
  const auto wait = read_flag(request, "wait", why);
  if (!wait) return std::nullopt;
  wish.wait = *wait;
  if (const auto drain = request.parameter("drain")) {
    wish.drain = config::parse_duration(*drain, why);
    if (!wish.drain) {
      why = "drain: " + why;
      return std::nullopt;
    }
  }
  if (const auto incarnation = request.parameter("incarnation")) {
    wish.incarnation = config::parse_whole(*incarnation, UINT64_MAX, why);
    if (!wish.incarnation) {
      why = "incarnation: " + why;
      return std::nullopt;
    }
  }
  return wish;
}

void leave(Control& control, const Request& request, const Responder& responder) {
  std::string why;
  const auto wish = read_leave_wish(request, why);
  if (!wish) return responder.send(invalid(why));
  const auto view = [](JsonText& json, const WriteAnswer& answer) {
    json.add("connections", answer.connections);
    json.add("incarnation", answer.receipt.instance->incarnation);
  };
  if (wish->wait) responder.hold([] {});  // as long as the drain takes
  control.leave(request.segments[2], request.segments[4], *wish,
                answer_with(control, responder, view));
}

void set_admin(Control& control, const Request& request, const Responder& responder) {
  std::string why;
  auto wish = registry::read_admin(request.body, access::Bounds(), why);
  if (!wish) return responder.send(invalid(why));
  const auto view = [](JsonText& json, const WriteAnswer& answer) {
    const registry::Instance& instance = *answer.receipt.instance;
    json.add("admin", word(instance.inputs.admin));
    json.add("state", word(instance.effective.state));
    json.add("reason", *instance.effective.reason);
  };
  control.set_admin(request.segments[2], request.segments[4], std::move(*wish),
                    answer_with(control, responder, view));
}

}  // namespace

std::vector<Route> registration_routes(Control& control) {
  using Write = void (*)(Control&, const Request&, const Responder&);
  const auto with = [&control](Write write) {
    return [&control, write](const Request& request, const Responder& responder) {
      write(control, request, responder);
    };
  };
  const std::vector<std::string_view> instance = {"v1", "services", "*", "instances", "*"};
  const auto of_instance = [&instance](std::string_view part) {
    std::vector<std::string_view> path = instance;
    path.push_back(part);
    return path;
  };
  return {
      {"PUT", instance, {"wait", "create"}, true, with(register_named), kRegister},
      {"POST",
       {"v1", "register"},
       {"wait", "create"},
       true,
       with(register_posted),
       kRegisterInBody},
      {"PUT", of_instance("heartbeat"), {}, true, with(beat), kRegister},
      {"DELETE", instance, {"drain", "wait", "incarnation"}, false, with(leave), kRegister},
      {"PUT", of_instance("state"), {}, true, with(set_admin), kAdmin},
  };
}

}  // namespace sluice::admin
