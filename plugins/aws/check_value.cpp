#include "plugins/aws/check_value.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/one_line.h"
#include "base/suggestion.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "plugins/aws/model_pattern.h"
#include "plugins/aws/wire_values.h"

namespace runbook::aws {
namespace {

std::size_t characters_in(const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at += code_point_at(text, at).length) ++count;
  return count;
}

std::string number_text(double number) {
  return number == std::floor(number) && std::abs(number) < 1e15 ? fmt::format("{:.0f}", number) : fmt::format("{}", number);
}

bool is_number_text(const std::string& text) {
  const std::optional<Value> value = try_parse_json(text);
  return value && value->is_number();
}

std::optional<ValueFault> wrong_kind(const char* wanted, const Value& value, std::string hint = {}) {
  return ValueFault{fmt::format("must be {}, not {}", wanted, kind_of(value)), std::move(hint)};
}

std::optional<ValueFault> fault_of_range(const Shape& shape, double number) {
  if (shape.least && number < *shape.least)
    return ValueFault{fmt::format("must be at least {}", number_text(*shape.least)), ""};
  if (shape.most && number > *shape.most) return ValueFault{fmt::format("must be at most {}", number_text(*shape.most)), ""};
  return std::nullopt;
}

std::optional<ValueFault> fault_of_integer(const Shape& shape, const Value& value) {
  if (value.is_text()) {
    const bool is_quoted_number = is_number_text(value.as_text());
    return wrong_kind("a whole number", value, is_quoted_number ? fmt::format("write {} without quotes", value.as_text()) : "");
  }
  if (!value.is_number()) return wrong_kind("a whole number", value);
  const double number = value.as_number();
  if (number != std::floor(number)) return ValueFault{"must be a whole number", ""};
  const bool is_too_large = shape.type == ShapeType::integer && (number > std::numeric_limits<std::int32_t>::max() ||
                                                                 number < std::numeric_limits<std::int32_t>::min());
  if (is_too_large) return ValueFault{"is beyond 32 bits", ""};
  return fault_of_range(shape, number);
}

std::optional<ValueFault> fault_of_real(const Shape& shape, const Value& value) {
  if (value.is_text()) {
    const std::string& text = value.as_text();
    if (text == "NaN" || text == "Infinity" || text == "-Infinity") return std::nullopt;
    return wrong_kind("a number", value, is_number_text(text) ? fmt::format("write {} without quotes", text) : "");
  }
  return value.is_number() ? fault_of_range(shape, value.as_number()) : wrong_kind("a number", value);
}

std::optional<ValueFault> fault_of_boolean(const Value& value) {
  if (value.is_bool()) return std::nullopt;
  const std::string text = value.is_text() ? value.as_text() : "";
  const bool is_quoted = text == "true" || text == "false";
  return wrong_kind("true or false", value, is_quoted ? fmt::format("write {} without quotes", text) : "");
}

std::optional<ValueFault> fault_of_timestamp(const Value& value) {
  const bool is_time =
      (value.is_text() && parse_timestamp(value.as_text())) || (value.is_number() && timestamp_of(value.as_number()));
  if (is_time) return std::nullopt;
  return ValueFault{"is no point in time", "write for example 2024-05-01T12:00:00Z, or seconds since 1970"};
}

// Text is its bytes; {base64: ...} those it stands for; a file's are not looked at before the run.
std::optional<ValueFault> fault_of_blob(const Shape& shape, const Value& value, IsKnown is_known) {
  if (value.is_text()) return fault_of_length(shape, value.as_text().size(), "byte");
  const ValueFault none_of_them = {fmt::format("must be text, {{base64: ...}} or {{file: ...}}, not {}", kind_of(value)), ""};
  if (!value.is_map() || value.as_map().size() != 1) return none_of_them;
  const auto& [form, content] = value.as_map().front();
  if ((form != "base64" && form != "file") || !content.is_text()) return none_of_them;
  if (form == "file" || !is_known(content)) return std::nullopt;
  const std::optional<std::string> bytes = from_base64(content.as_text());
  if (!bytes) return ValueFault{"is not valid base64", ""};
  return fault_of_length(shape, bytes->size(), "byte");
}

bool is_host_label(const std::string& text) {
  const auto may_stand = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), may_stand);
}

std::optional<ValueFault> fault_of_string(const Shape& shape, const ShapeRef& ref, const Value& value) {
  if (ref.is_json_text) return std::nullopt;
  if (value.is_list() || value.is_map()) return wrong_kind("text", value);
  const std::string text = without_path(shape, text_or_json(value));
  // Without it the request would be one of another resource, or of the whole collection.
  if (ref.location == Location::uri && text.empty()) return ValueFault{"must not be empty: it is a part of the address", ""};
  if (ref.is_host_label && !is_host_label(text)) {
    return ValueFault{"must have only letters, digits and dashes: it is a part of the host's name", ""};
  }
  return fault_of_text(shape, text);
}

}  // namespace

std::string kind_of(const Value& value) {
  if (value.is_text()) return "text";
  if (value.is_list()) return "a list";
  if (value.is_map()) return "a map";
  if (value.is_bool()) return "true or false";
  return value.is_null() ? "null" : "a number";
}

std::optional<ValueFault> fault_of_length(const Shape& shape, std::size_t length, const char* unit) {
  const auto said = [&](const char* bound, double wanted) {
    return ValueFault{
        fmt::format("must have at {} {} {}{}, it has {}", bound, number_text(wanted), unit, wanted == 1 ? "" : "s", length),
        ""};
  };
  if (shape.least && static_cast<double>(length) < *shape.least) return said("least", *shape.least);
  if (shape.most && static_cast<double>(length) > *shape.most) return said("most", *shape.most);
  return std::nullopt;
}

std::optional<ValueFault> fault_of_text(const Shape& shape, const std::string& text) {
  if (!shape.choices.empty()) {
    if (std::find(shape.choices.begin(), shape.choices.end(), text) != shape.choices.end()) return std::nullopt;
    std::string what = shape.is_sensitive ? "has a value that is not in the model"
                                          : fmt::format("does not have `{}` among its values", one_line(text, 60));
    return ValueFault{std::move(what), suggestion(text, shape.choices), ParamFault::Severity::warning};
  }
  if (auto fault = fault_of_length(shape, characters_in(text), "character")) return fault;
  if (!is_refused_by_pattern(shape.pattern, text)) return std::nullopt;
  return ValueFault{fmt::format("does not fit the pattern `{}`", one_line(shape.pattern, 120)), ""};
}

std::optional<ValueFault> fault_of_value(const Shape& shape, const ShapeRef& ref, const Value& value, IsKnown is_known) {
  if (value.is_text() && !is_known(value)) return std::nullopt;
  switch (shape.type) {
    case ShapeType::string: return fault_of_string(shape, ref, value);
    case ShapeType::boolean: return fault_of_boolean(value);
    case ShapeType::integer:
    case ShapeType::long_integer: return fault_of_integer(shape, value);
    case ShapeType::single:
    case ShapeType::real: return fault_of_real(shape, value);
    case ShapeType::blob: return fault_of_blob(shape, value, is_known);
    case ShapeType::timestamp: return fault_of_timestamp(value);
    default: return std::nullopt;
  }
}

}  // namespace runbook::aws
