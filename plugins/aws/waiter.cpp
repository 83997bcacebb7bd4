#include "plugins/aws/waiter.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/suggestion.h"
#include "plugins/aws/error_kinds.h"
#include "plugins/aws/no_scope.h"

namespace runbook::aws {

namespace {

// "State.Name is pending", for the person who waits.
std::string sight_of(const Value& acceptors, const Value& result) {
  for (const Value& acceptor : acceptors.as_list()) {
    const std::string argument = acceptor.text_or("argument", "");
    if (argument.empty()) continue;
    const Value seen = evaluate_in(result, argument);
    const bool tells = !seen.is_null() && !seen.is_bool() && !(seen == Value(List()));
    if (tells) return fmt::format("{} is {}", argument, text_or_json(seen));
  }
  return "it is not so yet";
}

class Acceptor {
 public:
  Acceptor(const Value& json, const CallAnswer& answer)
      : matcher_(json.text_or("matcher", "")),
        argument_(json.text_or("argument", "")),
        expected_(json.get("expected")),
        answer_(answer) {}

  bool matches() const {
    const bool has_error = answer_.error.has_value();
    if (matcher_ == "error") {
      if (expected_.is_bool()) return expected_.as_bool() == has_error;
      return has_error && expected_.is_text() && answer_.error->code == expected_.as_text();
    }
    if (matcher_ == "status") return expected_ == Value(has_error ? answer_.error->status : 200);
    if (has_error) return false;
    const Value seen = evaluate_in(answer_.result, argument_);
    if (matcher_ == "path") return seen == expected_;
    if (!seen.is_list() || seen.as_list().empty()) return false;
    const auto is_it = [this](const Value& item) { return item == expected_; };
    const List& items = seen.as_list();
    if (matcher_ == "pathAll") return std::all_of(items.begin(), items.end(), is_it);
    return matcher_ == "pathAny" && std::any_of(items.begin(), items.end(), is_it);
  }

  std::string what_matched() const {
    if (answer_.error) return answer_.why;
    return fmt::format("{} is {}", argument_, text_or_json(expected_));
  }

 private:
  std::string matcher_, argument_;
  Value expected_;
  const CallAnswer& answer_;
};

Value waiters_of(const ModelStore& store, const std::string& service) {
  const Value waiters = store.part(service, "waiters-2").get("waiters");
  return waiters.is_map() ? waiters : Value(Map());
}

}  // namespace

std::vector<std::string> waiter_names(const ModelStore& store, const std::string& service) {
  std::vector<std::string> names;
  const Value waiters = waiters_of(store, service);
  for (const auto& [name, waiter] : waiters.as_map()) names.push_back(name);
  return names;
}

Waiter waiter_named(const ModelStore& store, const std::string& name) {
  const std::size_t dot = name.find('.');
  const std::string service = name.substr(0, dot), wanted = dot == std::string::npos ? "" : name.substr(dot + 1);
  if (!store.service(service))
    throw Error(ExitCode::usage, fmt::format("there is no service `{}`", service), suggestion(service, store.services()));
  const Value waiters = waiters_of(store, service), found = waiters.get(wanted);
  if (found.is_map() && found.get("acceptors").is_list()) return {name, found.text_or("operation", ""), found.get("acceptors")};
  throw Error(ExitCode::usage, fmt::format("`{}` has no waiter `{}`", service, wanted),
              suggestion(wanted, waiter_names(store, service)));
}

std::optional<Said> judge(const Waiter& waiter, const CallAnswer& answer) {
  using Answer = Said::Answer;
  const bool is_answered = answer.kind == CallAnswer::Kind::done || answer.error.has_value();
  if (!is_answered) return std::nullopt;
  for (const Value& json : waiter.acceptors.as_list()) {
    const Acceptor acceptor(json, answer);
    if (!acceptor.matches()) continue;
    const std::string state = json.text_or("state", "");
    if (state == "success") return Said{Answer::yes, acceptor.what_matched(), false};
    if (state == "failure") return Said{Answer::no, acceptor.what_matched(), true};
    return Said{Answer::no, acceptor.what_matched(), false};
  }
  if (!answer.error) return Said{Answer::no, sight_of(waiter.acceptors, answer.result), false};
  if (says_not_found(*answer.error)) return Said{Answer::no, answer.why, false};
  return std::nullopt;
}

}  // namespace runbook::aws
