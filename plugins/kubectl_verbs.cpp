#include "plugins/kubectl_verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/suggestion.h"

namespace runbook {
namespace {

using If = KubectlVerb::If;
using Flag = If::Flag;

constexpr Effect read = Effect::read, idempotent = Effect::idempotent, once = Effect::once;

const If dry_run = {Flag::given, "dry-run", idempotent, "a dry run stores nothing; the server's asks admission webhooks too"};
const If local = {Flag::on, "local", read, "`--local` asks no server, it prints what it makes of a file"};
const If list = {Flag::on, "list", read, "`--list` prints what is there"};
const If raw = {Flag::given, "raw", once, "`--raw` sends what it is given to any address"};
const If from_version = {Flag::given, "resource-version", once,
                         "`--resource-version` changes one version: a second time it is refused"};
const If without_overwrite = {Flag::missing, "overwrite", once,
                              "without `--overwrite` it is refused where there is one already"};
const If overwrite_off = {Flag::off, "overwrite", once, "`--overwrite=false` is refused where there is one already"};

std::vector<KubectlVerb> reading_verbs() {
  return {
      {"get", read, "it prints objects"},
      {"describe", read, "it prints objects and their events"},
      {"logs", read, "it prints what containers wrote"},
      {"top", read, "it prints what is used"},
      {"events", read, "it prints events"},
      {"explain", read, "it prints documentation"},
      {"version", read, "it prints versions"},
      {"api-resources", read, "it prints what the server knows"},
      {"api-versions", read, "it prints what the server knows"},
      {"cluster-info", read, "it prints addresses"},
      {"cluster-info dump",
       read,
       "it prints what there is",
       {{Flag::given, "output-directory", idempotent, "it writes files into the folder, over those that are there"}}},
      {"diff", read, "it compares: the server only tries what would come of the files"},
      {"auth can-i", read, "it asks what is allowed"},
      {"auth whoami", read, "it asks who one is"},
      {"wait", read, "it looks until a condition holds"},
      {"rollout status", read, "it looks until a rollout is done"},
      {"rollout history", read, "it prints revisions"},
      {"apply view-last-applied", read, "it prints what was applied"},
      {"kustomize",
       read,
       "it prints what a folder builds",
       {{Flag::given, "output", idempotent, "it writes files, over those that are there"}}},
      {"convert", read, "it prints a file in another version"},
      {"port-forward", read, "it opens a way to a pod until it is ended, and changes nothing itself"},
      {"proxy", read, "it opens a way to the server until it is ended, and changes nothing itself"},
      {"config view", read, "it prints the configuration"},
      {"config current-context", read, "it prints the configuration"},
      {"config get-contexts", read, "it prints the configuration"},
      {"config get-clusters", read, "it prints the configuration"},
      {"config get-users", read, "it prints the configuration"},
      {"completion", read, "it prints a script for the shell"},
      {"options", read, "it prints the flags of all commands"},
      {"help", read, "it prints help"},
      {"plugin", read, "it prints help"},
      {"plugin list", read, "it prints which plugins there are"},
  };
}

std::vector<KubectlVerb> lasting_verbs() {
  return {
      {"apply",
       idempotent,
       "what the files say is brought about, and stays so when they are applied again",
       {dry_run,
        {Flag::on, "prune", once, "`--prune` deletes what is not in the files, also what somebody has made since"},
        {Flag::on, "force", once, "`--force` deletes and makes anew what can't be changed"}}},
      {"apply set-last-applied", idempotent, "the annotation is what the file says", {dry_run}},
      {"auth reconcile", idempotent, "roles and bindings are brought to what the file says", {dry_run}},
      {"replace",
       idempotent,
       "what stands there becomes what the file says",
       {raw, dry_run, {Flag::on, "force", once, "`--force` deletes and makes anew"}}},
      {"patch", idempotent, "the fields become what the patch says", {local, dry_run}},
      {"set image", idempotent, "the images become those that are named", {local, dry_run}},
      {"set env", idempotent, "the variables become what is said", {list, local, dry_run, overwrite_off}},
      {"set resources", idempotent, "requests and limits become what is said", {local, dry_run}},
      {"set selector", idempotent, "the selector becomes what is said", {local, dry_run, from_version}},
      {"set serviceaccount", idempotent, "the account becomes the one that is named", {local, dry_run}},
      {"set sa", idempotent, "the account becomes the one that is named", {local, dry_run}},
      {"set subject", idempotent, "the subjects that are named are in the binding", {local, dry_run}},
      {"scale",
       idempotent,
       "the number of replicas becomes what is said",
       {dry_run,
        {Flag::missing, "replicas", once, "it says no number of replicas"},
        {Flag::given, "current-replicas", once, "`--current-replicas` scales from one number: a second time it is refused"},
        from_version}},
      {"label",
       idempotent,
       "the labels become what is said",
       {list, local, dry_run, from_version, without_overwrite, overwrite_off}},
      {"annotate",
       idempotent,
       "the annotations become what is said",
       {list, local, dry_run, from_version, without_overwrite, overwrite_off}},
      {"taint", idempotent, "the taints become what is said", {dry_run, without_overwrite, overwrite_off}},
      {"cordon", idempotent, "a node that is cordoned stays so", {dry_run}},
      {"uncordon", idempotent, "a node that is not cordoned stays so", {dry_run}},
      {"certificate approve", idempotent, "a request that is approved stays so"},
      {"certificate deny", idempotent, "a request that is denied stays so"},
      {"delete",
       once,
       "it is refused when nothing is there any more",
       {raw,
        dry_run,
        {Flag::on, "all", once, "`--all` deletes what is there then, also what has been made since"},
        {Flag::given, "selector", once, "a selector deletes what fits then, also what has been made since"},
        {Flag::given, "field-selector", once, "a selector deletes what fits then, also what has been made since"},
        {Flag::on, "ignore-not-found", idempotent, "with `--ignore-not-found` what is gone stays gone"}}},
      {"rollout undo",
       once,
       "without `--to-revision` it goes to the revision before: a second time it goes back again",
       {dry_run, {Flag::given, "to-revision", idempotent, "the revision becomes the one that is named"}}},
  };
}

// Of a kubeconfig: refused in a step, whose own is a copy.
std::vector<KubectlVerb> configuring_verbs() {
  std::vector<KubectlVerb> verbs;
  for (const char* name : {"config set", "config set-cluster", "config set-context", "config set-credentials", "config unset",
                           "config use-context"})
    verbs.push_back({name, idempotent, "the kubeconfig becomes what is said"});
  for (const char* name : {"config delete-cluster", "config delete-context", "config delete-user", "config rename-context"})
    verbs.push_back({name, once, "a second time it is refused: it is gone"});
  return verbs;
}

std::vector<KubectlVerb> single_verbs() {
  return {
      {"create", once, "a second time it is refused, or makes another one", {raw, dry_run}},
      {"expose", once, "a second time it is refused: the service is there", {dry_run}},
      {"autoscale", once, "a second time it is refused: the autoscaler is there", {dry_run}},
      {"run", once, "it starts a pod", {dry_run}},
      {"exec", once, "nobody knows what the command in the container does"},
      {"attach", once, "it writes to what runs in the container"},
      {"cp", once, "it copies files while they may change"},
      {"debug", once, "it adds a container or a pod"},
      {"drain", once, "it evicts what runs on the node", {dry_run}},
      {"edit", once, "what a person writes is applied"},
      {"apply edit-last-applied", once, "what a person writes is applied"},
      {"rollout restart", once, "each time all pods are replaced", {dry_run}},
      {"rollout pause", once, "a second time it is refused: it is paused", {dry_run}},
      {"rollout resume", once, "a second time it is refused: it is not paused", {dry_run}},
      {"rolling-update", once, "pods are replaced one by one", {dry_run}},
  };
}

bool applies(const If& row, const KubectlWords& words) {
  const KubectlFlag* flag = words.find(row.name);
  switch (row.flag) {
    case Flag::off: return words.is_off(row.name);
    case Flag::missing: return !flag;
    // One that nobody knows yet must not make it less than it may be; the step looks again when it begins.
    case Flag::on: return words.is_on(row.name) || (flag && row.effect == once && !words.is_off(row.name));
    case Flag::given: break;
  }
  const bool is_none =
      row.name == std::string_view("dry-run") && (words.is_off("dry-run") || words.value_of("dry-run") == "none");
  const bool is_open = row.name == std::string_view("dry-run") && is_open_word(words.value_of("dry-run"));
  return flag && !is_none && !is_open;
}

EffectFound found(Effect effect, std::string why) { return {effect, std::move(why), "", ""}; }

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// What takes more than flags to see. nullopt: the table knows.
std::optional<EffectFound> special(const KubectlWords& words, const std::string& verb) {
  const auto& names = words.names;
  const bool changes = verb == "label" || verb == "annotate";
  const bool sets =
      std::any_of(names.begin(), names.end(), [](const auto& name) { return name.find('=') != std::string::npos; });
  const bool removes = std::any_of(names.begin(), names.end(), [](const auto& name) { return name.ends_with('-'); });
  if (changes && !sets && removes && !words.find("resource-version")) return found(idempotent, "what is taken away stays away");
  const std::string type = lower_case(words.value_of("type"));
  if (verb == "patch" && words.find("type") && type != "merge" && type != "strategic" && !words.is_on("local"))
    return found(once,
                 type == "json" ? "a JSON patch may add another one each time" : "what the patch does depends on `--type`");
  if (verb == "rollout undo" && words.value_of("to-revision") == "0")
    return found(once, "`--to-revision=0` is the revision before: a second time it goes back again");
  return std::nullopt;
}

const KubectlVerb* find_verb(const std::string& name) {
  for (const KubectlVerb& verb : kubectl_verbs())
    if (verb.name == name) return &verb;
  return nullptr;
}

std::string first_word(std::string_view words) { return std::string(words.substr(0, words.find(' '))); }

EffectFound unknown(const std::string& verb) {
  if (verb.empty()) return {once, "it says no verb", "(none)", "say what kubectl shall do: `kubectl: get pods`"};
  if (first_word(verb) == "kubectl") return {once, "the words begin behind `kubectl`", "", ""};  // which is said anyway
  if (is_open_word(verb)) return {once, fmt::format("what `{}` does is known when the step begins", verb), verb, ""};
  const std::string first = verb.substr(0, verb.find(' '));
  const bool is_known = std::any_of(kubectl_verbs().begin(), kubectl_verbs().end(),
                                    [&](const KubectlVerb& known) { return first_word(known.name) == first; });
  std::vector<std::string> names;
  for (const KubectlVerb& known : kubectl_verbs())
    if (!is_known || first_word(known.name) == first) names.emplace_back(is_known ? known.name : first_word(known.name));
  const std::string near = nearest(is_known ? verb : first, names);
  return {once, fmt::format("what `kubectl {}` does is not known", verb), verb,
          near.empty() ? "" : fmt::format("did you mean `{}`?", near)};
}

}  // namespace

const std::vector<KubectlVerb>& kubectl_verbs() {
  static const std::vector<KubectlVerb> all = [] {
    std::vector<KubectlVerb> verbs = reading_verbs();
    for (const auto& more : {lasting_verbs(), single_verbs(), configuring_verbs()})
      verbs.insert(verbs.end(), more.begin(), more.end());
    return verbs;
  }();
  return all;
}

EffectFound effect_of_kubectl(const KubectlWords& words) {
  const std::string verb = words.verb_text();
  if (words.is_on("help")) return found(read, "`--help` prints help");
  const KubectlVerb* row = find_verb(verb);
  if (!row && !words.verb.empty() && words.verb.front() == "create") row = find_verb("create");
  if (!row) return unknown(verb);
  if (std::optional<EffectFound> seen = special(words, verb); seen && !applies(dry_run, words)) return *std::move(seen);
  const auto flag = std::find_if(row->ifs.begin(), row->ifs.end(), [&](const If& each) { return applies(each, words); });
  return flag == row->ifs.end() ? found(row->effect, row->why) : found(flag->effect, flag->why);
}

}  // namespace runbook
