#include "plugins/aws/shape.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"

namespace runbook::aws {
namespace {

struct TypeName {
  std::string_view name;
  ShapeType type;
};
constexpr TypeName type_names[] = {
    {"structure", ShapeType::structure},
    {"list", ShapeType::list},
    {"map", ShapeType::map},
    {"string", ShapeType::string},
    {"boolean", ShapeType::boolean},
    {"integer", ShapeType::integer},
    {"long", ShapeType::long_integer},
    {"float", ShapeType::single},
    {"double", ShapeType::real},
    {"blob", ShapeType::blob},
    {"timestamp", ShapeType::timestamp},
    {"character", ShapeType::string},  // of old models
};

ShapeType type_named(const std::string& shape, std::string_view name) {
  for (const TypeName& known : type_names) {
    if (known.name == name) return known.type;
  }
  throw Error(ExitCode::step_failed,
              fmt::format("the service model is damaged: its shape `{}` has the type `{}`", shape, name));
}

Location location_named(std::string_view name) {
  if (name == "uri") return Location::uri;
  if (name == "querystring") return Location::querystring;
  if (name == "header") return Location::header;
  if (name == "headers") return Location::headers;
  if (name == "statusCode") return Location::status_code;
  return Location::body;
}

void read_limits(Shape& shape, const Value& json) {
  const Value least = json.get("min"), most = json.get("max");
  if (least.is_number()) shape.least = least.as_number();
  if (most.is_number()) shape.most = most.as_number();
  shape.choices = texts_in(json.get("enum"));
  shape.pattern = json.text_or("pattern", "");
}

void read_parts(Shape& shape, const Value& json) {
  const Value members = json.get("members");
  if (members.is_map()) {
    shape.members.reserve(members.as_map().size());
    for (const auto& [name, member] : members.as_map()) shape.members.emplace_back(name, read_shape_ref(member));
  }
  shape.required = texts_in(json.get("required"));
  if (const Value* member = json.find("member")) shape.member = read_shape_ref(*member);
  if (const Value* key = json.find("key")) shape.key = read_shape_ref(*key);
  if (const Value* value = json.find("value")) shape.value = read_shape_ref(*value);
}

void read_traits(Shape& shape, const Value& json) {
  shape.payload = json.text_or("payload", "");
  shape.location_name = json.text_or("locationName", "");
  shape.timestamp_format = json.text_or("timestampFormat", "");
  shape.xml_namespace = read_xml_namespace(json.get("xmlNamespace"));
  shape.is_flattened = json.bool_or("flattened", false);
  shape.is_wrapper = json.bool_or("wrapper", false);
  shape.is_sensitive = json.bool_or("sensitive", false);
  shape.is_streaming = json.bool_or("streaming", false);
  shape.is_union = json.bool_or("union", false);
  shape.is_document = json.bool_or("document", false);
  shape.is_event_stream = json.bool_or("eventstream", false);
  shape.is_exception = json.bool_or("exception", false);
  shape.requires_length = json.bool_or("requiresLength", false);
  const Value error = json.get("error");
  shape.error_code = error.text_or("code", "");
  shape.error_status = static_cast<int>(error.int_or("httpStatusCode", 0));
}

}  // namespace

std::string_view shape_type_name(ShapeType type) {
  for (const TypeName& known : type_names) {
    if (known.type == type) return known.name;
  }
  return "structure";
}

XmlNamespace read_xml_namespace(const Value& json) {
  if (json.is_text()) return {json.as_text(), ""};
  return {json.text_or("uri", ""), json.text_or("prefix", "")};
}

ShapeRef read_shape_ref(const Value& json) {
  ShapeRef ref;
  ref.shape = json.text_or("shape", "");
  ref.location_name = json.text_or("locationName", "");
  ref.query_name = json.text_or("queryName", "");
  ref.location = location_named(json.text_or("location", ""));
  ref.xml_namespace = read_xml_namespace(json.get("xmlNamespace"));
  ref.timestamp_format = json.text_or("timestampFormat", "");
  ref.context_param = json.get("contextParam").text_or("name", "");
  ref.is_flattened = json.bool_or("flattened", false);
  ref.is_xml_attribute = json.bool_or("xmlAttribute", false);
  ref.is_idempotency_token = json.bool_or("idempotencyToken", false);
  ref.is_json_text = json.bool_or("jsonvalue", false);
  ref.is_host_label = json.bool_or("hostLabel", false);
  ref.is_streaming = json.bool_or("streaming", false);
  ref.is_deprecated = json.bool_or("deprecated", false);
  return ref;
}

Shape read_shape(std::string name, const Value& json) {
  Shape shape;
  shape.type = type_named(name, json.text_or("type", ""));
  shape.name = std::move(name);
  read_parts(shape, json);
  read_limits(shape, json);
  read_traits(shape, json);
  return shape;
}

const ShapeRef* Shape::find(std::string_view member_name) const {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const auto& entry) { return entry.first == member_name; });
  return found == members.end() ? nullptr : &found->second;
}

bool Shape::requires_member(std::string_view member_name) const {
  return std::find(required.begin(), required.end(), member_name) != required.end();
}

}  // namespace runbook::aws
