#include "plugins/aws/rule_functions.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/percent.h"
#include "plugins/aws/partition.h"
#include "plugins/aws/rule_values.h"

namespace runbook::aws {
namespace {

class Arguments {
 public:
  Arguments(const List& values, const Value& partitions) : values_(values), partitions_(partitions) {}
  const Value& at(std::size_t index) const { return index < values_.size() ? values_[index] : none_; }
  bool has_text(std::size_t index) const { return at(index).is_text(); }
  const std::string& text(std::size_t index) const { return at(index).as_text(); }
  std::int64_t number(std::size_t index) const { return at(index).is_int() ? at(index).as_int() : -1; }
  bool is_true(std::size_t index) const { return at(index).is_bool() && at(index).as_bool(); }
  Dots dots(std::size_t index) const { return is_true(index) ? Dots::allowed : Dots::refused; }
  const List& all() const { return values_; }
  const Value& partitions() const { return partitions_; }

 private:
  const List& values_;
  const Value& partitions_;
  Value none_;
};

Value is_set(const Arguments& given) { return !given.at(0).is_null(); }
Value negated(const Arguments& given) { return given.at(0).is_null() || (given.at(0).is_bool() && !given.is_true(0)); }
Value get_attr(const Arguments& given) { return given.has_text(1) ? attribute(given.at(0), given.text(1)) : Value(); }

Value substring_of(const Arguments& given) {
  if (!given.has_text(0)) return {};
  return substring(given.text(0), given.number(1), given.number(2), given.is_true(3) ? From::end : From::begin);
}

Value split_text(const Arguments& given) {
  return given.has_text(0) && given.has_text(1) ? split(given.text(0), given.text(1), given.number(2)) : Value();
}

Value string_equals(const Arguments& given) { return given.has_text(0) && given.has_text(1) && given.text(0) == given.text(1); }

Value boolean_equals(const Arguments& given) {
  return given.at(0).is_bool() && given.at(1).is_bool() && given.is_true(0) == given.is_true(1);
}

Value is_valid_host_label(const Arguments& given) { return given.has_text(0) && is_host_label(given.text(0), given.dots(1)); }
Value parse_url(const Arguments& given) { return given.has_text(0) ? parsed_url(given.text(0)) : Value(); }
Value parse_arn(const Arguments& given) { return given.has_text(0) ? parsed_arn(given.text(0)) : Value(); }
Value uri_encode(const Arguments& given) { return given.has_text(0) ? Value(percent_encoded(given.text(0))) : Value(); }

Value coalesce(const Arguments& given) {
  for (const Value& value : given.all()) {
    if (!value.is_null()) return value;
  }
  return {};
}

Value if_then_else(const Arguments& given) { return given.at(given.is_true(0) ? 1 : 2); }

Value partition(const Arguments& given) {
  return partition_of_region(given.partitions(), given.has_text(0) ? given.text(0) : std::string());
}

Value is_hostable_bucket(const Arguments& given) {
  return given.has_text(0) && is_virtual_hostable_bucket(given.text(0), given.dots(1));
}

struct Function {
  std::string_view name;
  Value (*call)(const Arguments&);
};

constexpr Function functions[] = {
    {"booleanEquals", boolean_equals},
    {"getAttr", get_attr},
    {"isSet", is_set},
    {"stringEquals", string_equals},
    {"aws.partition", partition},
    {"not", negated},
    {"substring", substring_of},
    {"parseURL", parse_url},
    {"isValidHostLabel", is_valid_host_label},
    {"aws.parseArn", parse_arn},
    {"aws.isVirtualHostableS3Bucket", is_hostable_bucket},
    {"uriEncode", uri_encode},
    {"coalesce", coalesce},
    {"ite", if_then_else},
    {"split", split_text},
};

}  // namespace

Value call_rule_function(std::string_view name, const List& arguments, const Value& partitions) {
  for (const Function& function : functions) {
    if (function.name == name) return function.call(Arguments(arguments, partitions));
  }
  throw Error(ExitCode::step_failed, fmt::format("endpoint rules call the function `{}`, which is not known here", name),
              "set `endpoint:` in the target, or install older service models (RUNBOOK_AWS_MODELS)");
}

}  // namespace runbook::aws
