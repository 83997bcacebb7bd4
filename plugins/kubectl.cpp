#include <fmt/format.h>

#include <algorithm>

#include "base/environment.h"
#include "base/json.h"
#include "base/lines.h"
#include "plugins/all.h"
#include "plugins/kubectl_files.h"
#include "plugins/kubectl_findings.h"
#include "plugins/kubectl_log.h"
#include "plugins/kubectl_preview.h"
#include "plugins/kubectl_streams.h"
#include "plugins/kubectl_verbs.h"
#include "plugins/kubectl_waits.h"
#include "plugins/kubectl_words.h"
#include "plugins/process_step.h"

namespace runbook {

namespace {

using Severity = ParamProblem::Severity;

std::vector<std::string> words_in(const Value& params) {
  std::vector<std::string> words;
  const Value args = params.get("args");
  for (const Value& word : args.is_list() ? args.as_list() : List()) words.push_back(text_or_json(word));
  return words;
}

KubectlWords read(const Value& params) { return read_kubectl_words(words_in(params)); }

std::string text_of(const Value& params, std::string_view name) {
  const Value* found = params.find(name);
  return found && !found->is_null() ? text_or_json(*found) : "";
}

// Flags that would have it work on another cluster, or as somebody else there.
bool chooses_cluster(const KubectlFlag& flag, const std::string& verb) {
  static const std::vector<std::string> names = {"kubeconfig",
                                                 "context",
                                                 "cluster",
                                                 "server",
                                                 "user",
                                                 "token",
                                                 "username",
                                                 "password",
                                                 "tls-server-name",
                                                 "insecure-skip-tls-verify",
                                                 "certificate-authority",
                                                 "client-certificate",
                                                 "client-key"};
  // Whom a binding names.
  const bool is_subject = flag.name == "user" && (verb.ends_with("rolebinding") || verb == "set subject");
  return !is_subject && std::find(names.begin(), names.end(), flag.name) != names.end();
}

class ArgsCheck {
 public:
  explicit ArgsCheck(const Value& params) : params_(params), list_(words_in(params)), words_(read_kubectl_words(list_)) {}

  std::vector<ParamProblem> run() {
    check_verb();
    for (const KubectlFlag& flag : words_.flags) check_flag(flag);
    check_twice("namespace", "namespace", "a namespace");
    check_twice("output", "output", "an output format");
    check_stdin();
    return std::move(problems_);
  }

 private:
  void add(Severity severity, std::size_t item, std::string message, std::string hint) {
    problems_.push_back({severity, "args", ParamPath{item}, std::move(message), std::move(hint)});
  }

  void check_verb() {
    if (list_.empty()) return;
    if (list_.front() == "kubectl") add(Severity::error, 0, "the words begin behind `kubectl`", "leave out `kubectl`");
    const std::string verb = words_.verb_text();
    const bool changes_configuration = verb.starts_with("config ") && effect_of_kubectl(words_).effect != Effect::read;
    if (changes_configuration)
      add(Severity::error, words_.end_of_verb - 1,
          fmt::format("`{}` would change the run's own copy of the kubeconfig, and nothing else", verb),
          "use `shell:` in a step without a kubernetes target");
  }

  void check_flag(const KubectlFlag& flag) {
    if (chooses_cluster(flag, words_.verb_text()))
      add(Severity::error, flag.at,
          fmt::format("`--{}` chooses a cluster or who works on it: that is for the step's target to say", flag.name),
          "leave it out, and say it at the head: `targets: {main: {kubernetes: {context: NAME}}}`");
    const bool names_files = flag.name == "filename" || flag.name == "kustomize";
    if (names_files && flag.value && is_address(*flag.value))
      add(Severity::warning, flag.at,
          fmt::format("`{}` can't be pinned: what stands there may change between two looks", *flag.value),
          "fetch it into a file beside the runbook, and name that");
  }

  void check_twice(std::string_view name, std::string_view param, const char* what) {
    const auto is_it = [&](const KubectlFlag& flag) { return flag.name == name; };
    const auto last = std::find_if(words_.flags.rbegin(), words_.flags.rend(), is_it);
    if (last == words_.flags.rend()) return;
    const auto count = std::count_if(words_.flags.begin(), words_.flags.end(), is_it);
    const bool is_param = !text_of(params_, param).empty();
    if (count + is_param > 1)
      add(Severity::error, last->at,
          fmt::format("{} is given twice{}", what, is_param ? fmt::format(": also by `{}:`", param) : ""), "leave one of them");
  }

  void check_stdin() {
    const auto reads = std::find_if(words_.flags.begin(), words_.flags.end(), [](const KubectlFlag& flag) {
      return flag.name == "filename" && flag.value && *flag.value == "-";
    });
    if (reads != words_.flags.end() && params_.get("stdin").is_null())
      add(Severity::error, reads->at, "`-` is standard input, and there is none",
          "add `stdin: {file: ...}`, `stdin: {yaml: ...}` or text");
  }

  const Value& params_;
  const std::vector<std::string> list_;
  const KubectlWords words_;
  std::vector<ParamProblem> problems_;
};

std::vector<ParamProblem> problems_of(const Value& params) {
  std::vector<ParamProblem> problems = problems_of_waits(params);
  return problems.empty() && !kubectl_wait(params) ? ArgsCheck(params).run() : problems;
}

EffectFound effect_of(const Value& params) {
  const std::optional<KubectlWait> wait = kubectl_wait(params);
  if (!wait) return effect_of_kubectl(read(params));
  EffectFound found{Effect::read, "it only looks", {}, {}};
  found.only_in_probes = true;
  found.holds_anyway = why_it_holds_anyway(*wait);
  return found;
}

std::vector<NamedPath> files_of(const Value& params) {
  std::vector<NamedPath> files = files_of_kubectl(read(params));
  if (const Value* file = params.get("stdin").find("file"); file && file->is_text())
    files.push_back({file->as_text(), NamedPath::Kind::input});
  return files;
}

// "Error from server (NotFound): ...", and what else says that something went wrong.
struct Complaints {
  std::string first_missing, first_other;
};

Complaints complaints_in(std::string_view text) {
  Complaints complaints;
  for (const std::string_view line : lines_of(text)) {
    const bool is_missing = line.starts_with("Error from server (NotFound)") ||
                            line.starts_with("error: error from server (NotFound)");  // so says `logs`
    std::string& first = is_missing ? complaints.first_missing : complaints.first_other;
    const bool is_complaint = line.starts_with("Error") || line.starts_with("error") || line.starts_with("Unable to connect") ||
                              line.starts_with("The connection to the server");
    if (is_complaint && first.empty()) first = line;
  }
  return complaints;
}

// Only what the server says about what was asked for is a no: nobody there, or not allowed in, says nothing about it.
Said answer_of(const Outcome& outcome, const std::string& verb) {
  using Answer = Said::Answer;
  if (outcome.kind == Outcome::Kind::succeeded) return {Answer::yes};
  const std::string err = outcome.result.text_or("stderr", "");
  const Complaints complaints = complaints_in(err.empty() ? outcome.output : err);
  const bool has_complaint = !complaints.first_missing.empty() || !complaints.first_other.empty();
  if (verb == "diff" && outcome.exit_code == 1 && !has_complaint) return {Answer::no, "what is there differs"};
  if (verb == "auth can-i" && outcome.exit_code == 1 && !has_complaint) return {Answer::no, "it is not allowed"};
  if (!complaints.first_other.empty()) return {Answer::cannot_tell, complaints.first_other};
  if (!complaints.first_missing.empty()) return {Answer::no, complaints.first_missing};
  return {Answer::cannot_tell, outcome.reason};
}

class Kubectl : public ProcessStep {
 public:
  explicit Kubectl(ProcessRunner* runner) : ProcessStep(kubectl_declaration(), runner) {}

  // Never with what happens to be the kubeconfig of who started the engine.
  Outcome run(const StepContext& context) const override {
    const std::string pinned = variable_in(context.env, "RUNBOOK_TARGET_KUBECONFIG");
    if (!pinned.empty() && variable_in(context.env, "KUBECONFIG") == pinned) return perform(context);
    Outcome outcome;
    outcome.kind = Outcome::Kind::not_started;
    outcome.reason = "no cluster is pinned for it: the step that makes its target (`from:`) is not done";
    return outcome;
  }

  Outcome attach(const StepContext& context) const override {
    return with_findings(shaped(ProcessStep::attach(context), context.params), context);
  }

  std::optional<Preview> preview(const StepContext& context) const override {
    if (kubectl_wait(context.params)) return std::nullopt;
    return preview_of_kubectl(context, read(context.params), standard_input(context.params, context.dir));
  }

 private:
  Outcome perform(const StepContext& context) const {
    if (context.following) return followed(ProcessStep::run(context), context.params);
    const std::optional<KubectlWait> wait = kubectl_wait(context.params);
    if (!wait) return with_findings(shaped(ProcessStep::run(context), context.params), context);
    StepContext looking = context;
    looking.keeps_result = true;
    return with_findings(answered(*wait, ProcessStep::run(looking), context.params), context);
  }

  // A stream that ended without a word of what is waited for: its end may say why.
  static Outcome followed(Outcome outcome, const Value& params) {
    const bool has_matched = outcome.said && (outcome.said->answer == Said::Answer::yes || outcome.said->fails);
    if (outcome.kind == Outcome::Kind::failed && !has_matched) outcome.said = answer_of(outcome, read(params).verb_text());
    return outcome;
  }

  // By what the object says of itself.
  static Outcome answered(const KubectlWait& wait, Outcome outcome, const Value& params) {
    if (!has_exited(outcome)) return outcome;
    outcome.said = answer_of(outcome, "get");
    if (outcome.kind == Outcome::Kind::failed) return outcome;
    const Value object = outcome.result.get("json");
    outcome.said =
        object.is_null() ? Said{Said::Answer::cannot_tell, "kubectl printed no JSON"} : said_of_wait(wait, params, object);
    outcome.result = object;
    return outcome;
  }

  static Outcome with_findings(Outcome outcome, const StepContext& context) {
    const bool is_well = outcome.said ? outcome.said->answer == Said::Answer::yes : outcome.kind == Outcome::Kind::succeeded;
    const bool is_final = context.wants_findings || (outcome.said && outcome.said->fails);
    if (has_exited(outcome) && !is_well && is_final && !context.hides_output)
      outcome.findings = kubectl_findings(context, outcome.result);
    return outcome;
  }

  std::vector<std::string> argv_from(const Value& params, const std::string& position) const override {
    if (kubectl_wait(params)) return argv(params);
    const std::vector<std::string> words = words_in(params);
    return argv(with(params, "args", list_from(log_words_from(read(params), words, position))));
  }
  std::string position_from(const Value& params, const std::string& position) const override {
    return log_position(read(params), position);
  }
  FollowedLine followed_line(std::string_view line, const std::string& position) const override {
    return line_of_log(line, position);
  }

  std::vector<std::string> argv(const Value& params) const override {
    if (const std::optional<KubectlWait> wait = kubectl_wait(params)) return argv_of_wait(*wait, params);
    const KubectlWords words = read(params);
    std::vector<std::string> arguments = words_in(params);
    std::vector<std::string> added;
    for (const char* name : {"namespace", "output"})
      if (const std::string value = text_of(params, name); !value.empty()) added.push_back(fmt::format("--{}={}", name, value));
    // Behind the verb: a plugin takes none before it.
    arguments.insert(arguments.begin() + static_cast<std::ptrdiff_t>(words.end_of_verb), added.begin(), added.end());
    arguments.insert(arguments.begin(), "kubectl");
    return arguments;
  }

  static std::vector<std::string> argv_of_wait(const KubectlWait& wait, const Value& params) {
    std::vector<std::string> arguments = {"kubectl"};
    arguments.insert(arguments.end(), wait.words.begin(), wait.words.end());
    if (const std::string space = text_of(params, "namespace"); !space.empty()) arguments.push_back("--namespace=" + space);
    return arguments;
  }

  static Outcome shaped(Outcome exited, const Value& params) {
    const KubectlWords words = read(params);
    Outcome outcome = without_lost_streams(std::move(exited), words);
    if (has_exited(outcome)) outcome.said = answer_of(outcome, words.verb_text());
    const bool is_parsed = text_of(params, "output") == "json" && outcome.kind == Outcome::Kind::succeeded;
    if (is_parsed && outcome.result.is_map()) outcome.result = outcome.result.get("json");
    return outcome;
  }
};

}  // namespace

Declaration kubectl_declaration() {
  Declaration kubectl;
  kubectl.name = "kubectl";
  kubectl.summary = "Runs kubectl on the cluster of the step's kubernetes target, and on no other.";
  kubectl.main_param = "args";
  kubectl.params = {
      {"args",
       Param::Type::words,
       "What stands behind `kubectl`; split at blanks before ${{ }}, without a shell.",
       false,
       {},
       {}},
      {"namespace", Param::Type::value, "The namespace; that of the target's context if left out.", false, {}, {}},
      {"output", Param::Type::value, "The output format (-o). With json the result is what it printed, parsed.", false, {}, {}},
      {"stdin", Param::Type::input, "Standard input, for `-f -`; empty if left out.", false, {}, {}}};
  for (Param& param : kubectl.params) {
    param.is_one_of = param.name == "args";
    if (param.name == "output" || param.name == "stdin") param.beside = "args";
  }
  for (Param& param : kubectl_wait_params()) kubectl.params.push_back(std::move(param));
  kubectl.effect = Effect::once;
  kubectl.has_process = true;
  kubectl.files = files_of;
  kubectl.effect_of = effect_of;
  kubectl.problems = problems_of;
  kubectl.needs_target = "kubernetes";
  kubectl.result = std::string("with `output: json` what it printed, of a wait the object (`ready`: the list of pods); else ") +
                   process_result;
  kubectl.example = R"yaml(- id: apply_rabbit
  title: Apply the manifest of RabbitMQ
  kubectl: apply -f rabbit-cluster.yml
  done_when: {kubectl: {args: [get, statefulset/rabbit], output: json}, that: status.readyReplicas == spec.replicas, timeout: 10m}
)yaml";
  return kubectl;
}

std::unique_ptr<StepType> make_kubectl(ProcessRunner* runner) { return std::make_unique<Kubectl>(runner); }

}  // namespace runbook
