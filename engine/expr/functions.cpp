#include "expr/functions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "expr/list_functions.h"
#include "expr/number_functions.h"
#include "expr/text_functions.h"
#include "expr/value_functions.h"

namespace runbook {
namespace {

bool is_list_of(const Value& value, bool (Value::*is)() const) {
  return value.is_list() &&
         std::all_of(value.as_list().begin(), value.as_list().end(), [&](const Value& item) { return (item.*is)(); });
}

// JMESPath's own by their names, then the additions.
std::vector<Function> make_table() {
  std::vector<Function> table;
  for (const auto& functions : {value_functions(), list_functions(), number_functions(), text_functions()})
    table.insert(table.end(), functions.begin(), functions.end());
  std::stable_sort(table.begin(), table.end(), [](const Function& a, const Function& b) {
    if (a.is_addition != b.is_addition) return b.is_addition;
    return !a.is_addition && a.name < b.name;
  });
  return table;
}

}  // namespace

const std::vector<Function>& all_functions() {
  static const std::vector<Function> table = make_table();
  return table;
}

const Function* find_function(std::string_view name, Dialect dialect) {
  const auto& all = all_functions();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Function& function) { return function.name == name; });
  if (found == all.end() || (dialect == Dialect::plain && found->is_addition)) return nullptr;
  return &*found;
}

bool fits(const Value& value, unsigned takes) {
  if ((takes & accepts_numbers) != 0 && is_list_of(value, &Value::is_number)) return true;
  if ((takes & accepts_texts) != 0 && is_list_of(value, &Value::is_text)) return true;
  if (value.is_number()) return (takes & accepts_number) != 0;
  if (value.is_text()) return (takes & accepts_text) != 0;
  if (value.is_bool()) return (takes & accepts_boolean) != 0;
  if (value.is_list()) return (takes & accepts_list) != 0;
  if (value.is_map()) return (takes & accepts_map) != 0;
  return (takes & accepts_null) != 0;
}

std::string in_words(unsigned takes) {
  std::vector<std::string_view> words;
  if ((takes & accepts_number) != 0) words.emplace_back("a number");
  if ((takes & accepts_text) != 0) words.emplace_back("text");
  if ((takes & accepts_list) != 0) words.emplace_back("a list");
  if ((takes & accepts_map) != 0) words.emplace_back("a map");
  if ((takes & accepts_numbers) != 0) words.emplace_back("a list of numbers");
  if ((takes & accepts_texts) != 0) words.emplace_back("a list of texts");
  return fmt::format("{}", fmt::join(words, " or "));
}

}  // namespace runbook
