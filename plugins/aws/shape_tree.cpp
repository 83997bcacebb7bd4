#include "plugins/aws/shape_tree.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "plugins/aws/documentation.h"

namespace runbook::aws {
namespace {

constexpr std::size_t deepest_parameter = 5, deepest_result = 3;
constexpr std::size_t most_choices = 24;

const char* word_for(ShapeType type) {
  switch (type) {
    case ShapeType::structure:
    case ShapeType::map: return "map";
    case ShapeType::list: return "list";
    case ShapeType::string: return "text";
    case ShapeType::boolean: return "true or false";
    case ShapeType::integer:
    case ShapeType::long_integer: return "whole number";
    case ShapeType::single:
    case ShapeType::real: return "number";
    case ShapeType::blob: return "bytes";
    case ShapeType::timestamp: return "time";
  }
  return "";
}

std::string unit_of(ShapeType type, double last_number) {
  const bool is_one = last_number == 1;
  if (type == ShapeType::string) return is_one ? " character" : " characters";
  if (type == ShapeType::blob) return is_one ? " byte" : " bytes";
  if (type == ShapeType::list) return is_one ? " item" : " items";
  if (type == ShapeType::map) return is_one ? " entry" : " entries";
  return {};
}

std::string number_text(double number) {
  return number == std::floor(number) && std::abs(number) < 1e15 ? fmt::format("{:.0f}", number) : fmt::format("{}", number);
}

std::string choices_text(const std::vector<std::string>& choices) {
  const std::size_t shown = std::min(choices.size(), most_choices);
  std::string text = fmt::format("{}", fmt::join(choices.begin(), choices.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (shown < choices.size()) text += fmt::format(" and {} more", choices.size() - shown);
  return text;
}

}  // namespace

std::string ShapeTree::text(const std::string& structure) {
  out_.clear();
  if (!structure.empty()) add_members(model_.shape(structure), 0);
  return out_;
}

// The structure that a list of lists, or a map, of them comes down to; nullptr: it holds none.
const Shape* ShapeTree::structure_within(const ShapeRef& ref) const {
  const Shape* shape = &model_.shape(ref);
  for (int levels = 0; levels < 8; ++levels) {
    if (shape->type == ShapeType::structure) return shape->is_document ? nullptr : shape;
    if (shape->type != ShapeType::list && shape->type != ShapeType::map) return nullptr;
    shape = &model_.shape(shape->type == ShapeType::list ? shape->member : shape->value);
  }
  return nullptr;
}

std::string ShapeTree::type_of(const ShapeRef& ref) const {
  const Shape* shape = &model_.shape(ref);
  std::string words;
  for (int levels = 0; shape->type == ShapeType::list && levels < 8; ++levels) {
    words += "list of ";
    shape = &model_.shape(shape->member);
  }
  if (shape->is_document) return words + "anything";
  if (shape->type == ShapeType::map) {
    const Shape& value = model_.shape(shape->value);
    if (value.is_union) return words + "map of names to maps with one of these";
    return words + fmt::format("map of names to {}", value.type == ShapeType::structure ? "maps" : word_for(value.type));
  }
  if (shape->is_union) return words + (words.empty() ? "map with one of these" : "maps with one of these");
  return words + word_for(shape->type) + (shape->type == ShapeType::structure && !words.empty() ? "s" : "");
}

std::string ShapeTree::limits_of(const Shape& shape) const {
  if (!shape.choices.empty() || (!shape.least && !shape.most)) return {};
  const std::string unit = unit_of(shape.type, shape.most ? *shape.most : *shape.least);
  if (!shape.most) return *shape.least <= 0 ? "" : fmt::format(", at least {}{}", number_text(*shape.least), unit);
  if (!shape.least) return fmt::format(", at most {}{}", number_text(*shape.most), unit);
  if (*shape.least == *shape.most) return fmt::format(", {}{}", number_text(*shape.most), unit);
  return fmt::format(", {} to {}{}", number_text(*shape.least), number_text(*shape.most), unit);
}

void ShapeTree::add_members(const Shape& shape, std::size_t depth) {
  shown_.insert(shape.name);
  const std::optional<Value> json = source_.shape(shape.name);
  const Value members = json ? json->get("members") : Value();
  const auto add = [&](bool wants_required) {
    for (const auto& [name, ref] : shape.members) {
      if (shape.requires_member(name) == wants_required)
        add_member(shape, name, ref, members.get(name).text_or("documentation", ""), depth);
    }
  };
  if (detail_ == Detail::parameters) add(true);
  add(false);
  if (detail_ == Detail::result) add(true);
}

void ShapeTree::add_member(const Shape& parent, const std::string& name, const ShapeRef& ref, const std::string& documentation,
                           std::size_t depth) {
  const std::size_t indent = 2 + 2 * depth;
  const Shape& shape = model_.shape(ref);
  const Shape* inner = structure_within(ref);
  std::string line = fmt::format("{:{}}{}: {}", "", indent, name, type_of(ref));
  if (detail_ == Detail::parameters) {
    line += limits_of(shape);
    if (parent.requires_member(name)) line += ref.is_idempotency_token ? ", filled in if it is left out" : ", required";
    if (ref.is_deprecated) line += ", deprecated";
  }
  const bool is_too_deep = depth + 1 >= (detail_ == Detail::parameters ? deepest_parameter : deepest_result);
  const bool is_open = inner != nullptr && !inner->members.empty();
  const bool is_repeated = is_open && shown_.count(inner->name) > 0;
  if (is_open) line += fmt::format(" ({}{})", inner->name, is_repeated ? ", above" : "");
  out_ += line + "\n";
  if (detail_ == Detail::parameters) {
    out_ += wrapped(first_sentences(plain_text(without_notes(documentation))), indent + 4);
    const Shape& item = shape.type == ShapeType::list ? model_.shape(shape.member) : shape;
    if (!item.choices.empty()) out_ += wrapped("One of: " + choices_text(item.choices), indent + 4);
  }
  if (is_open && !is_too_deep && !is_repeated) add_members(*inner, depth + 1);
}

}  // namespace runbook::aws
