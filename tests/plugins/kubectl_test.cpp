#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "plugins/all.h"
#include "plugins/kubectl_files.h"
#include "plugins/kubectl_verbs.h"

using namespace runbook;

namespace {

std::vector<std::string> split(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

EffectFound effect_of(const std::string& words) { return effect_of_kubectl(read_kubectl_words(split(words))); }

Value args(const std::string& words) { return object({{"args", list_from(split(words))}}); }

std::vector<std::string> problems(const Value& params) {
  std::vector<std::string> said;
  for (const ParamProblem& problem : kubectl_declaration().problems(params)) said.push_back(problem.message);
  return said;
}

struct Row {
  const char* words;
  Effect effect;
  const char* because;  // a part of the reason
};

constexpr Effect read = Effect::read, idempotent = Effect::idempotent, once = Effect::once;

constexpr Row rows[] = {
    {"get pods", read, "prints objects"},
    {"get pods -w", read, "prints objects"},
    {"get --raw /healthz", read, "prints objects"},
    {"describe node/a", read, "prints objects"},
    {"logs -f pod/x", read, "what containers wrote"},
    {"logs -fp pod/x --prefix", read, "what containers wrote"},
    {"top pods --containers", read, "what is used"},
    {"top nodes", read, "what is used"},
    {"version", read, "versions"},
    {"diff -f x.yml", read, "compares"},
    {"auth can-i get pods", read, "allowed"},
    {"auth whoami", read, "who one is"},
    {"auth reconcile -f x.yml", idempotent, "brought to what the file says"},
    {"api-resources", read, "server knows"},
    {"api-versions", read, "server knows"},
    {"events", read, "events"},
    {"explain pods", read, "documentation"},
    {"wait --for=delete pod/x", read, "until a condition holds"},
    {"wait --for=condition=Ready pod/x", read, "until a condition holds"},
    {"rollout status deployment/x", read, "until a rollout is done"},
    {"rollout history deployment/x", read, "revisions"},
    {"cluster-info", read, "addresses"},
    {"cluster-info dump", read, "what there is"},
    {"cluster-info dump --output-directory out", idempotent, "writes files"},
    {"kustomize overlay", read, "builds"},
    {"kustomize overlay -o out.yml", idempotent, "writes files"},
    {"port-forward pod/x 8080", read, "opens a way"},
    {"proxy --port=8001", read, "opens a way"},
    {"config view", read, "configuration"},
    {"completion bash", read, "script"},
    {"plugin list", read, "plugins"},
    {"options", read, "flags"},
    {"drain --help", read, "help"},

    {"apply -f x.yml", idempotent, "brought about"},
    {"apply --server-side --force-conflicts -f x.yml", idempotent, "brought about"},
    {"apply -f x.yml --prune -l app=x", once, "--prune"},
    {"apply -f x.yml --prune=${{ $inputs.x }}", once, "--prune"},
    {"apply -f x.yml --prune=false", idempotent, "brought about"},
    {"apply -f x.yml --force", once, "--force"},
    {"apply view-last-applied -f x.yml", read, "was applied"},
    {"apply set-last-applied -f x.yml", idempotent, "annotation"},
    {"apply edit-last-applied -f x.yml", once, "a person writes"},
    {"replace -f x.yml", idempotent, "becomes what the file says"},
    {"replace --force -f x.yml", once, "--force"},
    {"replace --raw /x -f x.yml", once, "--raw"},
    {"set image deployment/x a=b:1", idempotent, "images"},
    {"set env deployment/x A=1", idempotent, "variables"},
    {"set env deployment/x --list", read, "--list"},
    {"set env deployment/x A=1 --overwrite=false", once, "--overwrite=false"},
    {"set resources deployment/x --limits=cpu=1", idempotent, "limits"},
    {"set image -f x.yml a=b:1 --local -o yaml", read, "--local"},
    {"set selector service/x a=b", idempotent, "selector"},
    {"set serviceaccount deployment/x a", idempotent, "account"},
    {"set sa deployment/x a", idempotent, "account"},
    {"set subject rolebinding/x --user=a", idempotent, "subjects"},
    {"scale deployment/x --replicas=3", idempotent, "replicas"},
    {"scale deployment/x --replicas 3 --current-replicas=2", once, "--current-replicas"},
    {"scale deployment/x", once, "no number"},
    {"label pod/x a=b --overwrite", idempotent, "labels"},
    {"label pod/x a=b", once, "without `--overwrite`"},
    {"label pod/x a=b --overwrite=false", once, "--overwrite=false"},
    {"label pod/x a-", idempotent, "taken away"},
    {"label --list pod/x", read, "--list"},
    {"annotate pod/x a=b --overwrite", idempotent, "annotations"},
    {"annotate pod/x a=b --overwrite --resource-version=3", once, "--resource-version"},
    {"annotate pod/x a=b", once, "without `--overwrite`"},
    {"taint node/x a=b:NoSchedule --overwrite", idempotent, "taints"},
    {"taint node/x a=b:NoSchedule", once, "without `--overwrite`"},
    {"patch deployment/x -p {}", idempotent, "what the patch says"},
    {"patch deployment/x --type=merge -p {}", idempotent, "what the patch says"},
    {"patch deployment/x --type Strategic -p {}", idempotent, "what the patch says"},
    {"patch deployment/x --type=json -p []", once, "JSON patch"},
    {"patch deployment/x --type=${{ $inputs.x }} -p []", once, "depends on `--type`"},
    {"patch deployment/x --type=json -p [] --dry-run=server", idempotent, "dry run"},
    {"cordon a", idempotent, "stays so"},
    {"uncordon a", idempotent, "stays so"},
    {"certificate approve a", idempotent, "stays so"},
    {"certificate deny a", idempotent, "stays so"},
    {"delete pod x", once, "nothing is there"},
    {"delete pod x --ignore-not-found", idempotent, "stays gone"},
    {"delete pod x --ignore-not-found=false", once, "nothing is there"},
    {"delete pod x --ignore-not-found=${{ $inputs.x }}", once, "nothing is there"},
    {"delete pods --all --ignore-not-found", once, "--all"},
    {"delete pods -l app=x --ignore-not-found", once, "selector"},
    {"rollout undo deployment/x", once, "back again"},
    {"rollout undo deployment/x --to-revision=3", idempotent, "the one that is named"},
    {"rollout undo deployment/x --to-revision=0", once, "back again"},
    {"rollout restart deployment/x", once, "pods are replaced"},
    {"rollout pause deployment/x", once, "refused"},
    {"rollout resume deployment/x", once, "refused"},

    {"create -f x.yml", once, "second time"},
    {"create deployment x --image=y", once, "second time"},
    {"create token x", once, "second time"},
    {"create deployment x --image=y --dry-run=client -o yaml", idempotent, "dry run"},
    {"create deployment x --image=y --dry-run", idempotent, "dry run"},
    {"create deployment x --image=y --dry-run=none", once, "second time"},
    {"create deployment x --image=y --dry-run=false", once, "second time"},
    {"create deployment x --image=y --dry-run=${{ $inputs.x }}", once, "second time"},
    {"create --raw /x -f x.yml --dry-run", once, "--raw"},
    {"run x --image=y", once, "starts a pod"},
    {"expose deployment/x --port=80", once, "service"},
    {"autoscale deployment/x --max=3", once, "autoscaler"},
    {"exec pod/x -- kubectl apply --dry-run", once, "nobody knows"},
    {"attach pod/x", once, "writes to"},
    {"cp a pod:/b", once, "copies"},
    {"debug pod/x --image=y", once, "adds"},
    {"drain a", once, "evicts"},
    {"edit deployment/x", once, "a person writes"},

    {"config use-context x", idempotent, "kubeconfig"},
    {"config delete-context x", once, "it is gone"},

    {"-n blue get pods", read, "prints objects"},
    {"--namespace=blue get pods", read, "prints objects"},
    {"--namespace blue rollout -v 6 status deployment/x", read, "until a rollout is done"},
    {"-o json get pods", read, "prints objects"},
    {"-nblue delete pod x", once, "nothing is there"},
};

}  // namespace

TEST_CASE("what kubectl does to the world is told by its words, with a reason") {
  for (const Row& row : rows) {
    INFO(std::string(row.words));
    const EffectFound found = effect_of(row.words);
    CHECK(effect_name(found.effect) == effect_name(row.effect));
    CHECK(found.why.find(row.because) != std::string::npos);
    CHECK(found.unknown == "");
  }
}

TEST_CASE("every row of the table is in this test") {
  std::set<std::string> seen;
  for (const Row& row : rows) {
    const std::string verb = read_kubectl_words(split(row.words)).verb_text();
    seen.insert(verb);
    seen.insert(verb.substr(0, verb.find(' ')));
  }
  for (const char* read_alike :
       {"config set", "config set-cluster", "config set-context", "config set-credentials", "config unset",
        "config delete-cluster", "config delete-user", "config rename-context", "config current-context", "config get-contexts",
        "config get-clusters", "config get-users", "help", "convert", "rolling-update"})
    seen.insert(read_alike);
  for (const KubectlVerb& verb : kubectl_verbs()) {
    INFO(std::string(verb.name));
    CHECK(seen.count(verb.name) == 1);
  }
}

TEST_CASE("a word that the table does not know is once, and said") {
  const EffectFound typo = effect_of("rolout restart deployment/x");
  CHECK(typo.effect == once);
  CHECK(typo.unknown == "rolout");
  CHECK(typo.hint == "did you mean `rollout`?");
  CHECK(effect_of("rollout restrat deployment/x").hint == "did you mean `rollout restart`?");
  CHECK(effect_of("${{ $inputs.verb }} pods").why == "what `${{` does is known when the step begins");
  CHECK(effect_of("argo-rollouts promote x").unknown == "argo-rollouts");
  CHECK(effect_of("-n blue").why == "it says no verb");
}

TEST_CASE("words behind `--` are the container's") {
  const KubectlWords words = read_kubectl_words(split("exec -it pod/x -c app -- sh --namespace y --server z"));
  CHECK(words.verb_text() == "exec");
  CHECK(words.is_on("stdin"));
  CHECK(words.is_on("tty"));
  CHECK(words.value_of("container") == "app");
  CHECK(words.find("namespace") == nullptr);
  CHECK(problems(args("exec pod/x -- mysql --user root --server z")).empty());
}

TEST_CASE("a flag that picks another cluster is refused, however it is written") {
  for (const char* words :
       {"get pods --context other", "--context=other get pods", "get pods --kubeconfig /x", "get pods -s https://x",
        "get pods -shttps://x", "get pods --server=https://x", "get pods --cluster x", "get pods --user x",
        "get pods --token=x", "get pods --insecure-skip-tls-verify", "get pods --tls-server-name x",
        "get pods --certificate-authority x", "get pods --client-key x", "get pods --username=x"}) {
    INFO(std::string(words));
    REQUIRE(problems(args(words)).size() == 1);
    CHECK(problems(args(words)).front().find("chooses a cluster") != std::string::npos);
  }
  CHECK(problems(args("create clusterrolebinding x --clusterrole=y --user=ada")).empty());
  CHECK(problems(args("set subject rolebinding/x --user=ada")).empty());
}

TEST_CASE("what makes no sense is refused") {
  CHECK(problems(args("kubectl get pods")) == std::vector<std::string>{"the words begin behind `kubectl`"});
  CHECK(problems(args("get pods -n a -n b")) == std::vector<std::string>{"a namespace is given twice"});
  CHECK(problems(with(args("get pods --namespace=a"), "namespace", "b")) ==
        std::vector<std::string>{"a namespace is given twice: also by `namespace:`"});
  CHECK(problems(with(args("get pods -o yaml"), "output", "json")) ==
        std::vector<std::string>{"an output format is given twice: also by `output:`"});
  CHECK(problems(args("apply -f -")) == std::vector<std::string>{"`-` is standard input, and there is none"});
  CHECK(problems(with(args("apply -f -"), "stdin", "kind: Pod")).empty());
  CHECK(problems(args("config use-context x")).front().find("the run's own copy") != std::string::npos);
  CHECK(problems(args("config view")).empty());
  CHECK(problems(args("apply -f https://example.org/x.yml")).front().find("can't be pinned") != std::string::npos);
}

TEST_CASE("the files that a call reads") {
  using Kind = NamedPath::Kind;
  const auto files = [](const std::string& words) {
    std::vector<std::pair<std::string, Kind>> found;
    for (const NamedPath& file : files_of_kubectl(read_kubectl_words(split(words)))) found.emplace_back(file.path, file.kind);
    return found;
  };
  using Files = std::vector<std::pair<std::string, Kind>>;
  CHECK(files("apply -f a.yml,b.yml -f c") ==
        Files{{"a.yml", Kind::manifests}, {"b.yml", Kind::manifests}, {"c", Kind::manifests}});
  CHECK(files("apply -Rf all") == Files{{"all", Kind::manifests_below}});
  CHECK(files("apply -f - -f https://x/y.yml").empty());
  CHECK(files("logs -f pod/x").empty());
  CHECK(files("apply -k overlay") == Files{{"overlay", Kind::kustomization}});
  CHECK(files("kustomize overlay") == Files{{"overlay", Kind::kustomization}});
  CHECK(files("create configmap x --from-file=key=etc/a.conf --from-file=etc --from-env-file e.env") ==
        Files{{"etc/a.conf", Kind::folder}, {"etc", Kind::folder}, {"e.env", Kind::input}});
  CHECK(files("patch deployment/x --patch-file p.yml") == Files{{"p.yml", Kind::input}});
}

namespace {

// Gives the end that it was told to give, and remembers what was asked.
class ScriptedRunner : public ProcessRunner {
 public:
  Exit exit;
  Command asked;
  int starts = 0;
  Exit run(std::int64_t, Command command, const Sink&, std::stop_token) override {
    ++starts;
    asked = command;
    return exit;
  }
  Exit attach(std::int64_t, bool, const Sink&, std::stop_token) override { return exit; }
};

StepContext on_cluster(Value params) {
  StepContext context;
  context.params = std::move(params);
  context.env = {"KUBECONFIG=/run/kubeconfig-1", "RUNBOOK_TARGET_KUBECONFIG=/run/kubeconfig-1"};
  context.dir = "/";
  context.keeps_result = true;
  return context;
}

Outcome outcome_of(int code, const std::string& out, const std::string& err, Value params) {
  ScriptedRunner runner;
  runner.exit.kind = Exit::Kind::code;
  runner.exit.number = code;
  runner.exit.out = out;
  runner.exit.err = err;
  return make_kubectl(&runner)->run(on_cluster(std::move(params)));
}

std::vector<std::string> argv_of(Value params) {
  ScriptedRunner runner;
  runner.exit.kind = Exit::Kind::code;
  make_kubectl(&runner)->run(on_cluster(std::move(params)));
  return runner.asked.argv;
}

}  // namespace

TEST_CASE("namespace and output stand behind the verb, and a value stays one word") {
  CHECK(argv_of(with(with(args("rollout status deployment/x"), "namespace", "blue"), "output", "json")) ==
        split("kubectl rollout status --namespace=blue --output=json deployment/x"));
  const Value params = object({{"args", list_from({"get", "pods two words", "--", "-n"})}, {"namespace", Value()}});
  CHECK(argv_of(params) == std::vector<std::string>{"kubectl", "get", "pods two words", "--", "-n"});
}

TEST_CASE("without a pinned cluster nothing is started") {
  for (const std::vector<std::string>& env : {std::vector<std::string>{"KUBECONFIG=/srv/ada/config"},
                                              {"KUBECONFIG=/other", "RUNBOOK_TARGET_KUBECONFIG=/run/kubeconfig-1"},
                                              {}}) {
    ScriptedRunner runner;
    StepContext context = on_cluster(args("get pods"));
    context.env = env;
    const Outcome outcome = make_kubectl(&runner)->run(context);
    CHECK(outcome.kind == Outcome::Kind::not_started);
    CHECK(outcome.reason.find("no cluster is pinned") != std::string::npos);
    CHECK(runner.starts == 0);
  }
}

TEST_CASE("with output json the result is what it printed") {
  const Value params = with(args("get pod x"), "output", "json");
  CHECK(outcome_of(0, R"({"kind": "Pod"})", "", params).result.text_or("kind", "") == "Pod");
  CHECK(outcome_of(0, "", "", params).result.is_null());
  CHECK(outcome_of(0, R"({"kind": "Pod"})", "", args("get pod x")).result.get("json").text_or("kind", "") == "Pod");
  CHECK(outcome_of(1, "", "error: no", params).result.text_or("stderr", "") == "error: no");
}

TEST_CASE("only what the server says about the thing itself is a no") {
  using Answer = Said::Answer;
  struct {
    int code;
    const char* err;
    Answer answer;
  } const answers[] = {
      {0, "", Answer::yes},
      {0, "Warning: v1 ComponentStatus is deprecated in v1.19+", Answer::yes},
      {1, "Error from server (NotFound): pods \"x\" not found", Answer::no},
      {1, "W1121 23:26 loader.go: x\nError from server (NotFound): pods \"x\" not found", Answer::no},
      {1, "Error from server (NotFound): a\nError from server (Forbidden): b", Answer::cannot_tell},
      {1, "Error from server (Forbidden): pods is forbidden", Answer::cannot_tell},
      {1, "error: You must be logged in to the server (Unauthorized)", Answer::cannot_tell},
      {1, "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?",
       Answer::cannot_tell},
      {1, "Unable to connect to the server: dial tcp: lookup x: no such host", Answer::cannot_tell},
      {1, "error: the server doesn't have a resource type \"x\"", Answer::cannot_tell},
      {1, "error: timed out waiting for the condition", Answer::cannot_tell},
      {127, "", Answer::cannot_tell},
  };
  for (const auto& row : answers) {
    INFO(std::string(row.err));
    const Outcome outcome = outcome_of(row.code, "", row.err, args("get pod x"));
    REQUIRE(outcome.said);
    CHECK(static_cast<int>(outcome.said->answer) == static_cast<int>(row.answer));
  }
  CHECK(outcome_of(1, "- a\n+ b", "", args("diff -f x")).said->answer == Answer::no);
  CHECK(outcome_of(1, "", "error: x", args("diff -f x")).said->answer == Answer::cannot_tell);
  CHECK(outcome_of(1, "no\n", "", args("auth can-i get pods")).said->answer == Answer::no);
}
