#pragma once
// What a service model says of the data that goes in and out, as botocore's `service-2.json` has it ("shapes").
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/value.h"

namespace runbook::aws {

enum class ShapeType { structure, list, map, string, boolean, integer, long_integer, single, real, blob, timestamp };
std::string_view shape_type_name(ShapeType type);  // the model's words: "structure", "long", "float", "double"

enum class Location {
  body,
  uri,  // a label of the request's path
  querystring,
  header,
  headers,      // a map, each entry a header behind a prefix
  status_code,  // of the answer
};

struct XmlNamespace {
  std::string uri, prefix;  // both may be empty
};

// How a shape is used: as a member of a structure, a list's item, a map's key or value.
struct ShapeRef {
  std::string shape;
  std::string location_name;  // "": the member's name
  std::string query_name;     // of the protocol ec2
  Location location = Location::body;
  XmlNamespace xml_namespace;
  std::string timestamp_format;  // "": that of the shape, or of the protocol
  std::string context_param;     // of endpoint rules: the parameter that gets its value
  bool is_flattened = false;
  bool is_xml_attribute = false;
  bool is_idempotency_token = false;
  bool is_json_text = false;  // `jsonvalue`: JSON as text within JSON or a header
  bool is_host_label = false;
  bool is_streaming = false;
  bool is_deprecated = false;
};

struct Shape {
  std::string name;
  ShapeType type = ShapeType::structure;
  std::vector<std::pair<std::string, ShapeRef>> members;  // of a structure, in the model's order
  std::vector<std::string> required;
  ShapeRef member;                    // of a list
  ShapeRef key, value;                // of a map
  std::vector<std::string> choices;   // enum
  std::optional<double> least, most;  // min, max: of a number its value, of text, blob, list and map its length
  std::string pattern;
  std::string payload;        // the member that is the whole body
  std::string location_name;  // of an item in XML, of the body's root
  std::string timestamp_format;
  XmlNamespace xml_namespace;
  std::string error_code;  // of an exception, if it differs from its name
  int error_status = 0;
  bool is_flattened = false;
  bool is_wrapper = false;
  bool is_sensitive = false;
  bool is_streaming = false;
  bool is_union = false;
  bool is_document = false;  // any JSON
  bool is_event_stream = false;
  bool is_exception = false;
  bool requires_length = false;

  // nullptr: no such member.
  const ShapeRef* find(std::string_view member_name) const;
  bool requires_member(std::string_view member_name) const;
};

// From one entry of "shapes". Error (exit 1): its type is none.
Shape read_shape(std::string name, const Value& json);
ShapeRef read_shape_ref(const Value& json);
XmlNamespace read_xml_namespace(const Value& json);  // {uri, prefix}, or the URI as text

}  // namespace runbook::aws
