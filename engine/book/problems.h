#pragma once
// Collects what is wrong with a file: all of it, but for floods. Of thousands, the later ones are only counted.
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

  // What is wrong with another file, of which `diagnostics` has not all.
  void take(const SourcePtr& other, std::vector<Diagnostic> diagnostics, std::size_t errors, std::size_t warnings);

  // So many problems that proposals for each would cost more than they help.
  bool is_crowded() const { return found_.size() > 200; }
  const SourceText& source() const { return source_; }
  std::vector<Diagnostic>& found() { return found_; }
  // How many were reported, also those that were not kept: whether it grew tells whether something was reported.
  std::size_t count() const { return found_.size() + errors_.dropped + warnings_.dropped; }
  std::size_t dropped_errors() const { return errors_.dropped; }
  std::size_t dropped_warnings() const { return warnings_.dropped; }

 private:
  struct Count {
    std::size_t kept = 0, dropped = 0;
  };
  void add(Count& count, Diagnostic diagnostic);

  const SourceText& source_;
  std::vector<Diagnostic> found_;
  Count errors_, warnings_;
};

// Code points.
int length_of(std::string_view text);

}  // namespace runbook
