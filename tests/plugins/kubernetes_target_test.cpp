#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/base64.h"
#include "base/digest.h"
#include "base/json.h"
#include "os/files.h"
#include "os/program.h"
#include "plugins/all.h"

using namespace runbook;

namespace {

namespace fs = std::filesystem;

constexpr const char* pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

// A folder with kubeconfigs, and one that is the run's; looks with the real kubectl.
class World {
 public:
  World() {
    std::string pattern = (fs::temp_directory_path() / "cluster.XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()));
    root = pattern;
    for (const char* name : {"run", "home/.kube", "other"}) fs::create_directories(root / name);
  }
  ~World() { fs::remove_all(root); }
  World(const World&) = delete;

  void write(const std::string& name, const std::string& text) const { std::ofstream(root / name) << text; }

  // Contexts one and two, of which the first is at that server.
  void write_config(const std::string& name, const std::string& server, const std::string& current = "one",
                    const std::string& more_of_context = "") const {
    write(name, "apiVersion: v1\nkind: Config\ncurrent-context: " + current +
                    "\ncontexts: [{name: one, context: {cluster: c1, user: u1" + more_of_context +
                    "}}, {name: two, context: {cluster: c2, user: u1}}]\n"
                    "clusters: [{name: c1, cluster: {server: \"" +
                    server + "\"}}, {name: c2, cluster: {server: \"https://two:1\"}}]\n" +
                    "users: [{name: u1, user: {token: secret-token}}]\n");
  }

  TargetSight look(const Value& params = Value(Map()), const Value& pinned = {}, std::vector<std::string> more = {}) const {
    TargetLook look;
    look.params = params;
    look.dir = root.string();
    look.env = {"PATH=/usr/bin:/bin", "HOME=" + (root / "home").string()};
    look.env.insert(look.env.end(), more.begin(), more.end());
    look.pinned = pinned;
    look.run_folder = (root / "run").string();
    return make_kubernetes_target()->look(look);
  }

  std::string kubeconfig_of(const TargetSight& sight) const {
    for (const auto& [name, value] : sight.environment)
      if (name == "KUBECONFIG") return value;
    return "";
  }
  Value kept(const TargetSight& sight) const { return parse_json(read_file(kubeconfig_of(sight))); }

  fs::path root;
};

Value first(const Value& config, const char* list, const char* member) {
  return config.get(list).as_list().front().get(member);
}

bool has_kubectl() {
  const bool has = is_program("kubectl");
  if (!has) MESSAGE(std::string("skipped: there is no kubectl"));
  return has;
}

}  // namespace

TEST_CASE("the current context is seen, and a copy of it alone is kept for the run") {
  if (!has_kubectl()) return;
  const World world;
  world.write_config("home/.kube/config", "https://one:1");
  const TargetSight sight = world.look();
  CHECK(sight.why == "");
  CHECK(sight.identity ==
        object({{"context", "one"}, {"server", "https://one:1"}, {"ca_sha256", ""}, {"namespace", "default"}}));
  const Value kept = world.kept(sight);
  CHECK(kept.get("contexts").as_list().size() == 1);
  CHECK(kept.get("clusters").as_list().size() == 1);
  CHECK(first(kept, "contexts", "context").text_or("namespace", "") == "default");
  CHECK(first(kept, "users", "user").text_or("token", "") == "secret-token");
  CHECK(sight.secrets == std::vector<std::string>{"secret-token"});
  CHECK(to_json(sight.identity).find("secret") == std::string::npos);
  struct stat found {};
  REQUIRE(::stat(world.kubeconfig_of(sight).c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
  make_kubernetes_target()->forget((world.root / "run").string());
  CHECK(fs::is_empty(world.root / "run"));
}

TEST_CASE("who switches context or namespace elsewhere does not redirect the run") {
  if (!has_kubectl()) return;
  const World world;
  world.write_config("home/.kube/config", "https://one:1", "one", ", namespace: blue");
  const Value pinned = world.look().identity;
  world.write_config("home/.kube/config", "https://one:1", "two", ", namespace: green");
  const TargetSight again = world.look(Value(Map()), pinned);
  CHECK(again.identity == pinned);
  CHECK(first(world.kept(again), "contexts", "context").text_or("namespace", "") == "blue");
}

TEST_CASE("another server, CA, proxy or no check of certificates is another cluster") {
  if (!has_kubectl()) return;
  const World world;
  const auto type = make_kubernetes_target();
  world.write_config("home/.kube/config", "https://one:1");
  const TargetSight before = world.look();
  world.write_config("home/.kube/config", "https://evil:1");
  const TargetSight after = world.look(Value(Map()), before.identity);
  CHECK(why_another(*type, before.identity, after.identity) ==
        "the run began in context one at https://one:1, you are now in context one at https://evil:1");
  CHECK(world.kubeconfig_of(before) != world.kubeconfig_of(after));  // what runs still has its own
  for (const std::string more :
       {"\", insecure-skip-tls-verify: true, x: \"", "\", proxy-url: \"http://p:1", "\", tls-server-name: \"x"}) {
    world.write_config("home/.kube/config", "https://one:1" + more);
    CHECK(why_another(*type, before.identity, world.look().identity) != "");
  }
}

TEST_CASE("certificates, tokens and programs beside a kubeconfig are found from the copy") {
  if (!has_kubectl()) return;
  const World world;
  world.write("other/ca.pem", pem);
  world.write("other/token", "from-a-file\n");
  world.write("other/config",
              "apiVersion: v1\nkind: Config\ncontexts: [{name: o, context: {cluster: c, user: u}}]\n"
              "clusters: [{name: c, cluster: {server: \"https://o:1\", certificate-authority: ca.pem}}]\n"
              "users: [{name: u, user: {tokenFile: token, exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: "
              "./bin/login, args: [a]}}}]\n");
  world.write_config("home/.kube/config", "https://one:1");
  const std::string both =
      "KUBECONFIG=" + (world.root / "home/.kube/config").string() + ":" + (world.root / "other/config").string() + ":/nowhere";
  const TargetSight sight = world.look(object({{"context", "o"}}), {}, {both});
  REQUIRE(sight.why == "");
  CHECK(sight.identity.text_or("ca_sha256", "") == sha256_hex(pem));
  const Value user = first(world.kept(sight), "users", "user");
  CHECK(user.text_or("tokenFile", "") == (world.root / "other/token").string());
  CHECK(user.get("exec").text_or("command", "") == (world.root / "other/bin/login").string());
  CHECK(sight.secrets == std::vector<std::string>{"from-a-file"});
}

TEST_CASE("what can't be seen is said with what there is") {
  if (!has_kubectl()) return;
  const World world;
  CHECK(world.look().why == "the cluster can't be seen: there is no context in " + (world.root / "home/.kube/config").string());
  world.write_config("home/.kube/config", "https://one:1", "gone");
  const std::string file = (world.root / "home/.kube/config").string();
  CHECK(world.look(object({{"context", "oen"}})).why ==
        "the cluster can't be seen: " + file + " has no context `oen`; did you mean `one`?");
  CHECK(world.look().why == "the cluster can't be seen: cannot locate context gone (known: one, two)");
  world.write_config("mine", "https://one:1");
  CHECK(world.look(object({{"kubeconfig", "mine"}})).identity.text_or("server", "") == "https://one:1");
  world.write("home/.kube/config", "a: [");
  CHECK(world.look().why.find("can't be seen: error loading config file") != std::string::npos);
  world.write_config("home/.kube/config", "");
  CHECK(world.look().why == "the cluster can't be seen: the cluster of context `one` has no server");
}

TEST_CASE("a password in a URL is not recorded") {
  if (!has_kubectl()) return;
  const World world;
  world.write_config("home/.kube/config", "https://ada:geheim@one:1/x");
  CHECK(world.look().identity.text_or("server", "") == "https://one:1/x");
}

TEST_CASE("without kubectl the look says so") {
  const World world;
  TargetLook look;
  look.dir = world.root.string();
  look.env = {"PATH=/nowhere"};
  CHECK(make_kubernetes_target()->look(look).why == "the cluster can't be seen: there is no program `kubectl`");
}
