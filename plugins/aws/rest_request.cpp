#include "plugins/aws/rest_request.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/json.h"
#include "base/percent.h"
#include "plugins/aws/json_body.h"
#include "plugins/aws/labels.h"
#include "plugins/aws/wire_headers.h"
#include "plugins/aws/wire_values.h"
#include "plugins/aws/xml_body.h"

namespace runbook::aws {
namespace {

class RestWriter {
 public:
  RestWriter(const ServiceModel& model, const Operation& operation, const std::string& dir)
      : model_(model), operation_(operation), dir_(dir), is_xml_(model.metadata().protocol == "rest-xml") {}

  WireRequest write(const Value& params) {
    request_.method = operation_.method;
    read_constant_query();
    if (!operation_.input.empty()) write_members(model_.shape(operation_.input), params);
    add_mapped_query();
    ask_for_json();
    request_.path = path();
    return std::move(request_);
  }

 private:
  void write_members(const Shape& shape, const Value& params) {
    for_each_member(shape, params, [&](const std::string& name, const ShapeRef& ref, const Value& value) {
      if (is_xml_ && value.is_text()) place(name, ref, without_path(model_.shape(ref), value.as_text()));
      else place(name, ref, value);
    });
    if (shape.payload.empty()) write_body(shape);
    else write_payload(shape, params.get(shape.payload));
  }

  void place(const std::string& name, const ShapeRef& ref, const Value& value) {
    const Shape& shape = model_.shape(ref);
    const std::string wire = ref.location_name.empty() ? name : ref.location_name;
    switch (ref.location) {
      case Location::uri: labels_[wire] = simple_text(ref, shape, value, name); break;
      case Location::querystring: place_in_query(ref, shape, wire, value); break;
      case Location::header:
        if (const auto text = header_text(model_, ref, value, dir_)) add_header(request_.headers, wire, *text);
        break;
      case Location::headers:
        for (const auto& [key, text] : map_to_write(value, name)) {
          if (!text.is_null()) add_header(request_.headers, ref.location_name + key, scalar_text(text));
        }
        break;
      default: body_.emplace_back(name, value);
    }
  }

  std::string simple_text(const ShapeRef& ref, const Shape& shape, const Value& value, const std::string& name) const {
    if (value.is_list() || (value.is_map() && shape.type != ShapeType::blob))
      throw_unwritable(fmt::format("`{}` takes text, not {}", name, value.type_name()));
    return wire_text(ref, shape, value, TimestampFormat::iso8601, dir_);
  }

  void place_in_query(const ShapeRef& ref, const Shape& shape, const std::string& wire, const Value& value) {
    if (shape.type == ShapeType::map) {
      for (const auto& [key, entry] : map_to_write(value, wire)) place_in_mapped_query(key, entry);
      return;
    }
    if (shape.type != ShapeType::list) {
      request_.query.emplace_back(wire, simple_text(ref, shape, value, wire));
      return;
    }
    const Shape& item = model_.shape(shape.member);
    for (const Value& one : list_to_write(value, wire)) {
      if (!one.is_null()) request_.query.emplace_back(wire, simple_text(shape.member, item, one, wire));
    }
  }

  void place_in_mapped_query(const std::string& key, const Value& entry) {
    const List items = entry.is_list() ? entry.as_list() : List{entry};
    for (const Value& item : items) {
      if (!item.is_null()) mapped_query_.emplace_back(key, scalar_text(item));
    }
  }

  // What a member or the model says of a name goes before what a map says of it.
  void add_mapped_query() {
    const Query named = request_.query;
    for (const auto& mapped : mapped_query_) {
      const auto is_same = [&](const auto& field) { return field.first == mapped.first; };
      if (std::none_of(named.begin(), named.end(), is_same)) request_.query.push_back(mapped);
    }
  }

  // A service may have more than one way to write its answers.
  void ask_for_json() {
    if (is_xml_ || operation_.output.empty() || !streaming_member(model_, operation_).empty()) return;
    if (!has_header(request_.headers, "Accept")) request_.headers.emplace_back("Accept", "application/json");
  }

  void read_constant_query() {
    const std::size_t mark = operation_.uri.find('?');
    std::string_view rest = mark == std::string::npos ? std::string_view() : std::string_view(operation_.uri).substr(mark + 1);
    while (!rest.empty()) {
      const std::string_view field = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(rest.size(), field.size() + 1));
      const std::size_t equals = field.find('=');
      std::optional<std::string> value;
      if (equals != std::string_view::npos) value = percent_decoded(field.substr(equals + 1));
      if (!field.empty()) request_.query.emplace_back(percent_decoded(field.substr(0, equals)), std::move(value));
    }
  }

  std::string path() const {
    return with_labels(operation_.uri.substr(0, operation_.uri.find('?')),
                       [this](const std::string& name) { return label(name); });
  }

  // An empty label would make another operation of it: DELETE /bucket/ instead of DELETE /bucket/key. So would one that leads elsewhere.
  std::string label(std::string name) const {
    const bool is_greedy = name.ends_with('+');
    if (is_greedy) name.pop_back();
    const auto given = labels_.find(name);
    if (given == labels_.end() || given->second.empty())
      throw_unwritable(fmt::format("`{}` must be given and not be empty: it stands in the path {}", name, operation_.uri));
    if (!is_greedy && (given->second == "." || given->second == ".."))
      throw_unwritable(fmt::format("`{}` can't be `{}`: it stands in the path {}", name, given->second, operation_.uri));
    return percent_encoded(given->second, is_greedy ? "/" : "");
  }

  void write_body(const Shape& shape) {
    const bool may_have_body = std::any_of(shape.members.begin(), shape.members.end(),
                                           [](const auto& member) { return member.second.location == Location::body; });
    if (is_xml_ && !body_.empty()) set_body(xml_root(shape), "application/xml");
    if (!is_xml_ && may_have_body) set_body(to_json(json_structure_to_write(model_, shape, body_, dir_)), "application/json");
  }

  std::string xml_root(const Shape& shape) {
    ShapeRef root;
    root.shape = shape.name;
    root.xml_namespace = operation_.input_namespace;
    const std::string& told = shape.location_name.empty() ? operation_.input_location_name : shape.location_name;
    return xml_document(model_, root, told.empty() ? shape.name : told, body_, dir_);
  }

  void write_payload(const Shape& shape, const Value& value) {
    const ShapeRef* ref = shape.find(shape.payload);
    if (ref == nullptr) throw_unwritable(fmt::format("the model's {} has no member `{}`", shape.name, shape.payload));
    const Shape& target = model_.shape(*ref);
    if (target.type == ShapeType::blob) return write_bytes(value);
    if (target.type == ShapeType::string && !target.is_document) {
      if (!value.is_null()) set_body(blob_bytes(value, dir_), "text/plain");
      return;
    }
    if (is_xml_) {
      const std::string& told = ref->location_name.empty() ? target.location_name : ref->location_name;
      if (!value.is_null())
        set_body(xml_document(model_, *ref, told.empty() ? target.name : told, value, dir_), "application/xml");
    } else if (!value.is_null() || !target.is_union) {
      set_body(value.is_null() ? "{}" : to_json(json_to_write(model_, *ref, value, dir_)), "application/json");
    }
  }

  void write_bytes(const Value& value) {
    if (value.is_null()) return;
    request_.body_file = blob_file(value, dir_);
    set_body(request_.body_file.empty() ? blob_bytes(value, dir_) : "", "application/octet-stream");
  }

  void set_body(std::string body, const char* type) {
    request_.body = std::move(body);
    if (!has_header(request_.headers, "Content-Type")) request_.headers.emplace_back("Content-Type", type);
  }

  const ServiceModel& model_;
  const Operation& operation_;
  const std::string& dir_;
  bool is_xml_;
  WireRequest request_;
  std::map<std::string, std::string, std::less<>> labels_;
  Map body_;
  Query mapped_query_;
};

}  // namespace

WireRequest write_rest_request(const ServiceModel& model, const Operation& operation, const Value& params,
                               const std::string& dir) {
  return RestWriter(model, operation, dir).write(params);
}

}  // namespace runbook::aws
