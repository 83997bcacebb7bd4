#include "plugins/kubectl_waits.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/json.h"
#include "plugins/kubernetes_waits.h"

namespace runbook {

namespace {

constexpr std::array<std::string_view, 4> waits = {"rollout", "ready", "job", "loadbalancer"};

bool is_given(const Value& params, std::string_view name) { return !params.get(name).is_null(); }
std::string text_of(const Value& params, std::string_view name) {
  return is_given(params, name) ? text_or_json(params.get(name)) : "";
}

// `web` alone is of the kind that one means.
std::string with_kind(const std::string& name, const char* kind) {
  return name.find('/') == std::string::npos ? fmt::format("{}/{}", kind, name) : name;
}

std::vector<std::string> words_of(std::string_view param, const Value& params) {
  const std::string named = text_of(params, param), selector = text_of(params, "selector");
  std::vector<std::string> words = {"get"};
  if (param == "ready") words.push_back(named);
  else words.push_back(with_kind(named, param == "rollout" ? "deployment" : param == "job" ? "job" : "service"));
  if (!selector.empty()) words.push_back("--selector=" + selector);
  words.push_back("--output=json");
  return words;
}

std::optional<std::int64_t> least(const Value& params) {
  const std::string text = text_of(params, "min");
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || rest != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::string names_of(const std::vector<std::string_view>& params) {
  std::string text;
  for (std::size_t i = 0; i < params.size(); ++i)
    text += fmt::format("{}`{}`", i == 0 ? "" : i + 1 == params.size() ? " and " : ", ", params[i]);
  return text;
}

class Check {
 public:
  explicit Check(const Value& params) : params_(params) {}

  std::vector<ParamProblem> run() {
    check_number_of_questions();
    for (const char* name : {"selector", "min"}) {
      if (is_given(params_, name) && !is_given(params_, "ready"))
        add(name, fmt::format("`{}` belongs to `ready: pods`", name), "leave it out, or write `ready: pods` beside it");
    }
    const std::string ready = text_of(params_, "ready"), min = text_of(params_, "min");
    if (!ready.empty() && ready != "pods")
      add("ready", fmt::format("only pods are ready or not; this is `{}`", ready), "write `ready: pods`");
    const bool is_open = min.find("${{") != std::string::npos;
    if (!min.empty() && !is_open && !least(params_))
      add("min", fmt::format("`min` is a number of pods, not `{}`", min), "write `min: 3`");
    return std::move(problems_);
  }

 private:
  void check_number_of_questions() {
    std::vector<std::string_view> given;
    if (is_given(params_, "args")) given.push_back("args");
    for (const std::string_view wait : waits) {
      if (is_given(params_, wait)) given.push_back(wait);
    }
    if (given.empty())
      return add("args", "it does not say what kubectl shall do",
                 "write `args:`, or one of the waits: rollout, ready, job, loadbalancer");
    if (given.size() > 1)
      return add(given.back(), fmt::format("{} are given: only one can be", names_of(given)), "leave one of them");
    if (given.front() == "args") return;
    for (const char* name : {"stdin", "output"}) {
      if (is_given(params_, name))
        add(name, fmt::format("`{}` has no place beside `{}`, which reads the object as JSON", name, given.front()),
            "leave it out");
    }
  }

  void add(std::string_view param, std::string message, std::string hint) {
    problems_.push_back({ParamProblem::Severity::error, std::string(param), {}, std::move(message), std::move(hint)});
  }

  const Value& params_;
  std::vector<ParamProblem> problems_;
};

}  // namespace

std::optional<KubectlWait> kubectl_wait(const Value& params) {
  for (const std::string_view wait : waits) {
    if (is_given(params, wait)) return KubectlWait{wait, words_of(wait, params)};
  }
  return std::nullopt;
}

std::string why_it_holds_anyway(const KubectlWait& wait) {
  if (wait.param == "rollout") return "what nobody changes has rolled out";
  if (wait.param == "ready") return "pods that nobody touches are ready";
  return wait.param == "loadbalancer" ? "an address that is there stays there" : "";
}

Said said_of_wait(const KubectlWait& wait, const Value& params, const Value& object) {
  if (wait.param == "rollout") return said_of_rollout(object);
  if (wait.param == "job") return said_of_job(object);
  if (wait.param == "loadbalancer") return said_of_loadbalancer(object);
  return said_of_pods(object, least(params));
}

std::vector<Param> kubectl_wait_params() {
  const auto value = Param::Type::value;
  return {
      {"rollout", value, "A wait: the Deployment, StatefulSet or DaemonSet (`deployment/web`) has rolled out.", false, {}, {}},
      {"ready",
       value,
       "A wait: `pods`. All pods of `selector` are ready, and there are some; or `min` of them.",
       false,
       {},
       {}},
      {"selector", value, "The labels of those pods: `app=rabbit`.", false, {}, {}},
      {"min", value, "How many of them are enough.", false, {}, {}},
      {"job", value, "A wait: the Job is complete. One that has failed is waited for no longer.", false, {}, {}},
      {"loadbalancer", value, "A wait: the Service (`svc/web`) or Ingress has an address.", false, {}, {}}};
}

std::vector<ParamProblem> problems_of_waits(const Value& params) { return Check(params).run(); }

}  // namespace runbook
