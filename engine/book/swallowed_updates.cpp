#include "book/swallowed_updates.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "book/script_names.h"

namespace runbook {
namespace {

// What these do leaves no trace that was not there before.
const std::set<std::string_view> renewing = {"restart", "reload", "rotate", "renew", "redeploy", "reboot"};
// What these do may be seen by the value that they bring.
const std::set<std::string_view> changing = {"patch", "push", "update", "upgrade", "replace", "deploy", "publish", "sync"};

struct Text {
  std::vector<std::string> parts;  // as written
  std::set<std::string> values;    // names of values that it uses, "$inputs.tag" or "tag" in a script
};

void collect(const ParamTree& tree, Text& into) {
  if (const auto* leaf = std::get_if<PlacedTemplate>(&tree.data)) {
    into.parts.push_back(leaf->text.text());
    for (const Reference& reference : leaf->text.references())
      into.values.insert(reference.path.empty() ? reference.root : reference.path.back());
    for (const ScriptName& name : names_read_by(leaf->text.text())) into.values.insert(name.name);
    return;
  }
  if (const auto* list = std::get_if<std::vector<ParamTree>>(&tree.data)) {
    for (const ParamTree& item : *list) collect(item, into);
  } else if (const auto* map = std::get_if<std::vector<std::pair<std::string, ParamTree>>>(&tree.data)) {
    for (const auto& [name, value] : *map) collect(value, into);
  }
}

Text text_of(const Probe& probe) {
  Text text;
  collect(probe.params, text);
  if (!probe.that) return text;
  for (const Reference& reference : probe.that->expression.references())
    text.values.insert(reference.path.empty() ? reference.root : reference.path.back());
  return text;
}

bool uses_before(const Probe& probe) {
  const auto is_before = [](const Reference& reference) { return reference.root == "before"; };
  return probe.that &&
         std::any_of(probe.that->expression.references().begin(), probe.that->expression.references().end(), is_before);
}

// The first word of the text that is among them, "" if none is.
std::string word_among(const Text& text, const std::set<std::string_view>& words) {
  const auto is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  for (const std::string& part : text.parts) {
    for (std::size_t at = 0; at < part.size();) {
      std::size_t end = at;
      while (end < part.size() && is_word(part[end])) ++end;
      std::string word = part.substr(at, end - at);
      const bool stands_alone =
          (at == 0 || part[at - 1] == ' ') && (end == part.size() || part[end] == ' ' || part[end] == '\n');
      if (stands_alone && words.contains(word)) return word;
      at = end + 1;
    }
  }
  return {};
}

// The word that gives it away.
std::string swallowed(const Step& step) {
  if (step.kind != Step::Kind::act || !step.done_when || uses_before(*step.done_when)) return {};
  Text act;
  collect(step.params, act);
  if (std::string word = word_among(act, renewing); !word.empty()) return word;
  const Text probe = text_of(*step.done_when);
  const bool has_common_value =
      std::any_of(probe.values.begin(), probe.values.end(), [&](const std::string& name) { return act.values.contains(name); });
  return has_common_value ? std::string() : word_among(act, changing);
}

bool holds_anyway(const Step& step) {
  const Probe* probe = step.kind == Step::Kind::act ? step.done_when.get() : nullptr;
  return probe && !probe->holds_anyway.empty() && !uses_before(*probe);
}

}  // namespace

void warn_of_swallowed_updates(const Runbook& runbook, Problems& problems) {
  for (const Step* step : runbook.steps) {
    if (holds_anyway(*step)) {
      problems.warning(step->done_when->place, length_of("done_when"),
                       fmt::format("`done_when` may hold before the step, which is then left out as done: {}",
                                   step->done_when->holds_anyway),
                       "write `verify:` instead: it looks only after the step");
      continue;
    }
    const std::string word = swallowed(*step);
    if (word.empty()) continue;
    problems.warning(step->done_when->place, length_of("done_when"),
                     fmt::format("`done_when` may hold before `{}`: then the step is left out as done", word),
                     "record what stood before, and compare:\n"
                     "before: {<probe>, outputs: {seen: ...}}\n"
                     "done_when: {<probe>, that: ... != $before.seen}");
  }
}

}  // namespace runbook
