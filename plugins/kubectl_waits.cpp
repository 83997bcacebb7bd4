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
  words.emplace_back("--output=json");
  return words;
}

std::optional<std::int64_t> least(const Value& params) {
  const std::string text = text_of(params, "min");
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || rest != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

class Check {
 public:
  explicit Check(const Value& params) : params_(params) {}

  std::vector<ParamProblem> run() {
    const std::string ready = text_of(params_, "ready"), min = text_of(params_, "min");
    if (!ready.empty() && !is_open(ready) && ready != "pods")
      add("ready", fmt::format("only pods are ready or not; this is `{}`", ready), "write `ready: pods`");
    if (!min.empty() && !is_open(min) && !least(params_))
      add("min", fmt::format("`min` is a number of pods, not `{}`", min), "write `min: 3`");
    return std::move(problems_);
  }

 private:
  static bool is_open(const std::string& text) { return text.find("${{") != std::string::npos; }

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
  const auto wait = [](const char* name, const char* doc) {
    Param param{name, Param::Type::value, doc, false, {}, {}};
    param.is_one_of = true;
    return param;
  };
  const auto of_ready = [](const char* name, const char* doc) {
    Param param{name, Param::Type::value, doc, false, {}, {}};
    param.beside = "ready";
    return param;
  };
  return {wait("rollout", "A wait: the Deployment, StatefulSet or DaemonSet (`deployment/web`) has rolled out."),
          wait("ready", "A wait: `pods`. All pods of `selector` are ready, and there are some; or `min` of them."),
          of_ready("selector", "The labels of those pods: `app=rabbit`."),
          of_ready("min", "How many of them are enough."),
          wait("job", "A wait: the Job is complete. One that has failed is waited for no longer."),
          wait("loadbalancer", "A wait: the Service (`svc/web`) or Ingress has an address.")};
}

std::vector<ParamProblem> problems_of_waits(const Value& params) { return Check(params).run(); }

}  // namespace runbook
