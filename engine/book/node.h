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

// As a vector, but while it is empty it takes the room of a pointer: most nodes are scalars.
template <class T>
class Children {
 public:
  auto begin() const { return all().begin(); }
  auto end() const { return all().end(); }
  std::size_t size() const { return all().size(); }
  bool empty() const { return all().empty(); }
  const T& operator[](std::size_t position) const { return all()[position]; }
  const T& back() const { return all().back(); }
  const std::vector<T>& all() const {
    static const std::vector<T> none;
    return vector_ ? *vector_ : none;
  }

  T& back() { return vector_->back(); }
  void push_back(T child) {
    if (!vector_) vector_ = std::make_unique<std::vector<T>>();
    vector_->push_back(std::move(child));
  }
  void shrink_to_fit() {
    if (vector_) vector_->shrink_to_fit();
  }
  // Leaves nothing behind.
  std::vector<T> take() {
    const std::unique_ptr<std::vector<T>> taken = std::move(vector_);
    return taken ? std::move(*taken) : std::vector<T>();
  }

 private:
  std::unique_ptr<std::vector<T>> vector_;
};

struct Node {
  enum class Kind : unsigned char { null, scalar, list, map };
  struct Member {
    std::string key;
    Place key_place;
    NodePtr value;
  };
  Place place;
  Kind kind = Kind::null;
  bool quoted = false;       // of a scalar: '...', "...", | or >
  bool block = false;        // of a scalar: | or >, its text begins on the line after `place`
  std::string text;          // of a scalar: as written, quotes and escapes resolved
  Children<NodePtr> items;   // of a list
  Children<Member> members;  // of a map, as written; keys are unique

  const Member* find(std::string_view key) const;  // nullptr if there is none
};

// "nothing", "text", "a list", "a map": what stands there, for a message.
std::string_view kind_in_words(const Node& node);

// Kinds, keys and texts without places, quotes or comments: equal for two nodes that mean the same.
std::string canonical_text(const Node& node);

}  // namespace runbook
