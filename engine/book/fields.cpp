#include "book/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/duration.h"
#include "base/one_line.h"
#include "base/pattern.h"
#include "base/suggestion.h"
#include "base/trimmed.h"
#include "book/names.h"
#include "book/scalar_place.h"

namespace runbook {
namespace {

constexpr std::int64_t longest_duration_ms = 3650LL * 24 * 3600 * 1000;
constexpr std::int64_t largest_size = 1LL << 30;

std::string_view words_for(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::null: return "nothing";
    case Node::Kind::scalar: return "text";
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a map";
  }
  return {};
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<std::int64_t> count = parse_number<std::int64_t>(text.substr(0, digits));
  const std::string_view unit = text.substr(digits);
  const int shift = unit == "KB" ? 10 : unit == "MB" ? 20 : unit == "GB" ? 30 : unit == "B" || unit.empty() ? 0 : -1;
  if (!count || shift < 0 || *count > (largest_size >> shift)) return std::nullopt;
  return *count << shift;
}

void report(const ExpressionError& error, const Node& node, Problems& problems) {
  problems.error(place_in_scalar(node, error.offset(), problems.source()), 1, error.what(), error.hint());
}

// `when: ${{ ... }}`, as other tools want it.
bool report_wrapped(const Node& node, std::string_view key, Problems& problems) {
  std::string_view inner = trimmed(node.text, " \t\n");
  if (!inner.starts_with("${{")) return false;
  inner.remove_prefix(3);
  if (inner.ends_with("}}")) inner.remove_suffix(2);
  problems.error(node, fmt::format("`{}` is an expression already: it takes no `${{{{ }}}}`", key),
                 fmt::format("write `{}: {}`", key, trimmed(inner, " \t\n")));
  return true;
}

}  // namespace

bool expect(Node::Kind kind, const Node& node, std::string_view key, Problems& problems, std::string hint) {
  if (node.kind == kind) return true;
  problems.error(node, fmt::format("`{}`: expected {}, got {}", key, words_for(kind), kind_in_words(node)), std::move(hint));
  return false;
}

bool expect_name(std::string_view name, Place place, std::string_view what, Problems& problems) {
  if (is_name(name)) return true;
  const std::string proposal = name_from(name);
  problems.error(place, std::max(1, length_of(name)),
                 fmt::format("`{}` can't be the name of {}: names are a-z, 0-9 and _, and begin with a letter", name, what),
                 proposal.empty() ? "" : fmt::format("write `{}`", proposal));
  return false;
}

const Node::Member* Fields::find(std::string_view key) const {
  const Node::Member* member = map_.find(key);
  return member || !fallback_ ? member : fallback_->find(key);
}

const Node* Fields::scalar(std::string_view key) const {
  const Node::Member* member = find(key);
  if (!member || !expect(Node::Kind::scalar, *member->value, key, problems_)) return nullptr;
  return member->value.get();
}

void Fields::text(std::string_view key, std::string& into) const {
  const Node* node = scalar(key);
  if (!node) return;
  const std::size_t expression = node->text.find("${{");
  if (expression != std::string::npos)
    problems_.error(place_in_scalar(*node, expression, problems_.source()), 3,
                    fmt::format("`{}` is plain text: `${{{{ }}}}` has no meaning in it", key));
  into = node->text;
}

void Fields::note(std::string_view key, std::string& into) const {
  if (const Node* node = scalar(key)) into = node->text;
}

void Fields::title(std::string_view key, std::string& into) const {
  text(key, into);
  const Node::Member* member = find(key);
  if (member && member->value->kind == Node::Kind::scalar) into = flat(key, *member->value);
}

void Fields::line(std::string_view key, std::string& into) const {
  if (const Node* node = scalar(key)) into = flat(key, *node);
}

std::string Fields::flat(std::string_view key, const Node& node) const {
  const auto is_control = [](unsigned char c) { return (c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F; };
  const auto found = std::find_if(node.text.begin(), node.text.end(), is_control);
  if (found != node.text.end())
    problems_.warning(node.place, 1,
                      fmt::format("`{}` has a control character (U+{:04X}), which is shown as a blank", key,
                                  static_cast<unsigned>(static_cast<unsigned char>(*found))),
                      "leave it out");
  return one_line(node.text, std::string::npos);
}

void Fields::texts(std::string_view key, std::vector<std::string>& into) const {
  const Node::Member* member = find(key);
  if (!member || !expect(Node::Kind::list, *member->value, key, problems_, fmt::format("write `{}: [...]`", key))) return;
  for (const NodePtr& item : member->value->items) {
    if (expect(Node::Kind::scalar, *item, key, problems_)) into.push_back(item->text);
  }
}

void Fields::boolean(std::string_view key, bool& into) const {
  const Node* node = scalar(key);
  if (!node) return;
  const bool is_true = node->text == "true";
  if (!node->quoted && (is_true || node->text == "false")) {
    into = is_true;
    return;
  }
  static const std::vector<std::string> meaning_no = {"no",    "No",    "NO",    "off", "Off", "OFF",
                                                      "False", "FALSE", "false", "n",   "N"};
  const bool means_no = std::find(meaning_no.begin(), meaning_no.end(), node->text) != meaning_no.end();
  problems_.error(*node, fmt::format("`{}` is true or false, and `{}` is text", key, node->text),
                  fmt::format("write `{}`", means_no ? "false" : "true"));
}

void Fields::whole(std::string_view key, std::int64_t least, std::int64_t most, int& into) const {
  const Node* node = scalar(key);
  if (!node) return;
  const std::optional<std::int64_t> number = parse_number<std::int64_t>(node->text);
  if (!number || *number < least || *number > most)
    problems_.error(*node, fmt::format("`{}` must be a whole number from {} to {}, not `{}`", key, least, most, node->text));
  else into = static_cast<int>(*number);
}

void Fields::wholes(std::string_view key, std::int64_t least, std::int64_t most, std::vector<int>& into) const {
  const Node::Member* member = find(key);
  if (!member || !expect(Node::Kind::list, *member->value, key, problems_, fmt::format("write `{}: [0]`", key))) return;
  std::vector<int> numbers;
  for (const NodePtr& item : member->value->items) {
    if (!expect(Node::Kind::scalar, *item, key, problems_)) continue;
    const std::optional<std::int64_t> number = parse_number<std::int64_t>(item->text);
    if (number && *number >= least && *number <= most) numbers.push_back(static_cast<int>(*number));
    else problems_.error(*item, fmt::format("`{}` lists whole numbers from {} to {}, not `{}`", key, least, most, item->text));
  }
  into = std::move(numbers);
}

void Fields::number(std::string_view key, double least, double& into) const {
  const Node* node = scalar(key);
  if (!node) return;
  const std::optional<double> number = parse_number<double>(node->text);
  if (!number || !std::isfinite(*number) || *number < least)
    problems_.error(*node, fmt::format("`{}` must be a number of at least {}, not `{}`", key, least, node->text));
  else into = *number;
}

void Fields::duration(std::string_view key, std::int64_t& into) const {
  const Node* node = scalar(key);
  if (!node) return;
  const std::optional<std::int64_t> ms = parse_duration_ms(node->text);
  const bool is_number = parse_number<double>(node->text).has_value();
  if (!ms)
    problems_.error(*node, fmt::format("`{}` is no duration", node->text),
                    is_number ? fmt::format("add the unit: `{0}s`, `{0}m`", node->text)
                              : "durations are written 500ms, 30s, 10m, 1h30m, 3d");
  else if (*ms > longest_duration_ms) problems_.error(*node, fmt::format("`{}` is longer than ten years", node->text));
  else into = *ms;
}

void Fields::size(std::string_view key, std::int64_t& into) const {
  const Node* node = scalar(key);
  if (!node) return;
  if (const std::optional<std::int64_t> bytes = parse_size(node->text)) into = *bytes;
  else problems_.error(*node, fmt::format("`{}` is no size", node->text), "sizes are written 500B, 64KB, 2MB, up to 1GB");
}

void Fields::pattern(std::string_view key, std::string& into) const {
  const Node* node = scalar(key);
  if (!node) return;
  std::string why;
  if (node->text.empty()) problems_.error(*node, fmt::format("`{}` is empty", key));
  else if (Pattern::parse(node->text, why)) into = node->text;
  else problems_.error(*node, fmt::format("`{}` is no regular expression: {}", node->text, why));
}

namespace {

// What other languages call a type.
std::string synonym(const std::string& word) {
  constexpr std::pair<std::string_view, std::string_view> words[] = {
      {"boolean", "bool"}, {"integer", "int"},   {"long", "int"},        {"str", "string"},   {"text", "string"},
      {"float", "number"}, {"double", "number"}, {"decimal", "number"},  {"array", "list"},   {"object", "map"},
      {"dict", "map"},     {"file", "path"},     {"password", "secret"}, {"token", "secret"}, {"time", "duration"}};
  const auto found = std::find_if(std::begin(words), std::end(words), [&](const auto& each) { return each.first == word; });
  return found == std::end(words) ? std::string() : std::string(found->second);
}

}  // namespace

std::optional<std::size_t> Fields::choice(std::string_view key, const std::vector<std::string>& names) const {
  const Node* node = scalar(key);
  if (!node) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), node->text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  const std::string meant = synonym(node->text),
                    near = std::find(names.begin(), names.end(), meant) != names.end() ? meant : nearest(node->text, names);
  problems_.error(*node, fmt::format("`{}` can't be `{}`", key, node->text),
                  near.empty() ? fmt::format("one of: {}", fmt::join(names, ", ")) : fmt::format("did you mean `{}`?", near));
  return std::nullopt;
}

namespace {

// Where an expression is wanted it stands like this; in a text nobody evaluates it, and a program would get these letters.
void warn_of_bare_reference(const Node& node, Problems& problems) {
  constexpr std::string_view part_of_path = "abcdefghijklmnopqrstuvwxyz0123456789_.";
  for (const std::string_view root : {"$inputs.", "$vars.", "$steps.", "$run."}) {
    const std::size_t at = node.text.find(root);
    if (at == std::string::npos || problems.is_crowded()) continue;
    const std::size_t end = std::min(node.text.find_first_not_of(part_of_path, at + root.size()), node.text.size());
    std::string path = node.text.substr(at, end - at);
    while (path.back() == '.') path.pop_back();
    if (path.size() < root.size() || (at > 0 && node.text[at - 1] == '$')) continue;
    problems.warning(place_in_scalar(node, at, problems.source()), length_of(path),
                     fmt::format("`{}` is taken as these letters, not as its value", path),
                     fmt::format("write `${{{{ {} }}}}`", path));
  }
}

}  // namespace

std::optional<PlacedTemplate> read_template(const NodePtr& node, const Site& site, Loading& loading) {
  if (!expect(Node::Kind::scalar, *node, site.key, loading.problems)) return std::nullopt;
  try {
    Template text = Template::parse(node->text);
    if (text.has_expressions()) loading.references.note(node, text, site);
    else warn_of_bare_reference(*node, loading.problems);
    return PlacedTemplate{std::move(text), node->place};
  } catch (const ExpressionError& error) {
    report(error, *node, loading.problems);
    return std::nullopt;
  }
}

std::optional<PlacedExpression> read_expression(const NodePtr& node, const Site& site, Loading& loading) {
  if (!expect(Node::Kind::scalar, *node, site.key, loading.problems)) return std::nullopt;
  if (report_wrapped(*node, site.key, loading.problems)) return std::nullopt;
  try {
    Expression expression = Expression::parse(node->text);
    loading.references.note(node, expression.references(), expression.bare_names(), site);
    return PlacedExpression{std::move(expression), node->place};
  } catch (const ExpressionError& error) {
    report(error, *node, loading.problems);
    return std::nullopt;
  }
}

}  // namespace runbook
