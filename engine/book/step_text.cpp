#include "book/step_text.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "book/node.h"
#include "book/yaml_reader.h"

namespace runbook {
namespace {

constexpr std::array<std::string_view, 7> keys_of_words = {"title", "undo", "hints", "note", "example", "tags", "source"};
// What steps and the end of a run see of the runbook itself.
constexpr std::array<std::string_view, 11> keys_of_settings = {
    "inputs", "constraints", "vars", "env", "dir", "defaults", "requires", "outputs", "targets", "target", "lock"};

template <std::size_t size>
bool contains(const std::array<std::string_view, size>& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

StepText text_of(const Node& step) {
  StepText text;
  for (const Node::Member& member : step.members) {
    if (member.key == "id" || member.key == "was") continue;
    std::string& part = contains(keys_of_words, member.key) ? text.words : text.deed;
    part += member.key + ":" + canonical_text(*member.value) + "\n";
  }
  return text;
}

// What stands under `steps:` and the like.
constexpr std::array<std::string_view, 4> keys_of_lists = {"steps", "parallel", "rescue", "finally"};
constexpr std::array<std::string_view, 11> keys_of_sections = {"when", "env",   "dir",         "target", "for_each",    "as",
                                                               "key",  "empty", "concurrency", "batch",  "max_failures"};

class Collection {
 public:
  explicit Collection(RunbookText& into) : into_(into) {}

  // Returns the ids of the steps in them.
  std::string collect(const Node& steps) {
    std::string ids;
    for (const NodePtr& child : steps.items) {
      if (const Node::Member* title = child->find("section")) {
        ids += collect_section(*child, "section `" + title->value->text + "`");
      } else if (const Node::Member* id = child->find("id")) {
        into_.steps.emplace(id->value->text, text_of(*child));
        ids += " " + id->value->text;
      }
    }
    return ids;
  }

 private:
  // What its steps see of it, and which of them are more than one after the other.
  std::string collect_section(const Node& section, const std::string& name) {
    std::string text, ids;
    for (const std::string_view key : keys_of_sections)
      if (const Node::Member* member = section.find(key)) text += member->key + ":" + canonical_text(*member->value) + "\n";
    if (const Node::Member* watch = section.find("watch")) text += collect_watches(*watch->value);
    for (const std::string_view key : keys_of_lists) {
      const Node::Member* list = section.find(key);
      if (!list) continue;
      const std::string inside = collect(*list->value);
      if (key != "steps") text += list->key + ":" + inside + "\n";
      ids += inside;
    }
    if (!text.empty()) into_.settings[name] += text;
    return ids;
  }

  std::string collect_watches(const Node& watches) {
    std::string text;
    if (watches.kind == Node::Kind::map) return collect_watch(watches);
    for (const NodePtr& watch : watches.items) text += collect_watch(*watch);
    return text;
  }

  std::string collect_watch(const Node& watch) {
    const std::string id = watch.find("id")->value->text;
    StepText& text = into_.steps[id];
    std::string ids;
    for (const Node::Member& member : watch.members) {
      if (member.key == "on_trip") ids = collect(*member.value);
      else if (member.key != "id") text.deed += member.key + ":" + canonical_text(*member.value) + "\n";
    }
    return "watch " + id + ":" + ids + "\n";
  }

  RunbookText& into_;
};

}  // namespace

RunbookText texts_of(const SourceText& source) {
  RunbookText text;
  std::vector<Diagnostic> ignored;
  const NodePtr root = read_yaml(source, ignored);
  if (!root) return text;
  for (const Node::Member& member : root->members) {
    if (contains(keys_of_settings, member.key)) text.settings[member.key] = canonical_text(*member.value);
  }
  if (const Node::Member* steps = root->find("steps")) Collection(text).collect(*steps->value);
  if (const Node::Member* finally = root->find("finally")) text.settings["finally"] = Collection(text).collect(*finally->value);
  return text;
}

}  // namespace runbook
