#pragma once
// Many byte strings searched for at once (Aho and Corasick, 1975): one step a byte, however many there are.
// After each step the state knows the longest pattern that ends here, and the longest end of the text that may still
// become one. Immutable; the caller keeps the state.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace runbook {

class PatternMatcher {
 public:
  using State = std::uint32_t;
  static constexpr State start = 0;

  enum class Kind {
    plain,    // stands in the text as it is
    encoded,  // base64 or hex, which tools wrap over lines
  };
  struct Pattern {
    std::string text;  // not empty, at most 65,535 bytes
    Kind kind = Kind::plain;
  };

  explicit PatternMatcher(const std::vector<Pattern>& patterns);

  State step(State state, char byte) const {
    const auto index = static_cast<unsigned char>(byte);
    return state < shallow_ ? rows_[state * row_size + index] : deep_step(state, byte);
  }

  // Length of the longest pattern that ends here, or 0.
  std::size_t match(State state) const { return state < shallow_ ? 0 : nodes_[state].match; }
  std::size_t encoded_match(State state) const { return state < shallow_ ? 0 : nodes_[state].encoded_match; }
  // Length of the longest end of the text so far that further bytes may turn into a pattern.
  std::size_t open(State state) const { return nodes_[state].open; }
  std::size_t encoded_open(State state) const { return nodes_[state].encoded_open; }

  std::size_t longest() const { return longest_; }

 private:
  static constexpr std::size_t row_size = 256;

  // 24 bytes: a private key in all its forms makes some 20,000 of them.
  struct Node {
    State child = 0;  // 0: none, since nothing leads back to the start
    State sibling = 0;
    State fallback = 0;  // the longest proper end of this node's text that is itself a node
    std::uint16_t match = 0;
    std::uint16_t encoded_match = 0;
    std::uint16_t open = 0;
    std::uint16_t encoded_open = 0;
    char byte = 0;
  };

  State child(State parent, char byte) const;
  State deep_step(State state, char byte) const;
  State grow(State parent, char byte);
  void inherit(State state);
  void fill_rows();

  std::vector<Node> nodes_;  // by depth: a node's fallback stands before it
  std::vector<State> rows_;  // complete transitions of the first nodes, where ordinary text keeps the matcher
  State shallow_ = 0;        // how many nodes have a row; no pattern ends in any of them
  std::size_t longest_ = 0;
};

}  // namespace runbook
