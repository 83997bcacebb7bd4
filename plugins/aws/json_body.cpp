#include "plugins/aws/json_body.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/trimmed.h"
#include "plugins/aws/wire_values.h"

namespace runbook::aws {
namespace {

std::string json_name(const ShapeRef& ref, const std::string& member) {
  return ref.location_name.empty() ? member : ref.location_name;
}

Value timestamp_json(const ShapeRef& ref, const Shape& shape, const Value& value) {
  const Timestamp at = timestamp_to_write(value);
  const TimestampFormat format = timestamp_format(ref, shape, TimestampFormat::unix_timestamp);
  if (format != TimestampFormat::unix_timestamp) return timestamp_text(at, format);
  if (at.micros == 0) return at.seconds;
  return static_cast<double>(at.seconds) + at.micros / 1e6;
}

Value list_json(const ServiceModel& model, const Shape& shape, const Value& value, const std::string& dir) {
  List items;
  for (const Value& item : list_to_write(value, shape.name)) items.push_back(json_to_write(model, shape.member, item, dir));
  return items;
}

Value map_json(const ServiceModel& model, const Shape& shape, const Value& value, const std::string& dir) {
  Map entries;
  for (const auto& [key, item] : map_to_write(value, shape.name))
    entries.emplace_back(key, json_to_write(model, shape.value, item, dir));
  return entries;
}

[[noreturn]] void throw_mismatch(const Shape& shape, const Value& json) {
  throw AnswerFault(
      fmt::format("where a {} should stand ({}), there is {}", shape_type_name(shape.type), shape.name, json.type_name()));
}

Value list_result(const ServiceModel& model, const Shape& shape, const Value& json) {
  if (!json.is_list()) throw_mismatch(shape, json);
  List items;
  items.reserve(json.as_list().size());
  for (const Value& item : json.as_list()) items.push_back(json_result(model, shape.member, item));
  return items;
}

Value map_result(const ServiceModel& model, const Shape& shape, const Value& json) {
  if (!json.is_map()) throw_mismatch(shape, json);
  Map entries;
  entries.reserve(json.as_map().size());
  for (const auto& [key, item] : json.as_map()) entries.emplace_back(key, json_result(model, shape.value, item));
  return entries;
}

}  // namespace

Value json_to_write(const ServiceModel& model, const ShapeRef& ref, const Value& value, const std::string& dir) {
  const Shape& shape = model.shape(ref);
  if (shape.is_document || value.is_null()) return value;
  if (ref.is_json_text) return text_or_json(value);
  switch (shape.type) {
    case ShapeType::structure: return json_structure_to_write(model, shape, value, dir);
    case ShapeType::list: return list_json(model, shape, value, dir);
    case ShapeType::map: return map_json(model, shape, value, dir);
    case ShapeType::blob: return base64(blob_bytes(value, dir));
    case ShapeType::timestamp: return timestamp_json(ref, shape, value);
    case ShapeType::single:
    case ShapeType::real: return value.is_double() && to_json(value) == "null" ? Value(scalar_text(value)) : value;
    default: return value;
  }
}

Value json_structure_to_write(const ServiceModel& model, const Shape& shape, const Value& value, const std::string& dir) {
  Map members;
  for_each_member(shape, value, [&](const std::string& name, const ShapeRef& ref, const Value& member) {
    members.emplace_back(json_name(ref, name), json_to_write(model, ref, member, dir));
  });
  return members;
}

WireRequest write_json_request(const ServiceModel& model, const Operation& operation, const Value& params,
                               const std::string& dir) {
  const Metadata& metadata = model.metadata();
  const std::string& version = metadata.json_version.empty() ? "1.0" : metadata.json_version;
  WireRequest request;
  request.method = operation.method;
  request.headers = {{"X-Amz-Target", metadata.target_prefix + "." + operation.name},
                     {"Content-Type", "application/x-amz-json-" + version}};
  if (metadata.is_query_compatible) request.headers.emplace_back("x-amzn-query-mode", "true");
  request.body =
      operation.input.empty() ? "{}" : to_json(json_structure_to_write(model, model.shape(operation.input), params, dir));
  return request;
}

Value json_of_body(std::string_view body) {
  if (trimmed(body).empty()) return Map();
  try {
    return parse_json(body);
  } catch (const Error& error) {
    throw AnswerFault(error.what());
  }
}

Value json_result(const ServiceModel& model, const ShapeRef& ref, const Value& json) {
  const Shape& shape = model.shape(ref);
  if (shape.is_document || json.is_null()) return json;
  switch (shape.type) {
    case ShapeType::structure: return json_structure_result(model, shape, json);
    case ShapeType::list: return list_result(model, shape, json);
    case ShapeType::map: return map_result(model, shape, json);
    case ShapeType::timestamp: return timestamp_result(json);
    default:
      if (json.is_list() || json.is_map()) throw_mismatch(shape, json);
      return json;
  }
}

Value json_structure_result(const ServiceModel& model, const Shape& shape, const Value& json) {
  if (!json.is_map()) throw_mismatch(shape, json);
  Map members;
  for (const auto& [name, ref] : shape.members) {
    const Value* value = json.find(json_name(ref, name));
    if (value != nullptr && !value->is_null()) members.emplace_back(name, json_result(model, ref, *value));
  }
  return members;
}

}  // namespace runbook::aws
