#include "book/node.h"

#include <fmt/format.h>

namespace runbook {
namespace {

void append_count(std::string& into, char mark, std::size_t count) {
  const fmt::format_int digits(count);
  into += mark;
  into.append(digits.data(), digits.size());
  into += ':';
}

// Lengths before texts, so that no text can be taken for structure.
void append_text(std::string& into, char mark, std::string_view text) {
  append_count(into, mark, text.size());
  into += text;
}

void append(std::string& into, const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: into += 'n'; return;
    case Node::Kind::scalar: append_text(into, 's', node.text); return;
    case Node::Kind::list:
      append_count(into, 'l', node.items.size());
      for (const NodePtr& item : node.items) append(into, *item);
      return;
    case Node::Kind::map:
      append_count(into, 'm', node.members.size());
      for (const Node::Member& member : node.members) {
        append_text(into, 'k', member.key);
        append(into, *member.value);
      }
      return;
  }
}

}  // namespace

const Node::Member* Node::find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

std::string_view kind_in_words(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return "nothing";
    case Node::Kind::scalar: return "text";
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a map";
  }
  return {};
}

std::string canonical_text(const Node& node) {
  std::string text;
  append(text, node);
  return text;
}

}  // namespace runbook
