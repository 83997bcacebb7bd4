#include "cli/type_pages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/json.h"
#include "book/key_docs.h"

namespace runbook {

namespace {

std::string indented(const std::string& text, std::string_view by) {
  std::string result;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    result += fmt::format("{}{}\n", by, std::string_view(text).substr(at, end - at));
    at = end + 1;
  }
  return result;
}

std::vector<std::string> names_where(const TypeDescription& type, bool takes_expressions) {
  std::vector<std::string> names;
  for (const ParamDescription& param : type.params) {
    if (param.takes_expressions == takes_expressions) names.push_back(param.name);
  }
  return names;
}

std::string effect_of(const TypeDescription& type) {
  if (type.derives_effect) return "by what it is given (`plan` says which, and why), unless the step says otherwise";
  return type.takes_effect ? fmt::format("{}, unless the step says otherwise", type.effect) : type.effect;
}

std::string expressions_of(const TypeDescription& type) {
  if (!type.looks.empty()) return "where the step type of its look takes it";
  const std::vector<std::string> in = names_where(type, true), out = names_where(type, false);
  const std::string where = in.empty() ? "nowhere" : fmt::format("in {}", fmt::join(in, ", "));
  return out.empty() ? where : fmt::format("{}; not in {}", where, fmt::join(out, ", "));
}

std::string look_of(const TypeDescription& type) {
  return fmt::format("{} of {}", type.needs_look ? "one" : "none, or one", listed(type.looks));
}

std::string condition_of(const TypeDescription& type, const ParamDescription& param) {
  std::string text = param.type;
  if (param.is_required) text += ", required";
  if (param.is_one_of) text += "; one of these is given";
  if (!param.beside.empty()) text += fmt::format("; beside `{}`", param.beside);
  if (!param.fallback.is_null()) text += fmt::format("; {} if left out", text_or_json(param.fallback));
  if (param.name == type.main_param) text += fmt::format("; `{}: ...` alone is this one", type.name);
  return text;
}

std::string in_table(std::string text) {
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) text.insert(at, "\\");
  return text;
}

std::string reference_of(const TypeDescription& type) {
  std::string text = fmt::format("### `{}`\n\n{}\n\n", type.name, type.summary);
  text += fmt::format("* Effect: {}.\n", effect_of(type));
  if (!type.looks.empty()) text += fmt::format("* Look: {}, beside the parameters.\n", look_of(type));
  text += fmt::format("* Result: {}.\n* `${{{{ }}}}` may stand {}.\n\n", type.result, expressions_of(type));
  text += "| parameter | value | |\n|---|---|---|\n";
  for (const ParamDescription& param : type.params)
    text += fmt::format("| `{}` | {} | {} |\n", param.name, in_table(condition_of(type, param)), in_table(param.doc));
  return text + fmt::format("\n```yaml\n{}```\n", type.example);
}

}  // namespace

std::string type_list(const std::vector<TypeDescription>& types) {
  std::string text;
  for (const TypeDescription& type : types) text += fmt::format("{:<12} {}\n", type.name, type.summary);
  return text;
}

std::string type_page(const TypeDescription& type) {
  std::string text = fmt::format("{}: {}\n\n  effect  {}\n", type.name, type.summary, effect_of(type));
  if (!type.looks.empty()) text += fmt::format("  look    {}, beside the parameters\n", look_of(type));
  text += fmt::format("  result  {}\n  ${{{{ }}}}   {}\n\nparameters:\n", type.result, expressions_of(type));
  for (const ParamDescription& param : type.params)
    text += fmt::format("  {:<12}  {}\n  {:<12}  {}\n", param.name, condition_of(type, param), "", param.doc);
  return text + fmt::format("\nexample:\n{}", indented(type.example, "  "));
}

Value type_json(const TypeDescription& type) {
  List parameters, looks;
  for (const ParamDescription& param : type.params) {
    List choices;
    for (const std::string& choice : param.choices) choices.emplace_back(choice);
    parameters.push_back(object({{"name", param.name},
                                 {"type", param.type},
                                 {"required", param.is_required},
                                 {"one_of", param.is_one_of},
                                 {"beside", param.beside.empty() ? Value() : Value(param.beside)},
                                 {"default", param.fallback},
                                 {"choices", std::move(choices)},
                                 {"takes_expressions", param.takes_expressions},
                                 {"documentation", param.doc}}));
  }
  for (const std::string& look : type.looks) looks.emplace_back(look);
  return object({{"name", type.name},
                 {"of", type.is_target ? "target" : "step"},
                 {"summary", type.summary},
                 {"effect", type.effect},
                 {"main_parameter", type.main_param.empty() ? Value() : Value(type.main_param)},
                 {"parameters", std::move(parameters)},
                 {"looks", std::move(looks)},
                 {"result", type.result},
                 {"example", type.example}});
}

std::string type_reference(const std::vector<TypeDescription>& types) {
  std::string text;
  for (const TypeDescription& type : types) text += (text.empty() ? "" : "\n") + reference_of(type);
  return text;
}

}  // namespace runbook
