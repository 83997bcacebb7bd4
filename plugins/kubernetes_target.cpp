#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/base64.h"
#include "base/digest.h"
#include "base/environment.h"
#include "base/json.h"
#include "base/lines.h"
#include "base/suggestion.h"
#include "base/trimmed.h"
#include "os/files.h"
#include "os/inquiry.h"
#include "os/program.h"
#include "plugins/all.h"

namespace runbook {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds longest_look{10};
constexpr const char* kept_as = "kubeconfig-";

std::string text_of(const Value& map, std::string_view name) {
  const Value* found = map.find(name);
  return found && !found->is_null() ? text_or_json(*found) : "";
}

// https://user:password@host: what stands before the host may be a secret, and says nothing about which host it is.
std::string without_credentials(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const std::size_t begin = scheme + 3, at = url.substr(0, url.find('/', begin)).rfind('@');
  return at == std::string::npos || at < begin ? url : url.substr(0, begin) + url.substr(at + 1);
}

// What it says of its failure, without the lines that its libraries log before.
std::string complaint_of(const Reply& reply) {
  if (reply.kind != Reply::Kind::code) return "kubectl " + why_no_reply(reply);
  for (const std::string_view line : lines_of(reply.err))
    if (line.starts_with("error: ")) return std::string(line.substr(7));
  const auto lines = lines_of(reply.err);
  return lines.empty() ? "kubectl " + why_no_reply(reply) : std::string(lines.front());
}

// Asks kubectl itself what the kubeconfigs of the person say, so that both mean the same.
class Kubeconfig {
 public:
  explicit Kubeconfig(const TargetLook& look) : look_(look), program_(find_program("kubectl", look.env, look.dir)) {
    std::error_code error;
    here_ = fs::current_path(error);
    if (error) here_ = "/";
    std::string named = text_of(look.params, "kubeconfig");
    if (!named.empty()) named = (fs::path(look.dir) / named).lexically_normal();
    else named = variable_in(look.env, "KUBECONFIG");
    if (named.empty()) named = (fs::path(variable_in(look.env, "HOME")) / ".kube/config").string();
    files_ = named;
  }

  bool has_program() const { return !program_.empty(); }
  const std::string& files() const { return files_; }

  // The one context alone, with the bytes of its certificates. "" is the one that is current.
  Reply view(const std::string& context) const {
    std::vector<std::string> question = {"view", "--raw", "--minify", "--flatten", "--output=json"};
    if (!context.empty()) question.push_back("--context=" + context);
    return ask(question, files_);
  }

  std::vector<std::string> contexts() const {
    const Reply reply = ask({"get-contexts", "--output=name"}, files_);
    std::vector<std::string> names;
    if (!reply.is_good()) return names;
    for (const std::string_view line : lines_of(reply.out)) names.emplace_back(line);
    return names;
  }

  // The folder of the file that has this user: what it names is relative to that.
  fs::path folder_of_user(const std::string& user) const {
    for (std::size_t at = 0; at <= files_.size();) {
      const std::size_t end = std::min(files_.find(':', at), files_.size());
      const std::string file = files_.substr(at, end - at);
      at = end + 1;
      const Reply reply = ask({"view", "--raw", "--output=json"}, file);
      const Value config = try_parse_json(reply.is_good() ? reply.out : "{}").value_or(Value());
      const Value users = config.get("users");
      for (const Value& each : users.is_list() ? users.as_list() : List())
        if (each.text_or("name", "") == user) return (here_ / file).parent_path();
    }
    return here_;
  }

 private:
  Reply ask(const std::vector<std::string>& question, const std::string& files) const {
    std::vector<std::string> argv = {program_, "config"};
    argv.insert(argv.end(), question.begin(), question.end());
    std::vector<std::string> env = look_.env;
    set_variable(env, "KUBECONFIG", files);
    set_variable(env, "LC_ALL", "C");
    set_variable(env, "KUBECTL_KUBERC", "false");
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now()).count();
    return inquire({argv, here_, std::max<std::int64_t>(left, 0), Inquiry::Errors::kept, {}, env, look_.stop});
  }

  const TargetLook& look_;
  std::string program_, files_;
  fs::path here_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::now() + longest_look;
};

// The only entry of a list like `clusters: [{name, cluster: {}}]`; null if there is none.
Value only_entry(const Value& config, std::string_view list, std::string_view member) {
  const Value entries = config.get(list);
  return entries.is_list() && entries.as_list().size() == 1 ? entries.as_list().front().get(member) : Value();
}

Value with_only_entry(const Value& config, std::string_view list, std::string_view member, Value entry) {
  const Value named = config.get(list).as_list().front();
  return with(config, list, List{with(named, member, std::move(entry))});
}

TargetSight unseen(std::string why) { return {{}, "the cluster can't be seen: " + std::move(why), {}, {}}; }

// What is compared. The namespace is the one that the run began with: whoever switches it elsewhere does not redirect a step.
Value identity_of(const Value& cluster, const std::string& context, const std::string& name_space) {
  std::string ca;
  const std::string data = text_of(cluster, "certificate-authority-data");
  if (!data.empty()) ca = sha256_hex(from_base64(data).value_or(data));
  Value identity = object({{"context", context},
                           {"server", without_credentials(text_of(cluster, "server"))},
                           {"ca_sha256", ca},
                           {"namespace", name_space}});
  for (const char* name : {"insecure-skip-tls-verify", "tls-server-name", "proxy-url"})
    if (const std::string value = text_of(cluster, name); !value.empty() && value != "false")
      identity = with(identity, name, without_credentials(value));
  return as_recorded(identity);
}

void add_secret(const std::string& secret, std::vector<std::string>& secrets) {
  if (!secret.empty()) secrets.push_back(secret);
}

std::vector<std::string> secrets_of(const Value& user) {
  std::vector<std::string> secrets;
  for (const char* name : {"token", "password", "client-key-data"}) add_secret(text_of(user, name), secrets);
  if (const auto key = from_base64(text_of(user, "client-key-data"))) add_secret(*key, secrets);
  if (const std::string file = text_of(user, "tokenFile"); !file.empty())
    add_secret(without_line_ends(try_read_file(file).value_or("")), secrets);
  const Value provider = user.get("auth-provider").get("config");
  for (const char* name : {"id-token", "access-token", "refresh-token", "client-secret"})
    add_secret(text_of(provider, name), secrets);
  return secrets;
}

// A path that is no mere name of a program, made absolute.
Value resolved(const Value& path, const fs::path& folder) {
  const std::string text = path.is_text() ? path.as_text() : "";
  return text.empty() ? path : Value((folder / text).lexically_normal().string());
}

bool is_relative(const std::string& path) { return !path.empty() && !path.starts_with('/'); }

class KubernetesTarget : public TargetType {
 public:
  const Declaration& declaration() const override { return declaration_; }

  TargetSight look(const TargetLook& look) const override {
    const Kubeconfig kubeconfig(look);
    if (!kubeconfig.has_program()) return unseen("there is no program `kubectl`");
    std::string wanted = text_of(look.params, "context");
    if (wanted.empty()) wanted = text_of(look.pinned, "context");
    const Reply reply = kubeconfig.view(wanted);
    if (!reply.is_good()) return why_not_there(kubeconfig, wanted, reply);
    const std::optional<Value> config = try_parse_json(reply.out);
    if (!config) return unseen("`kubectl config view` prints no JSON");
    return sight_of(look, kubeconfig, *config);
  }

  // What the runbook says, it looks for.
  std::string why_not(const Value&, const Value&) const override { return ""; }

  std::string describe(const Value& identity) const override {
    return fmt::format("context {} at {}", identity.text_or("context", ""), identity.text_or("server", ""));
  }

  std::vector<std::pair<std::string, std::string>> environment(const Value&, const Value& identity) const override {
    return {{"RUNBOOK_TARGET_CONTEXT", identity.text_or("context", "")},
            {"RUNBOOK_TARGET_SERVER", identity.text_or("server", "")}};
  }

  void forget(const std::string& run_folder) const override {
    std::error_code error;
    for (fs::directory_iterator entry(run_folder, error), end; !error && entry != end; entry.increment(error))
      if (entry->path().filename().string().starts_with(kept_as)) fs::remove(entry->path(), error);
  }

 private:
  static TargetSight why_not_there(const Kubeconfig& kubeconfig, const std::string& wanted, const Reply& reply) {
    const std::string complaint = complaint_of(reply);
    const std::vector<std::string> names = kubeconfig.contexts();
    if (std::find(names.begin(), names.end(), wanted) != names.end()) return unseen(complaint);
    const bool is_broken =
        complaint.find("locate context") == std::string::npos && complaint.find("current-context") == std::string::npos;
    if (is_broken) return unseen(complaint);
    const bool is_current_gone = wanted.empty() && complaint.find("locate context") != std::string::npos;
    if (is_current_gone && !names.empty()) return unseen(fmt::format("{} ({})", complaint, suggestion("", names)));
    if (names.empty()) return unseen(fmt::format("there is no context in {}", kubeconfig.files()));
    if (wanted.empty()) return unseen(fmt::format("{} has no current context; {}", kubeconfig.files(), suggestion("", names)));
    return unseen(fmt::format("{} has no context `{}`; {}", kubeconfig.files(), wanted, suggestion(wanted, names)));
  }

  static TargetSight sight_of(const TargetLook& look, const Kubeconfig& kubeconfig, Value config) {
    const Value cluster = only_entry(config, "clusters", "cluster");
    const Value context = only_entry(config, "contexts", "context");
    const std::string name = text_of(config, "current-context");
    if (cluster.is_null())
      return unseen(fmt::format("context `{}` names the cluster `{}`, which {} has not", name, text_of(context, "cluster"),
                                kubeconfig.files()));
    if (text_of(cluster, "server").empty()) return unseen(fmt::format("the cluster of context `{}` has no server", name));
    std::string name_space = text_of(look.pinned, "namespace");
    if (name_space.empty()) name_space = text_of(context, "namespace");
    if (name_space.empty()) name_space = "default";  // said, since in a pod kubectl would take that of the pod
    config = with_only_entry(config, "contexts", "context", with(context, "namespace", name_space));
    config = with_absolute_paths(config, kubeconfig, text_of(context, "user"));
    TargetSight sight;
    sight.identity = identity_of(cluster, name, name_space);
    sight.secrets = secrets_of(only_entry(config, "users", "user"));
    if (look.run_folder.empty()) return sight;
    const std::string file = keep(look.run_folder, sight.identity, to_json(config) + "\n");
    // What else could have kubectl do something else than its words say.
    sight.environment = {{"KUBECONFIG", file}, {"RUNBOOK_TARGET_KUBECONFIG", file}, {"KUBECTL_KUBERC", "false"}};
    return sight;
  }

  // The copy stands in another folder.
  static Value with_absolute_paths(const Value& config, const Kubeconfig& kubeconfig, const std::string& user_name) {
    Value user = only_entry(config, "users", "user");
    const std::string token_file = text_of(user, "tokenFile");
    const Value exec = user.get("exec");
    const std::string command = text_of(exec, "command");
    const bool has_command = is_relative(command) && command.find('/') != std::string::npos;
    if (!is_relative(token_file) && !has_command) return config;
    const fs::path folder = kubeconfig.folder_of_user(user_name);
    if (is_relative(token_file)) user = with(user, "tokenFile", resolved(token_file, folder));
    if (has_command) user = with(user, "exec", with(exec, "command", resolved(command, folder)));
    return with_only_entry(config, "users", "user", user);
  }

  // One file for each identity: what another branch still works with stays what it is.
  static std::string keep(const std::string& run_folder, const Value& identity, const std::string& text) {
    const fs::path file = fs::path(run_folder) / (kept_as + sha256_hex(to_json(identity)).substr(0, 16));
    if (try_read_file(file) != text) write_private_file(file, text);
    return file.string();
  }

  const Declaration declaration_ = kubernetes_target_declaration();
};

}  // namespace

Declaration kubernetes_target_declaration() {
  Declaration kubernetes;
  kubernetes.of = Declaration::Of::target;
  kubernetes.name = "kubernetes";
  kubernetes.summary =
      "A cluster: context, server and its CA, as the kubeconfig has them. Processes work with a copy of that one context, so "
      "that a context"
      " that somebody switches to meanwhile redirects no step.";
  kubernetes.main_param = "context";
  kubernetes.params = {{"context",
                        Param::Type::value,
                        "The context; left out: the one that is current when the run first needs it.",
                        false,
                        {},
                        {}},
                       {"kubeconfig",
                        Param::Type::value,
                        "The file, from the runbook's folder; left out: KUBECONFIG, or ~/.kube/config.",
                        false,
                        {},
                        {}}};
  kubernetes.effect = Effect::read;
  kubernetes.sets = {"KUBECONFIG"};
  kubernetes.result =
      "{context, server, ca_sha256, namespace, ...}; processes get KUBECONFIG, RUNBOOK_TARGET_CONTEXT and "
      "RUNBOOK_TARGET_SERVER";
  kubernetes.example = "targets:\n  main: {kubernetes: {context: blue.example.org}}\n";
  return kubernetes;
}

std::unique_ptr<TargetType> make_kubernetes_target() { return std::make_unique<KubernetesTarget>(); }

}  // namespace runbook
