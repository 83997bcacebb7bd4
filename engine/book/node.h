#pragma once
// What the YAML reader makes of a file: scalars, lists and maps with the place of every key and value.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/source_text.h"

namespace runbook {

struct Node;
using NodePtr = std::shared_ptr<Node>;  // several point to what an alias repeats

struct Node {
  enum class Kind { null, scalar, list, map };
  struct Member {
    std::string key;
    Place key_place;
    NodePtr value;
  };
  Kind kind = Kind::null;
  Place place;
  std::string text;             // of a scalar: as written, quotes and escapes resolved
  bool quoted = false;          // of a scalar: '...', "...", | or >
  bool block = false;           // of a scalar: | or >, its text begins on the line after `place`
  std::vector<NodePtr> items;   // of a list
  std::vector<Member> members;  // of a map, as written; keys are unique

  const Member* find(std::string_view key) const;  // nullptr if there is none
};

// "nothing", "text", "a list", "a map": what stands there, for a message.
std::string_view kind_in_words(const Node& node);

// Kinds, keys and texts without places, quotes or comments: equal for two nodes that mean the same.
std::string canonical_text(const Node& node);

}  // namespace runbook
