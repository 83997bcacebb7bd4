#include "plugins/aws/xml_body.h"

#include "plugins/aws/wire_values.h"

namespace runbook::aws {
namespace {

class XmlWriter {
 public:
  XmlWriter(const ServiceModel& model, const std::string& dir) : model_(model), dir_(dir) {}

  void write(const ShapeRef& ref, const std::string& name, const Value& value) {
    const Shape& shape = model_.shape(ref);
    switch (shape.type) {
      case ShapeType::structure: write_structure(ref, shape, name, value); break;
      case ShapeType::list: write_list(ref, shape, name, value); break;
      case ShapeType::map: write_map(ref, shape, name, value); break;
      default:
        open(name, namespace_of(ref, shape));
        out_ += xml_text(wire_text(ref, shape, value, TimestampFormat::iso8601, dir_));
        close(name);
    }
  }

  std::string take() { return std::move(out_); }

 private:
  static const XmlNamespace& namespace_of(const ShapeRef& ref, const Shape& shape) {
    return ref.xml_namespace.uri.empty() ? shape.xml_namespace : ref.xml_namespace;
  }

  void open(const std::string& name, const XmlNamespace& space, const std::string& attributes = {}) {
    out_ += "<" + name;
    if (!space.uri.empty()) {
      out_ += space.prefix.empty() ? " xmlns" : " xmlns:" + space.prefix;
      out_ += "=\"" + xml_attribute(space.uri) + "\"";
    }
    out_ += attributes + ">";
  }

  void close(const std::string& name) { out_ += "</" + name + ">"; }

  std::string attributes_of(const Shape& shape, const Value& value) const {
    std::string attributes;
    for_each_member(shape, value, [&](const std::string& name, const ShapeRef& ref, const Value& member) {
      if (!ref.is_xml_attribute) return;
      const Shape& target = model_.shape(ref);
      const std::string text = wire_text(ref, target, member, TimestampFormat::iso8601, dir_);
      attributes += " " + wire_name(ref, target, name) + "=\"" + xml_attribute(text) + "\"";
    });
    return attributes;
  }

  // In the model's order: schemas may demand it.
  void write_structure(const ShapeRef& ref, const Shape& shape, const std::string& name, const Value& value) {
    open(name, namespace_of(ref, shape), attributes_of(shape, value));
    for (const auto& [member, member_ref] : shape.members) {
      const Value given = value.get(member);
      if (given.is_null() || member_ref.is_xml_attribute) continue;
      write(member_ref, wire_name(member_ref, model_.shape(member_ref), member), given);
    }
    close(name);
  }

  void write_list(const ShapeRef& ref, const Shape& shape, const std::string& name, const Value& value) {
    const bool flat = is_flattened(ref, shape);
    const std::string& own = shape.member.location_name;
    const std::string item_name = flat ? name : own.empty() ? "member" : own;
    if (!flat) open(name, namespace_of(ref, shape));
    for (const Value& item : list_to_write(value, name)) {
      if (item.is_null()) continue;
      write(flat ? in_namespace_of(shape, shape.member) : shape.member, item_name, item);
    }
    if (!flat) close(name);
  }

  // Flattened, each item stands for the list too.
  static ShapeRef in_namespace_of(const Shape& list, ShapeRef item) {
    if (item.xml_namespace.uri.empty()) item.xml_namespace = list.xml_namespace;
    return item;
  }

  void write_map(const ShapeRef& ref, const Shape& shape, const std::string& name, const Value& value) {
    const bool flat = is_flattened(ref, shape);
    const std::string entry = flat ? name : "entry";
    const XmlNamespace none;
    if (!flat) open(name, namespace_of(ref, shape));
    for (const auto& [key, item] : map_to_write(value, name)) {
      if (item.is_null()) continue;
      open(entry, flat ? namespace_of(ref, shape) : none);
      write(shape.key, wire_name(shape.key, model_.shape(shape.key), "key"), key);
      write(shape.value, wire_name(shape.value, model_.shape(shape.value), "value"), item);
      close(entry);
    }
    if (!flat) close(name);
  }

  const ServiceModel& model_;
  const std::string& dir_;
  std::string out_;
};

}  // namespace

std::string xml_document(const ServiceModel& model, const ShapeRef& ref, const std::string& name, const Value& members,
                         const std::string& dir) {
  XmlWriter writer(model, dir);
  writer.write(ref, name, members);
  return writer.take();
}

}  // namespace runbook::aws
