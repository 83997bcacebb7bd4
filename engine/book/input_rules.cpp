#include "book/input_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/duration.h"
#include "base/json.h"
#include "base/pattern.h"
#include "base/redactor.h"

namespace runbook {
namespace {

std::string counted(int count) { return fmt::format("{} item{}", count, count == 1 ? "" : "s"); }

std::string why_not_text(const Input& input, const Value& value) {
  const std::string text = text_or_json(value);
  const std::string subject = input.type == ValueType::secret ? "its value" : fmt::format("`{}`", text);
  std::string why;
  if (!input.pattern.empty() && !Pattern::parse(input.pattern, why)->matches(text))
    return fmt::format("{} does not match the pattern `{}`", subject, input.pattern);
  if (!input.reject.empty() && Pattern::parse(input.reject, why)->search(text))
    return fmt::format("{} is refused: {}", subject, input.because);
  return {};
}

std::string why_not_chosen(const Input& input, const Value& value) {
  if (input.choices.empty() || std::find(input.choices.begin(), input.choices.end(), value) != input.choices.end()) return {};
  std::vector<std::string> choices;
  for (const Value& choice : input.choices) choices.push_back(text_or_json(choice));
  return fmt::format("`{}` is none of: {}", text_or_json(value), fmt::join(choices, ", "));
}

std::string why_not_within(const Input& input, const Value& value) {
  const bool is_duration = input.type == ValueType::duration;
  const auto in_words = [&](const Value& bound) { return is_duration ? duration_text(bound.as_int()) : to_json(bound); };
  const Value size = is_duration ? Value(*parse_duration_ms(value.as_text())) : value;
  if (!input.least.is_null() && size.as_number() < input.least.as_number())
    return fmt::format("`{}` is {} than {}", text_or_json(value), is_duration ? "shorter" : "less", in_words(input.least));
  if (!input.most.is_null() && size.as_number() > input.most.as_number())
    return fmt::format("`{}` is {} than {}", text_or_json(value), is_duration ? "longer" : "more", in_words(input.most));
  return {};
}

std::string why_not_so_many(const Input& input, const Value& value) {
  const int count = static_cast<int>(value.is_list() ? value.as_list().size() : value.as_map().size());
  if (input.min_items && count < *input.min_items)
    return fmt::format("it has {}, and at least {} are wanted", counted(count), *input.min_items);
  if (input.max_items && count > *input.max_items)
    return fmt::format("it has {}, and at most {} are wanted", counted(count), *input.max_items);
  return {};
}

// Of one value, or of one item of a list.
std::string why_not_item(const Input& input, const Value& value) {
  std::string why = why_not_text(input, value);
  return why.empty() ? why_not_chosen(input, value) : why;
}

std::string why_not_list(const Input& input, const Value& value) {
  for (const Value& item : value.as_list()) {
    if (std::string why = why_not_item(input, item); !why.empty()) return why;
  }
  return why_not_so_many(input, value);
}

}  // namespace

std::string why_not_taken(const Input& input, const Value& value) {
  if (value.is_list()) return why_not_list(input, value);
  if (value.is_map()) return why_not_so_many(input, value);
  if (input.type == ValueType::secret && value.as_text().size() < shortest_secret)
    return fmt::format("a secret of less than {} characters can't be masked in what is shown", shortest_secret);
  std::string why = why_not_item(input, value);
  return why.empty() && !(input.least.is_null() && input.most.is_null()) ? why_not_within(input, value) : why;
}

}  // namespace runbook
