#include "plugins/aws/form_request.h"

#include <cctype>

#include "base/json.h"
#include "plugins/aws/wire_values.h"

namespace runbook::aws {
namespace {

class FormWriter {
 public:
  FormWriter(const ServiceModel& model, const std::string& dir)
      : model_(model), dir_(dir), is_ec2_(model.metadata().protocol == "ec2") {}

  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }

  void write_structure(const Shape& shape, const Value& params, const std::string& prefix) {
    for_each_member(shape, params, [&](const std::string& name, const ShapeRef& ref, const Value& value) {
      const std::string own = name_of(ref, name);
      write(ref, value, prefix.empty() ? own : prefix + "." + own);
    });
  }

  const Query& fields() const { return fields_; }

 private:
  std::string name_of(const ShapeRef& ref, const std::string& member) const {
    if (!is_ec2_) return wire_name(ref, model_.shape(ref), member);
    if (!ref.query_name.empty()) return ref.query_name;
    std::string name = wire_name(ref, model_.shape(ref), member);
    name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
    return name;
  }

  void write(const ShapeRef& ref, const Value& value, const std::string& prefix) {
    const Shape& shape = model_.shape(ref);
    switch (shape.type) {
      case ShapeType::structure:
        if (shape.is_document) add(prefix, to_json(value));
        else write_structure(shape, value, prefix);
        break;
      case ShapeType::list: write_list(ref, shape, value, prefix); break;
      case ShapeType::map: write_map(ref, shape, value, prefix); break;
      default: add(prefix, wire_text(ref, shape, value, TimestampFormat::iso8601, dir_));
    }
  }

  void write_list(const ShapeRef& ref, const Shape& shape, const Value& value, const std::string& prefix) {
    const List& items = list_to_write(value, prefix);
    if (items.empty() && !is_ec2_) add(prefix, "");
    const std::string start = list_prefix(ref, shape, prefix);
    std::size_t number = 0;
    for (const Value& item : items) {
      if (!item.is_null()) write(shape.member, item, start + "." + std::to_string(++number));
    }
  }

  // A list shape that is flattened itself is of an old model: its items' name stands in place of the member's.
  std::string list_prefix(const ShapeRef& ref, const Shape& shape, const std::string& prefix) const {
    if (is_ec2_) return prefix;
    const std::string& item = shape.member.location_name;
    if (!is_flattened(ref, shape)) return prefix + "." + (item.empty() ? "member" : item);
    if (!shape.is_flattened || item.empty() || !ref.location_name.empty()) return prefix;
    const std::size_t dot = prefix.rfind('.');
    return dot == std::string::npos ? item : prefix.substr(0, dot + 1) + item;
  }

  void write_map(const ShapeRef& ref, const Shape& shape, const Value& value, const std::string& prefix) {
    const std::string start = is_flattened(ref, shape) ? prefix : prefix + ".entry";
    const std::string key_name = wire_name(shape.key, model_.shape(shape.key), "key");
    const std::string value_name = wire_name(shape.value, model_.shape(shape.value), "value");
    std::size_t number = 0;
    for (const auto& [key, item] : map_to_write(value, prefix)) {
      if (item.is_null()) continue;
      const std::string entry = start + "." + std::to_string(++number) + ".";
      add(entry + key_name, key);
      write(shape.value, item, entry + value_name);
    }
  }

  const ServiceModel& model_;
  const std::string& dir_;
  bool is_ec2_;
  Query fields_;
};

}  // namespace

WireRequest write_form_request(const ServiceModel& model, const Operation& operation, const Value& params,
                               const std::string& dir) {
  FormWriter form(model, dir);
  form.add("Action", operation.name);
  form.add("Version", model.metadata().api_version);
  if (!operation.input.empty()) form.write_structure(model.shape(operation.input), params, "");
  WireRequest request;
  request.method = operation.method;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = query_text(form.fields());
  return request;
}

}  // namespace runbook::aws
