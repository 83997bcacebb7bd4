#include "plugins/aws/check_params.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/one_line.h"
#include "base/suggestion.h"
#include "plugins/aws/check_value.h"

namespace runbook::aws {
namespace {

constexpr std::size_t most_faults = 20;

class Checker {
 public:
  Checker(const ServiceModel& model, const Operation& operation, IsKnown is_known)
      : model_(model), call_(model.name() + "." + operation.name), is_known_(is_known) {}

  std::vector<ParamFault> check(const std::string& input, const Value& params) {
    if (params.is_text() && !is_known_(params)) return {};
    if (!params.is_map() && !params.is_null()) {
      add({fmt::format("must be a map, not {}", kind_of(params)), ""});
    } else if (!input.empty()) {
      check_members(model_.shape(input), params.is_null() ? Value(Map{}) : params);
    } else if (params.is_map() && !params.as_map().empty()) {
      add({fmt::format("must be empty: {} takes none", call_), ""});
    }
    return std::move(faults_);
  }

 private:
  void check_value(const ShapeRef& ref, const Value& value) {
    if (value.is_null() || faults_.size() >= most_faults) return;
    const Shape& shape = model_.shape(ref);
    if (shape.is_document || shape.is_event_stream || (value.is_text() && !is_known_(value))) return;
    switch (shape.type) {
      case ShapeType::structure: return check_structure(shape, value);
      case ShapeType::list: return check_list(shape, value);
      case ShapeType::map: return check_map(shape, value);
      default:
        if (const auto fault = fault_of_value(shape, ref, value, is_known_)) add(*fault);
    }
  }

  void check_structure(const Shape& shape, const Value& value) {
    if (value.is_map()) return check_members(shape, value);
    add({fmt::format("must be a map, not {}", kind_of(value)), members_hint(shape)});
  }

  void check_members(const Shape& shape, const Value& value) {
    for (const auto& [name, member] : value.as_map()) {
      path_.emplace_back(name);
      const ShapeRef* ref = shape.find(name);
      if (ref != nullptr) check_value(*ref, member);
      else add_unknown(shape, name);
      path_.pop_back();
    }
    check_required(shape, value);
    if (shape.is_union) check_union(shape, value);
  }

  void check_required(const Shape& shape, const Value& value) {
    std::vector<std::string> missing;
    for (const std::string& name : shape.required) {
      const ShapeRef* ref = shape.find(name);
      const bool is_filled_in = ref != nullptr && ref->is_idempotency_token;
      if (value.get(name).is_null() && !is_filled_in) missing.push_back(fmt::format("`{}`", name));
    }
    if (missing.empty()) return;
    const std::string names = fmt::format("{}", fmt::join(missing, ", "));
    const std::string whole = path_.empty() ? call_ : fmt::format("`{}` of {}", place(), call_);
    add_fault({ParamFault::Severity::error, path_, false, fmt::format("{} needs {}", whole, names), ""});
  }

  void check_union(const Shape& shape, const Value& value) {
    const auto is_given = [](const auto& member) { return !member.second.is_null(); };
    const auto count = std::count_if(value.as_map().begin(), value.as_map().end(), is_given);
    if (count != 1) add({fmt::format("must have exactly one member, it has {}", count), members_hint(shape)});
  }

  void check_list(const Shape& shape, const Value& value) {
    if (!value.is_list())
      return add({fmt::format("must be a list, not {}", kind_of(value)), "write its items as `- ...` or [...]"});
    if (const auto fault = fault_of_length(shape, value.as_list().size(), "item")) add(*fault);
    for (std::size_t i = 0; i < value.as_list().size(); ++i) {
      path_.emplace_back(i);
      check_value(shape.member, value.as_list()[i]);
      path_.pop_back();
    }
  }

  void check_map(const Shape& shape, const Value& value) {
    if (!value.is_map()) return add({fmt::format("must be a map, not {}", kind_of(value)), ""});
    if (const auto fault = fault_of_length(shape, value.as_map().size(), "entry")) add(*fault);
    const Shape& keys = model_.shape(shape.key);
    for (const auto& [key, item] : value.as_map()) {
      path_.emplace_back(key);
      if (const auto fault = is_known_(Value(key)) ? fault_of_text(keys, key) : std::nullopt) add(*fault, true);
      check_value(shape.value, item);
      path_.pop_back();
    }
  }

  // "Tags[0].Key"
  std::string place() const {
    std::string text;
    for (const auto& step : path_) {
      if (const auto* index = std::get_if<std::size_t>(&step)) text += fmt::format("[{}]", *index);
      else text += (text.empty() ? "" : ".") + one_line(std::get<std::string>(step), 60);
    }
    return text;
  }

  static std::vector<std::string> member_names(const Shape& shape) {
    std::vector<std::string> names;
    for (const auto& [name, ref] : shape.members) names.push_back(name);
    return names;
  }
  static std::string members_hint(const Shape& shape) { return suggestion("", member_names(shape)); }

  void add_unknown(const Shape& shape, const std::string& name) {
    if (!is_known_(Value(name))) return;
    const std::string shown = one_line(name, 60);
    path_.pop_back();
    const std::string what = path_.empty() ? fmt::format("`{}` is no parameter of {}", shown, call_)
                                           : fmt::format("`{}` is no member of `{}` of {}", shown, place(), call_);
    path_.emplace_back(name);
    add_fault({ParamFault::Severity::error, path_, true, what, suggestion(name, member_names(shape))});
  }

  void add(const ValueFault& fault, bool is_name = false) {
    const std::string subject =
        path_.empty() ? "the parameters" : fmt::format("{}`{}`", is_name ? "the name of " : "", place());
    add_fault({fault.severity, path_, is_name, fmt::format("{} {}", subject, fault.what), fault.hint});
  }

  void add_fault(ParamFault fault) {
    if (faults_.size() < most_faults) faults_.push_back(std::move(fault));
  }

  const ServiceModel& model_;
  std::string call_;
  IsKnown is_known_;
  std::vector<std::variant<std::string, std::size_t>> path_;
  std::vector<ParamFault> faults_;
};

}  // namespace

std::vector<ParamFault> check_params(const ServiceModel& model, const Operation& operation, const Value& params,
                                     bool (*is_known)(const Value& text)) {
  return Checker(model, operation, is_known).check(operation.input, params);
}

}  // namespace runbook::aws
