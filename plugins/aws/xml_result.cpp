#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/trimmed.h"
#include "plugins/aws/wire_values.h"
#include "plugins/aws/xml_body.h"

namespace runbook::aws {
namespace {

using Elements = std::vector<const XmlElement*>;

Elements children_named(const XmlElement& parent, std::string_view name) {
  Elements found;
  for (const XmlElement& child : parent.children) {
    if (child.name == name) found.push_back(&child);
  }
  return found;
}

Elements children_of(const XmlElement& parent) {
  Elements found;
  for (const XmlElement& child : parent.children) found.push_back(&child);
  return found;
}

class XmlReader {
 public:
  explicit XmlReader(const ServiceModel& model) : model_(model) {}

  Value structure(const Shape& shape, const XmlElement& element) const {
    Map members;
    for (const auto& [name, ref] : shape.members) {
      if (const auto value = member(name, ref, element)) members.emplace_back(name, *value);
    }
    return members;
  }

 private:
  std::optional<Value> member(const std::string& name, const ShapeRef& ref, const XmlElement& parent) const {
    const Shape& shape = model_.shape(ref);
    const std::string wire = wire_name(ref, shape, name);
    if (ref.is_xml_attribute) return attribute(wire, shape, parent);
    Elements found = children_named(parent, wire);
    const bool flat = is_flattened(ref, shape);
    // Of old models, where the items' name counts.
    if (found.empty() && flat && shape.type == ShapeType::list && !shape.member.location_name.empty())
      found = children_named(parent, shape.member.location_name);
    if (found.empty()) return std::nullopt;
    if (flat && shape.type == ShapeType::list) return list(shape, found);
    if (flat && shape.type == ShapeType::map) return map(shape, found);
    return value(shape, *found.front());
  }

  static std::optional<Value> attribute(const std::string& wire, const Shape& shape, const XmlElement& element) {
    for (const auto& [name, text] : element.attributes) {
      if (name == wire) return value_of_text(shape, text);
    }
    return std::nullopt;
  }

  Value value(const Shape& shape, const XmlElement& element) const {
    switch (shape.type) {
      case ShapeType::structure: return structure(shape, element);
      case ShapeType::list: return list(shape, children_of(element));
      case ShapeType::map: return map(shape, children_of(element));
      default: return value_of_text(shape, element.text);
    }
  }

  Value list(const Shape& shape, const Elements& elements) const {
    const Shape& item = model_.shape(shape.member);
    List items;
    items.reserve(elements.size());
    for (const XmlElement* element : elements) items.push_back(value(item, *element));
    return items;
  }

  Value map(const Shape& shape, const Elements& entries) const {
    const Shape& item = model_.shape(shape.value);
    const std::string key_name = wire_name(shape.key, model_.shape(shape.key), "key");
    const std::string value_name = wire_name(shape.value, item, "value");
    Map result;
    for (const XmlElement* entry : entries) {
      const XmlElement* key = entry->child(key_name);
      const XmlElement* stored = entry->child(value_name);
      if (key == nullptr) throw AnswerFault(fmt::format("an entry of a map ({}) has no <{}>", shape.name, key_name));
      result.emplace_back(key->text, stored == nullptr ? Value() : value(item, *stored));
    }
    return result;
  }

  const ServiceModel& model_;
};

bool is_html(const XmlElement& root) {
  std::string name = root.name;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name == "html";
}

}  // namespace

XmlElement xml_of_body(std::string_view body) {
  std::string why;
  auto root = parse_xml(trimmed(body), why);  // a service that keeps a connection alive sends blanks first
  if (!root) throw AnswerFault("not valid XML: " + why);
  if (is_html(*root)) throw AnswerFault("it is a page in HTML");
  return *std::move(root);
}

Value xml_structure_result(const ServiceModel& model, const Shape& shape, const XmlElement& element) {
  return XmlReader(model).structure(shape, element);
}

Value form_result(const ServiceModel& model, const Operation& operation, std::string_view body) {
  if (trimmed(body).empty()) return Map();
  const XmlElement root = xml_of_body(body);
  if (operation.output.empty()) return Map();
  const Shape& shape = model.shape(operation.output);
  const bool is_wrapper_told = !operation.result_wrapper.empty();
  const std::string wrapper = is_wrapper_told ? operation.result_wrapper : operation.name + "Result";
  const XmlElement* result = model.metadata().protocol == "ec2" ? &root : root.child(wrapper);
  if (result == nullptr && !is_wrapper_told) result = &root;
  if (result != nullptr) return xml_structure_result(model, shape, *result);
  if (!shape.members.empty()) throw AnswerFault(fmt::format("there is no <{}> in <{}>", wrapper, root.name));
  return Map();
}

}  // namespace runbook::aws
