#include "plugins/kubectl_findings.h"

#include "base/json.h"
#include "base/redactor.h"
#include "os/inquiry.h"
#include "plugins/kubectl_waits.h"
#include "plugins/kubectl_words.h"
#include "plugins/kubernetes_findings.h"

namespace runbook {

namespace {

constexpr std::int64_t patience_ms = 10'000;

std::string namespace_of(const Value& params, const KubectlWords& words) {
  const std::string given = params.text_or("namespace", "");
  return given.empty() ? words.value_of("namespace") : given;
}

std::optional<std::string> ask(const StepContext& context, const std::string& space, const std::vector<std::string>& words) {
  std::vector<std::string> argv = {"kubectl"};
  argv.insert(argv.end(), words.begin(), words.end());
  if (!space.empty()) argv.push_back("--namespace=" + space);
  argv.emplace_back("--request-timeout=5s");
  const Reply reply = inquire({argv, context.dir, patience_ms, Inquiry::Errors::kept, {}, context.env, context.stop});
  if (!reply.is_good()) return std::nullopt;
  return redact(reply.out, context.secrets);
}

KubectlWords words_in(const Value& params) { return read_kubectl_words(texts_in(params.get("args"))); }

// Of a step: what it waited for itself (`rollout status`, `wait`). Others say by their own words what was wrong.
Value object_of_words(const KubectlWords& words, const AskKubectl& ask) {
  const std::string verb = words.verb_text();
  const bool waits = verb == "rollout status" || verb == "wait";
  if (!waits || words.names.empty()) return {};
  std::vector<std::string> get = {"get"};
  get.insert(get.end(), words.names.begin(), words.names.end());
  get.emplace_back("--output=json");
  const std::optional<std::string> printed = ask(get);
  return printed ? try_parse_json(*printed).value_or(Value()) : Value();
}

}  // namespace

std::string kubectl_findings(const StepContext& context, const Value& seen) {
  const KubectlWords words = words_in(context.params);
  const std::string space = namespace_of(context.params, words);
  const AskKubectl asking = [&](const std::vector<std::string>& question) { return ask(context, space, question); };
  const Value object = kubectl_wait(context.params) ? seen : object_of_words(words, asking);
  return object.is_map() ? findings_about(object, asking) : "";
}

}  // namespace runbook
