#include "step/target.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/json.h"
#include "os/identity.h"
#include "os/inquiry.h"
#include "plugins/all.h"

using namespace runbook;

namespace {

namespace fs = std::filesystem;

std::vector<std::string> own_environment() {
  std::vector<std::string> env;
  for (char** at = environ; *at; ++at) env.emplace_back(*at);
  return env;
}

// A folder that is gone with the story.
class Folder {
 public:
  explicit Folder(const std::string& name = "") {
    std::string pattern = (fs::temp_directory_path() / "targets.XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()));
    root_ = fs::canonical(pattern);
    path_ = name.empty() ? root_ : root_ / name;
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(root_); }
  Folder(const Folder&) = delete;
  fs::path operator/(const std::string& name) const { return path_ / name; }
  std::string text() const { return path_.string(); }

 private:
  fs::path root_, path_;
};

void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

// A program that leaves a trace when somebody runs it.
std::string trap(const Folder& folder, const std::string& name) {
  const fs::path program = folder / name;
  write(program, "#!/bin/sh\ntouch " + (folder / "ran").string() + "\n");
  fs::permissions(program, fs::perms::owner_all);
  return program.string();
}

std::string git(const std::string& folder, std::vector<std::string> words) {
  words.insert(words.begin(), {"git", "-C", folder, "-c", "user.name=ana", "-c", "user.email=ana@example.org"});
  std::vector<std::string> env = {"PATH=/usr/bin:/bin", "HOME=/nowhere", "GIT_CONFIG_NOSYSTEM=1"};
  const Reply reply = inquire({words, "/", 60'000, Inquiry::Errors::kept, {}, env});
  REQUIRE_MESSAGE(reply.is_good(), reply.err);
  return reply.out.substr(0, reply.out.find('\n'));
}

// A work tree with one commit; gives the commit.
std::string commit_in(const std::string& folder) {
  git(folder, {"init", "--quiet", "--initial-branch=main"});
  git(folder, {"commit", "--quiet", "--allow-empty", "--message=first"});
  return git(folder, {"rev-parse", "HEAD"});
}

struct Looker {
  std::unique_ptr<TargetType> type;
  TargetSight look(const Value& params, const std::string& dir = "/") const { return type->look({params, dir, env, {}}); }
  std::vector<std::string> env = own_environment();
};

Looker a_git() { return {make_git_target()}; }
Looker a_host() { return {make_host_target()}; }
Looker a_directory() { return {make_directory_target()}; }

}  // namespace

TEST_CASE("every target type is declared, once, as a target and not as a step") {
  for (const auto& type : all_target_types()) {
    const Declaration& declaration = type->declaration();
    INFO(declaration.name);
    CHECK(declaration.of == Declaration::Of::target);
    CHECK(find_target_type(all_declarations(), declaration.name));
    const Declaration* step = find_declaration(all_declarations(), declaration.name);  // both may have one name
    CHECK((!step || step->of == Declaration::Of::step));
    CHECK(declaration.find(declaration.main_param));
    CHECK_FALSE(declaration.summary.empty());
    CHECK_FALSE(declaration.example.empty());
    for (const Param& param : declaration.params) CHECK_FALSE(param.doc.empty());
  }
}

TEST_CASE("what is checked out in a folder is a target, under the work tree's own path") {
  Folder folder;
  const std::string commit = commit_in(folder.text());
  fs::create_directories(folder / "deploy");
  const Looker git = a_git();
  const TargetSight sight = git.look(object({{"dir", "."}}), folder / "deploy");
  CHECK(sight.why == "");
  CHECK(sight.identity == object({{"dir", folder.text()}, {"commit", commit}}));
  CHECK(git.type->describe(sight.identity) == "commit " + commit.substr(0, 7) + " of " + folder.text());
  CHECK(git.type->environment({}, sight.identity) ==
        std::vector<std::pair<std::string, std::string>>{{"RUNBOOK_TARGET_COMMIT", commit},
                                                         {"RUNBOOK_TARGET_WORK_TREE", folder.text()}});
}

TEST_CASE("another commit is another target, a change that is not committed is not") {
  Folder folder;
  const std::string first = commit_in(folder.text());
  const Looker git = a_git();
  const Value before = git.look({}, folder.text()).identity;
  write(folder / "file", "changed");
  ::git(folder.text(), {"add", "file"});
  CHECK(git.look({}, folder.text()).identity == before);
  ::git(folder.text(), {"commit", "--quiet", "--message=second"});
  const Value after = git.look({}, folder.text()).identity;
  CHECK(after != before);
  CHECK(why_another(*git.type, before, after) == "the run began in commit " + first.substr(0, 7) + " of " + folder.text() +
                                                     ", you are now in commit " + after.text_or("commit", "").substr(0, 7) +
                                                     " of " + folder.text());
}

TEST_CASE("the runbook's commit may be shortened to seven digits, and is not anything else") {
  const Looker git = a_git();
  const std::string commit = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
  const Value there = object({{"dir", "/srv/app"}, {"commit", commit}});
  const auto why_not = [&](const char* said) { return git.type->why_not(object({{"commit", said}}), there); };
  CHECK(why_not("1a2b3c4") == "");
  CHECK(why_not("1A2B3C4D") == "");
  CHECK(why_not(commit.c_str()) == "");
  CHECK(git.type->why_not(object({{"dir", "."}}), there) == "");
  CHECK(why_not("1a2b3c5") == "the runbook says commit 1a2b3c5, /srv/app is at 1a2b3c4");
  CHECK(why_not("1a2b") == "the runbook says commit `1a2b`, which is none: 7 hexadecimal digits or more are wanted");
  CHECK(why_not("main") == "the runbook says commit `main`, which is none: 7 hexadecimal digits or more are wanted");
}

TEST_CASE("a remote is compared without the credentials in it, and none of them is kept") {
  Folder folder;
  commit_in(folder.text());
  const Looker git = a_git();
  const Value params = object({{"remote", "https://git.example.org/app.git"}});
  CHECK(git.type->why_not(params, git.look(params, folder.text()).identity) ==
        "the runbook says remote https://git.example.org/app.git, " + folder.text() + " has none named origin");
  ::git(folder.text(), {"remote", "add", "origin", "https://ana:s3cr3t@git.example.org/app.git"});
  const Value identity = git.look(params, folder.text()).identity;
  CHECK(identity.text_or("remote", "") == "https://git.example.org/app.git");
  CHECK(git.type->why_not(params, identity) == "");
  CHECK(git.type->why_not(object({{"remote", "https://bob:t0k3n@git.example.org/other.git"}}), identity) ==
        "the runbook says remote https://git.example.org/other.git, " + folder.text() + " has https://git.example.org/app.git");
  CHECK_FALSE(git.look({}, folder.text()).identity.find("remote"));
}

TEST_CASE("what can't be seen is told, by git's own words where it has some") {
  Folder folder;
  const Looker git = a_git();
  const std::string the_commit = "the commit of " + folder.text();
  CHECK(git.look({}, folder.text()).why.find(the_commit + " can't be seen: fatal: not a git repository") == 0);
  ::git(folder.text(), {"init", "--quiet"});
  CHECK(git.look({}, folder.text()).why == folder.text() + " has no commit yet");
  CHECK(git.look(object({{"dir", "no"}}), folder.text()).why.find("No such file or directory") != std::string::npos);
  Looker without = a_git();
  without.env = {"PATH=/nowhere"};
  CHECK(without.look({}, folder.text()).why == the_commit + " can't be seen: there is no program `git`");
  CHECK(git.look({}, folder.text()).identity.is_null());
}

TEST_CASE("a bare repository has no commit checked out") {
  Folder folder;
  git(folder.text(), {"init", "--quiet", "--bare"});
  CHECK(a_git().look({}, folder.text()).why.find("must be run in a work tree") != std::string::npos);
}

TEST_CASE("GIT_DIR and the like of whoever runs the engine do not lead to another repository") {
  Folder here, there;
  const std::string commit = commit_in(here.text());
  git(there.text(), {"init", "--quiet"});
  git(there.text(), {"commit", "--quiet", "--allow-empty", "--message=other"});
  Looker git = a_git();
  git.env.push_back("GIT_DIR=" + (there / ".git").string());
  git.env.push_back("GIT_WORK_TREE=" + there.text());
  CHECK(git.look({}, here.text()).identity == object({{"dir", here.text()}, {"commit", commit}}));
}

TEST_CASE("a look runs nothing that the repository names") {
  Folder folder, traps;
  commit_in(folder.text());
  const std::string program = trap(traps, "trap");
  for (const char* name : {"core.fsmonitor", "core.pager", "core.sshCommand", "gpg.program", "credential.helper",
                           "remote.origin.uploadpack", "diff.external"})
    git(folder.text(), {"config", name, program});
  git(folder.text(), {"config", "alias.rev-parse", "!" + program});
  git(folder.text(), {"config", "remote.origin.url", folder.text()});
  git(folder.text(), {"config", "remote.origin.promisor", "true"});
  git(folder.text(), {"config", "protocol.file.allow", "always"});
  git(folder.text(), {"config", "core.repositoryFormatVersion", "1"});
  git(folder.text(), {"config", "extensions.partialClone", "origin"});
  for (const char* name : {"post-checkout", "reference-transaction", "fsmonitor-watchman", "post-index-change"})
    fs::copy_file(program, folder / ".git/hooks" / name, fs::copy_options::overwrite_existing);
  // The commit itself is missing: git would get it from where the repository says.
  write(folder / ".git/refs/heads/main", std::string(40, 'a') + "\n");
  const TargetSight sight = a_git().look(object({{"remote", "x"}}), folder.text());
  CHECK(sight.identity.text_or("commit", "") == std::string(40, 'a'));
  CHECK_FALSE(fs::exists(traps / "ran"));
}

TEST_CASE("a git that hangs ends with the look") {
  Folder folder;
  const fs::path program = folder / "git";
  write(program, "#!/bin/sh\ntouch " + (folder / "began").string() + "\nsleep 600\n");
  fs::permissions(program, fs::perms::owner_all);
  std::stop_source source;
  std::jthread stopper([&] {
    while (!fs::exists(folder / "began")) std::this_thread::yield();
    source.request_stop();
  });
  const TargetSight sight =
      make_git_target()->look({{}, folder.text(), {"PATH=" + folder.text() + ":/bin"}, source.get_token()});
  CHECK(sight.identity.is_null());
  CHECK(sight.why.find("git was ended by signal 9") != std::string::npos);
}

TEST_CASE("folders with blanks, quotes and line ends in their names are targets like others") {
  for (const char* name : {"two words", "a\nline\n", "-c", "it's \"quoted\"", "$(touch x)"}) {
    INFO(name);
    Folder folder(name);
    const std::string commit = commit_in(folder.text());
    CHECK(a_git().look({}, folder.text()).identity == object({{"dir", folder.text()}, {"commit", commit}}));
    CHECK(a_directory().look(object({{"path", name}}), (folder / "..").string()).identity.text_or("path", "") == folder.text());
  }
}

TEST_CASE("an identity can be compared with what a journal gives back, whatever its bytes") {
  Folder folder("latin-\xE4");
  const Looker directory = a_directory();
  const Value identity = directory.look(object({{"path", folder.text()}})).identity;
  CHECK(identity == parse_json(to_json(identity)));
  CHECK(why_another(*directory.type, parse_json(to_json(identity)),
                    directory.look(object({{"path", folder.text()}})).identity) == "");
}

TEST_CASE("this host is a target by its name, alone or with its domain") {
  const Looker host = a_host();
  const Value here = host.look({}).identity;
  CHECK(here.text_or("name", "") == host_name());
  CHECK(host.type->describe(here) == "host " + host_name());
  CHECK(host.type->environment({}, here).front() == std::pair<std::string, std::string>{"RUNBOOK_TARGET_HOST", host_name()});
  const Value full = object({{"name", "db1.example.org"}}), brief = object({{"name", "db1"}});
  CHECK(host.type->why_not({}, full) == "");
  CHECK(host.type->why_not(brief, brief) == "");
  CHECK(host.type->why_not(object({{"name", "DB1"}}), full) == "");
  CHECK(host.type->why_not(full, full) == "");
  CHECK(host.type->why_not(object({{"name", "db"}}), full) == "the runbook says host db, this is db1.example.org");
  CHECK(host.type->why_not(object({{"name", "db1.test.example.org"}}), full) ==
        "the runbook says host db1.test.example.org, this is db1.example.org");
  CHECK(host.type->why_not(full, brief) == "the runbook says host db1.example.org, this is db1");
}

TEST_CASE("two machines of one name are told apart, and the machine's own id is not given away") {
  const Looker host = a_host();
  const Value one = object({{"name", "db1"}, {"machine", "aa"}}), other = object({{"name", "db1"}, {"machine", "bb"}});
  CHECK(why_another(*host.type, one, one) == "");
  CHECK(why_another(*host.type, one, other) == "the run began in host db1 (machine aa), you are now in host db1 (machine bb)");
  std::string id;
  std::ifstream("/etc/machine-id") >> id;
  if (id.size() != 32) return;
  const std::string kept = host.look({}).identity.text_or("machine", "");
  CHECK(kept.size() == 32);
  CHECK(kept != id);
}

TEST_CASE("a directory is where its links lead, and another one once they lead elsewhere") {
  Folder folder;
  fs::create_directories(folder / "releases/1");
  fs::create_directories(folder / "releases/2");
  fs::create_directory_symlink("releases/1", folder / "current");
  const Looker directory = a_directory();
  const Value params = object({{"path", "current"}});
  const Value before = directory.look(params, folder.text()).identity;
  CHECK(before.text_or("path", "") == (folder / "releases/1").string());
  CHECK(directory.type->environment(params, before).front().second == (folder / "releases/1").string());
  CHECK(directory.look(params, folder.text()).identity == before);
  fs::remove(folder / "current");
  fs::create_directory_symlink("releases/2", folder / "current");
  CHECK(why_another(*directory.type, before, directory.look(params, folder.text()).identity) ==
        "the run began in directory " + (folder / "releases/1").string() + ", you are now in directory " +
            (folder / "releases/2").string());
}

TEST_CASE("a directory that was put in the place of another is another one") {
  Folder folder;
  fs::create_directory(folder / "app");
  const Looker directory = a_directory();
  const Value params = object({{"path", (folder / "app").string()}});
  const Value before = directory.look(params).identity;
  fs::rename(folder / "app", folder / "old");
  fs::create_directory(folder / "app");
  const Value after = directory.look(params).identity;
  CHECK(why_another(*directory.type, before, after) ==
        "the run began in directory " + (folder / "app").string() + " (inode " + before.text_or("inode", "") +
            "), you are now in directory " + (folder / "app").string() + " (inode " + after.text_or("inode", "") + ")");
}

TEST_CASE("what is no directory is none") {
  Folder folder;
  write(folder / "file", "");
  fs::create_symlink("loop", folder / "loop");
  const Looker directory = a_directory();
  const auto why = [&](const char* path) { return directory.look(object({{"path", path}}), folder.text()).why; };
  CHECK(why("file") == (folder / "file").string() + " is not a directory");
  CHECK(why("none") == "the directory " + (folder / "none").string() + " can't be seen: No such file or directory");
  CHECK(why("loop").find("Too many levels of symbolic links") != std::string::npos);
}
