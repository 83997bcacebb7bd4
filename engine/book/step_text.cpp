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
constexpr std::array<std::string_view, 8> keys_of_settings = {"inputs", "constraints", "vars",     "env",
                                                              "dir",    "defaults",    "requires", "outputs"};

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

// What its steps see of it.
std::string text_of_section(const Node& section) {
  std::string text;
  for (const char* key : {"when", "env", "dir"}) {
    if (const Node::Member* member = section.find(key)) text += member->key + ":" + canonical_text(*member->value) + "\n";
  }
  return text;
}

void collect(const Node& steps, RunbookText& into) {
  for (const NodePtr& child : steps.items) {
    if (const Node::Member* inner = child->find("steps")) {
      if (const std::string text = text_of_section(*child); !text.empty())
        into.settings["section `" + child->find("section")->value->text + "`"] += text;
      collect(*inner->value, into);
    } else if (const Node::Member* id = child->find("id")) {
      into.steps.emplace(id->value->text, text_of(*child));
    }
  }
}

}  // namespace

RunbookText texts_of(const SourceText& source) {
  RunbookText text;
  std::vector<Diagnostic> ignored;
  const NodePtr root = read_yaml(source, ignored);
  if (!root) return text;
  for (const Node::Member& member : root->members) {
    if (contains(keys_of_settings, member.key)) text.settings[member.key] = canonical_text(*member.value);
  }
  if (const Node::Member* steps = root->find("steps")) collect(*steps->value, text);
  return text;
}

}  // namespace runbook
