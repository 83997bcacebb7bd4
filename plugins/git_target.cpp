#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>

#include "base/json.h"
#include "base/lines.h"
#include "os/inquiry.h"
#include "os/program.h"
#include "plugins/all.h"

namespace runbook {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds longest_look{10};

// What is asked reads a name and a number. Should git ever want more for it: no program that a repository names, no network.
const std::vector<std::string> harmless = {"--no-pager", "--no-optional-locks",     "-c", "core.fsmonitor=false",
                                           "-c",         "core.hooksPath=/dev/null"};

// Without what would have git look at another repository than that of the folder, and with messages that can be told.
std::vector<std::string> environment_for_git(const std::vector<std::string>& env) {
  std::vector<std::string> clean;
  std::copy_if(env.begin(), env.end(), std::back_inserter(clean), [](const std::string& entry) {
    return !entry.starts_with("GIT_") && !entry.starts_with("LC_ALL=") && !entry.starts_with("LANGUAGE=");
  });
  for (const char* entry : {"LC_ALL=C", "GIT_ALLOW_PROTOCOL=none", "GIT_TERMINAL_PROMPT=0"}) clean.emplace_back(entry);
  return clean;
}

class Git {
 public:
  Git(const TargetLook& look, std::string folder)
      : program_(find_program("git", look.env, look.dir)),
        folder_(std::move(folder)),
        env_(environment_for_git(look.env)),
        stop_(look.stop) {}

  bool is_there() const { return !program_.empty(); }

  Reply ask(const std::vector<std::string>& question) const {
    std::vector<std::string> argv = {program_, "-C", folder_};
    argv.insert(argv.end(), harmless.begin(), harmless.end());
    argv.insert(argv.end(), question.begin(), question.end());
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now()).count();
    return inquire({argv, "/", std::max<std::int64_t>(left, 0), Inquiry::Errors::kept, {}, env_, stop_});
  }

 private:
  std::string program_, folder_;
  std::vector<std::string> env_;
  std::stop_token stop_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::now() + longest_look;
};

// Without the line end of the answer; a folder's name may end with another one.
std::string answer_in(const Reply& reply) {
  return reply.out.ends_with('\n') ? reply.out.substr(0, reply.out.size() - 1) : reply.out;
}

TargetSight unseen(const std::string& folder, const Reply& reply) {
  const auto lines = lines_of(reply.err);
  const std::string said = lines.empty() ? "git " + why_no_reply(reply) : std::string(lines.front());
  return {{}, fmt::format("the commit of {} can't be seen: {}", folder, said)};
}

// https://user:token@host: the part before the host may be a secret, and says nothing about which remote it is.
std::string without_credentials(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos || !url.starts_with("http")) return url;
  const std::size_t begin = scheme + 3, at = url.substr(0, url.find('/', begin)).rfind('@');
  return at == std::string::npos || at < begin ? url : url.substr(0, begin) + url.substr(at + 1);
}

bool is_commit(const std::string& text) {
  return text.size() >= 7 && text.size() <= 64 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string short_commit(const Value& identity) { return identity.text_or("commit", "").substr(0, 7); }

std::string text_of(const Value& params, std::string_view name) {
  const Value* found = params.find(name);
  return found && !found->is_null() ? text_or_json(*found) : "";
}

// Without `.`, and without a slash at its end.
std::string folder_of(const TargetLook& look) {
  const fs::path folder = (fs::path(look.dir) / text_of(look.params, "dir")).lexically_normal();
  return folder.has_filename() ? folder : folder.parent_path();
}

class GitTarget : public TargetType {
 public:
  const Declaration& declaration() const override { return declaration_; }

  TargetSight look(const TargetLook& look) const override {
    const std::string folder = folder_of(look);
    const Git git(look, folder);
    if (!git.is_there()) return {{}, fmt::format("the commit of {} can't be seen: there is no program `git`", folder)};
    const Reply dir = git.ask({"rev-parse", "--show-toplevel"});
    if (!dir.is_good()) return unseen(folder, dir);
    const Reply commit = git.ask({"rev-parse", "--verify", "--quiet", "HEAD"});
    if (commit.kind == Reply::Kind::code && commit.number == 1) return {{}, fmt::format("{} has no commit yet", folder)};
    if (!commit.is_good()) return unseen(folder, commit);
    const Value identity = object({{"dir", answer_in(dir)}, {"commit", answer_in(commit)}});
    return text_of(look.params, "remote").empty() ? TargetSight{as_recorded(identity), {}} : with_remote(git, folder, identity);
  }

  std::string why_not(const Value& params, const Value& identity) const override {
    const std::string commit = text_of(params, "commit"), remote = without_credentials(text_of(params, "remote"));
    const std::string dir = identity.text_or("dir", ""), origin = identity.text_or("remote", "");
    if (!commit.empty() && !is_commit(commit))
      return fmt::format("the runbook says commit `{}`, which is none: 7 hexadecimal digits or more are wanted", commit);
    if (!identity.text_or("commit", "").starts_with(lower_case(commit)))
      return fmt::format("the runbook says commit {}, {} is at {}", commit, dir, short_commit(identity));
    if (remote.empty() || remote == origin) return "";
    return fmt::format("the runbook says remote {}, {} has {}", remote, dir, origin.empty() ? "none named origin" : origin);
  }

  std::string describe(const Value& identity) const override {
    return fmt::format("commit {} of {}", short_commit(identity), identity.text_or("dir", ""));
  }

  std::vector<std::pair<std::string, std::string>> environment(const Value&, const Value& identity) const override {
    return {{"RUNBOOK_TARGET_COMMIT", identity.text_or("commit", "")},
            {"RUNBOOK_TARGET_WORK_TREE", identity.text_or("dir", "")}};
  }

 private:
  static TargetSight with_remote(const Git& git, const std::string& folder, const Value& identity) {
    const Reply url = git.ask({"config", "--local", "--no-includes", "--get", "remote.origin.url"});
    if (url.kind == Reply::Kind::code && url.number == 1) return {as_recorded(identity), {}};
    if (!url.is_good()) return unseen(folder, url);
    return {as_recorded(with(identity, "remote", without_credentials(answer_in(url)))), {}};
  }

  const Declaration declaration_ = git_target_declaration();
};

}  // namespace

Declaration git_target_declaration() {
  Declaration git;
  git.of = Declaration::Of::target;
  git.name = "git";
  git.summary = "A git work tree at a commit: what is checked out there. Changes that are not committed are not looked at.";
  git.main_param = "dir";
  git.params = {{"dir", Param::Type::value, "A folder of the work tree, from the runbook's folder.", false, ".", {}},
                {"commit",
                 Param::Type::value,
                 "What must be checked out: its first 7 hexadecimal digits, or more. Left out: any commit, but"
                 " the same one from the first step on.",
                 false,
                 {},
                 {}},
                {"remote",
                 Param::Type::value,
                 "The URL that the remote `origin` must have, as it stands in the repository; credentials in it"
                 " do not count.",
                 false,
                 {},
                 {}}};
  git.effect = Effect::read;
  git.result = "{dir, commit, remote}; processes get RUNBOOK_TARGET_COMMIT and RUNBOOK_TARGET_WORK_TREE";
  git.example = "targets:\n  app: {git: {dir: /srv/app, commit: 1a2b3c4}}\n";
  return git;
}

std::unique_ptr<TargetType> make_git_target() { return std::make_unique<GitTarget>(); }

}  // namespace runbook
