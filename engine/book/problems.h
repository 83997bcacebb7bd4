#pragma once
// Collects what is wrong with a file, all of it.
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "book/node.h"

namespace runbook {

class Problems {
 public:
  explicit Problems(const SourceText& source) : source_(source) {}

  void error(const Node& node, std::string message, std::string hint = {});
  void error(const Node::Member& key, std::string message, std::string hint = {});
  void error(Place place, int length, std::string message, std::string hint = {});
  void warning(Place place, int length, std::string message, std::string hint = {});

  // So many problems that proposals for each would cost more than they help.
  bool is_crowded() const { return found_.size() > 200; }
  const SourceText& source() const { return source_; }
  std::vector<Diagnostic>& found() { return found_; }

 private:
  const SourceText& source_;
  std::vector<Diagnostic> found_;
};

// Code points.
int length_of(std::string_view text);

}  // namespace runbook
