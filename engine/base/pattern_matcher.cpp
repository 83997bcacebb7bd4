#include "base/pattern_matcher.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace runbook {
namespace {

constexpr PatternMatcher::State most_rows = 128;  // a kilobyte each

}  // namespace

// All patterns grow by one byte at a time, so that nodes are made in the order of their depth.
PatternMatcher::PatternMatcher(const std::vector<Pattern>& patterns) : nodes_(1) {
  for (const Pattern& pattern : patterns) longest_ = std::max(longest_, pattern.text.size());
  RUNBOOK_ASSERT(longest_ <= std::numeric_limits<std::uint16_t>::max());
  std::vector<State> ends(patterns.size(), start);
  for (std::size_t depth = 0; depth < longest_; ++depth) {
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      const auto& [text, kind] = patterns[i];
      if (depth >= text.size()) continue;
      const auto length = static_cast<std::uint16_t>(depth);
      const bool is_encoded = kind == Kind::encoded;
      nodes_[ends[i]].open = length;
      if (is_encoded) nodes_[ends[i]].encoded_open = length;
      ends[i] = grow(ends[i], text[depth]);
      if (depth + 1 < text.size()) continue;
      nodes_[ends[i]].match = static_cast<std::uint16_t>(text.size());
      if (is_encoded) nodes_[ends[i]].encoded_match = static_cast<std::uint16_t>(text.size());
    }
  }
  nodes_.shrink_to_fit();
  for (State state = 1; state < nodes_.size(); ++state) inherit(state);
  fill_rows();
}

PatternMatcher::State PatternMatcher::child(State parent, char byte) const {
  State found = nodes_[parent].child;
  while (found != 0 && nodes_[found].byte != byte) found = nodes_[found].sibling;
  return found;
}

PatternMatcher::State PatternMatcher::deep_step(State state, char byte) const {
  while (true) {
    if (state < shallow_) return rows_[state * row_size + static_cast<unsigned char>(byte)];
    const State next = child(state, byte);
    if (next != 0 || state == start) return next;
    state = nodes_[state].fallback;
  }
}

PatternMatcher::State PatternMatcher::grow(State parent, char byte) {
  if (const State known = child(parent, byte); known != 0) return known;
  const auto made = static_cast<State>(nodes_.size());
  Node node;
  node.byte = byte;
  node.sibling = nodes_[parent].child;
  node.fallback = parent == start ? start : deep_step(nodes_[parent].fallback, byte);
  nodes_.push_back(node);
  nodes_[parent].child = made;
  return made;
}

// What ends, or is open, in a node's own text is longer than anything in its fallback's.
void PatternMatcher::inherit(State state) {
  Node& node = nodes_[state];
  const Node& fallback = nodes_[node.fallback];
  node.match = std::max(node.match, fallback.match);
  node.encoded_match = std::max(node.encoded_match, fallback.encoded_match);
  node.open = std::max(node.open, fallback.open);
  node.encoded_open = std::max(node.encoded_open, fallback.encoded_open);
}

void PatternMatcher::fill_rows() {
  const auto ends_pattern = [](const Node& node) { return node.match > 0; };
  const auto first = std::find_if(nodes_.begin(), nodes_.end(), ends_pattern);
  const auto count = std::min(static_cast<State>(first - nodes_.begin()), most_rows);
  rows_.resize(count * row_size);
  for (State state = 0; state < count; ++state) {
    State* row = &rows_[state * row_size];
    if (state != start) std::copy_n(&rows_[nodes_[state].fallback * row_size], row_size, row);
    for (State next = nodes_[state].child; next != 0; next = nodes_[next].sibling) {
      row[static_cast<unsigned char>(nodes_[next].byte)] = next;
    }
  }
  shallow_ = count;  // only now: the nodes above were walked without rows
}

}  // namespace runbook
