#pragma once
// A shape's members as an indented tree.
#include <cstddef>
#include <memory>
#include <set>
#include <string>

#include "plugins/aws/service_model.h"

namespace runbook::aws {

class ShapeTree {
 public:
  enum class Detail {
    parameters,  // what is required and allowed, and a sentence on each
    result,      // names and types
  };
  // The model is one of the source, whose entries have their documentation.
  ShapeTree(const ServiceModel& model, const ModelSource& source, Detail detail)
      : model_(model), source_(source), detail_(detail) {}

  // A structure that was shown before is named only, so that recursion ends; so is one that lies deep.
  std::string text(const std::string& structure);

 private:
  void add_members(const Shape& shape, std::size_t depth);
  void add_member(const Shape& parent, const std::string& name, const ShapeRef& ref, const std::string& documentation,
                  std::size_t depth);
  std::string type_of(const ShapeRef& ref) const;
  std::string limits_of(const Shape& shape) const;
  const Shape* structure_within(const ShapeRef& ref) const;

  const ServiceModel& model_;
  const ModelSource& source_;
  Detail detail_;
  std::string out_;
  std::set<std::string> shown_;
};

}  // namespace runbook::aws
