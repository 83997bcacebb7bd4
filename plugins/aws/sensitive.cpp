#include "plugins/aws/sensitive.h"

#include "base/redactor.h"

namespace runbook::aws {

namespace {

// Lists are passed through: paths have no positions.
const Shape& within_lists(const ServiceModel& model, const Shape* shape, bool& is_sensitive) {
  while (shape->type == ShapeType::list) {
    is_sensitive = is_sensitive || shape->is_sensitive;
    shape = &model.shape(shape->member);
  }
  is_sensitive = is_sensitive || shape->is_sensitive;
  return *shape;
}

bool is_sensitive_at(const ServiceModel& model, const Shape& from, const std::vector<std::string>& path, std::size_t depth) {
  bool is_sensitive = false;
  const Shape& shape = within_lists(model, &from, is_sensitive);
  if (is_sensitive || depth == path.size()) return is_sensitive;
  if (shape.type == ShapeType::map) return is_sensitive_at(model, model.shape(shape.value), path, depth + 1);
  for (const auto& [name, member] : shape.members)
    if ((path[depth] == "*" || path[depth] == name) && is_sensitive_at(model, model.shape(member), path, depth + 1))
      return true;
  return false;
}

Value masked_as(const ServiceModel& model, const Shape& shape, const Value& value) {
  if (value.is_null()) return value;
  if (shape.is_sensitive) return secret_mask;
  if (shape.type == ShapeType::list && value.is_list()) {
    List items;
    for (const Value& item : value.as_list()) items.push_back(masked_as(model, model.shape(shape.member), item));
    return Value(std::move(items));
  }
  if (!value.is_map() || (shape.type != ShapeType::structure && shape.type != ShapeType::map)) return value;
  Map members;
  for (const auto& [name, member] : value.as_map()) {
    const ShapeRef* ref = shape.type == ShapeType::map ? &shape.value : shape.find(name);
    members.emplace_back(name, ref ? masked_as(model, model.shape(*ref), member) : member);
  }
  return Value(std::move(members));
}

}  // namespace

bool is_sensitive(const ServiceModel& model, const Operation& operation, const std::vector<std::string>& path) {
  return !operation.output.empty() && is_sensitive_at(model, model.shape(operation.output), path, 0);
}

Value masked(const ServiceModel& model, const Operation& operation, const Value& result) {
  return operation.output.empty() ? result : masked_as(model, model.shape(operation.output), result);
}

}  // namespace runbook::aws
