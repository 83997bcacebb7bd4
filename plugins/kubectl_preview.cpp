#include "plugins/kubectl_preview.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/one_line.h"
#include "base/redactor.h"
#include "os/inquiry.h"

namespace runbook {

namespace {

constexpr std::int64_t patience_ms = 60'000;
constexpr std::size_t most_shown = 64 << 10;

// Those of `apply` that say what is meant, and that `diff` knows too.
bool is_of_both(const std::string& flag) {
  constexpr std::array<std::string_view, 11> names = {
      "filename",      "kustomize",       "recursive", "selector",        "namespace", "server-side",
      "field-manager", "force-conflicts", "prune",     "prune-allowlist", "as"};
  return std::find(names.begin(), names.end(), flag) != names.end();
}

std::vector<std::string> diff_words(const StepContext& context, const KubectlWords& words) {
  std::vector<std::string> argv = {"kubectl", "diff"};
  for (const KubectlFlag& flag : words.flags) {
    if (is_of_both(flag.name))
      argv.push_back(fmt::format("--{}{}{}", flag.name, flag.value ? "=" : "", flag.value.value_or("")));
  }
  if (const std::string space = context.params.text_or("namespace", ""); !space.empty()) argv.push_back("--namespace=" + space);
  return argv;
}

std::string bounded(std::string text) {
  if (text.size() <= most_shown) return text;
  const std::size_t end = text.rfind('\n', most_shown);
  return fmt::format("{}\n... ({} bytes more)\n", text.substr(0, end), text.size() - end);
}

}  // namespace

std::optional<Preview> preview_of_kubectl(const StepContext& context, const KubectlWords& words,
                                          const std::optional<std::string>& input) {
  if (words.verb_text() != "apply") return std::nullopt;
  std::vector<std::string> env = context.env;
  std::erase_if(env, [](const std::string& entry) { return entry.starts_with("KUBECTL_EXTERNAL_DIFF="); });
  env.emplace_back("KUBECTL_EXTERNAL_DIFF=diff -u -N");  // not what the person looks at differences with
  const Reply reply = inquire(
      {diff_words(context, words), context.dir, patience_ms, Inquiry::Errors::kept, input.value_or(""), env, context.stop});
  const bool has_changes = reply.kind == Reply::Kind::code && reply.number == 1 && !reply.out.empty();
  if (reply.is_good() || has_changes) return Preview{bounded(redact(reply.out, context.secrets)), ""};
  const std::string said = one_line(redact(reply.err, context.secrets));
  return Preview{"", said.empty() ? fmt::format("`kubectl diff` {}", why_no_reply(reply)) : said};
}

}  // namespace runbook
