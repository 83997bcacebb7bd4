#pragma once
// Reads the values of a map's keys, each to its type. A value that is not what is wanted is reported and leaves the
// target as it was.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "book/loading.h"
#include "book/runbook.h"

namespace runbook {

class Fields {
 public:
  // `fallback` is a map whose keys count where `map` lacks them; nullptr: there is none.
  Fields(const Node& map, Problems& problems, const Node* fallback = nullptr)
      : map_(map), problems_(problems), fallback_(fallback) {}

  const Node::Member* find(std::string_view key) const;

  void text(std::string_view key, std::string& into) const;  // without ${{ }}
  void note(std::string_view key, std::string& into) const;  // anything goes
  // The same, of what is shown as one line: line ends are blanks, and none are at its ends. Warns of control characters, which are blanks too.
  void title(std::string_view key, std::string& into) const;  // without ${{ }}
  void line(std::string_view key, std::string& into) const;   // anything goes
  void texts(std::string_view key, std::vector<std::string>& into) const;
  void boolean(std::string_view key, bool& into) const;
  void whole(std::string_view key, std::int64_t least, std::int64_t most, int& into) const;
  void wholes(std::string_view key, std::int64_t least, std::int64_t most, std::vector<int>& into) const;
  void number(std::string_view key, double least, double& into) const;
  void duration(std::string_view key, std::int64_t& into) const;
  void size(std::string_view key, std::int64_t& into) const;  // "64KB"
  void pattern(std::string_view key, std::string& into) const;
  // The position of the text among `names`.
  std::optional<std::size_t> choice(std::string_view key, const std::vector<std::string>& names) const;

 private:
  const Node* scalar(std::string_view key) const;  // nullptr: not there, or reported
  std::string flat(std::string_view key, const Node& node) const;

  const Node& map_;
  Problems& problems_;
  const Node* fallback_;
};

// Whether the node is of the kind; if not, that is reported. `key` names it in the message.
bool expect(Node::Kind kind, const Node& node, std::string_view key, Problems& problems, std::string hint = {});
// [a-z][a-z0-9_]*, or a report with a proposal.
bool expect_name(std::string_view name, Place place, std::string_view what, Problems& problems);

// nullopt: reported.
std::optional<PlacedTemplate> read_template(const NodePtr& node, const Site& site, Loading& loading);
std::optional<PlacedExpression> read_expression(const NodePtr& node, const Site& site, Loading& loading);

}  // namespace runbook
