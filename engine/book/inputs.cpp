#include "book/inputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/redactor.h"
#include "base/suggestion.h"
#include "book/names.h"
#include "base/pattern.h"

namespace runbook {
namespace {

// What defaults see.
class InputScope : public Scope {
 public:
  explicit InputScope(const Value& inputs) : inputs_(inputs) {}
  std::optional<Value> context(std::string_view name) const override {
    if (name == "inputs") return inputs_;
    return std::nullopt;
  }
  std::optional<Value> step(std::string_view) const override { return std::nullopt; }

 private:
  const Value& inputs_;
};

struct Problem {
  std::string message;
  std::string hint;  // one line to type, or ""
};

class Resolution {
 public:
  Resolution(const Runbook& runbook, const GivenInputs& given) : runbook_(runbook), given_(given) {}

  InputValues run() {
    check_names();
    for (const Input& input : runbook_.inputs) resolve(input);
    throw_problems();
    return std::move(resolved_);
  }

  std::map<std::string, std::string> run_for_secrets() {
    for (const Input& input : runbook_.inputs) {
      if (input.type == ValueType::secret && text_of(input)) resolve(input);
    }
    throw_problems();
    return std::move(resolved_.secrets);
  }

 private:
  void report(std::string message, std::string hint = {}) { problems_.push_back({std::move(message), std::move(hint)}); }

  void check_names() {
    std::vector<std::string> known;
    for (const Input& input : runbook_.inputs) known.push_back(input.name);
    std::set<std::string> unknown;
    for (const auto& [name, value] : given_.flags) unknown.insert(name);
    if (given_.file.is_map())
      for (const auto& [name, value] : given_.file.as_map()) unknown.insert(name);
    for (const std::string& name : known) unknown.erase(name);
    for (const std::string& name : unknown) {
      const std::string hint = known.empty() ? "this runbook has no inputs" : suggestion(name, known);
      report(fmt::format("there is no input `{}`", name), hint);
    }
  }

  const std::string* flag_of(const Input& input) const {
    const auto found =
        std::find_if(given_.flags.rbegin(), given_.flags.rend(), [&](const auto& flag) { return flag.first == input.name; });
    return found == given_.flags.rend() ? nullptr : &found->second;
  }

  // Flag, then file, then environment.
  std::optional<std::string> text_of(const Input& input) const {
    if (const std::string* flag = flag_of(input)) return *flag;
    if (const Value* value = given_.file.find(input.name); value && !value->is_null())
      return value->is_text() ? value->as_text() : to_json(*value);
    if (given_.environment) return given_.environment(environment_name(input));
    return std::nullopt;
  }

  void resolve(const Input& input) {
    if (input.type == ValueType::secret && given_.leaves_out_secrets) return;
    if (input.type == ValueType::secret && flag_of(input))
      return report(
          fmt::format("the secret `{}` can't be given on the command line, where every user of this machine can see it",
                      input.name),
          how_to_give(input));
    if (const Value* value = given_.file.find(input.name); value && !flag_of(input) && (value->is_list() || value->is_map()))
      return report(fmt::format("input `{}` is one value, and the file gives a {}", input.name, value->type_name()));
    if (const std::optional<std::string> text = text_of(input)) return accept(input, *text);
    if (input.fallback) return accept_default(input);
    missing_.insert(input.name);
    const std::string description = input.description.empty() ? "" : fmt::format(" ({})", input.description);
    report(fmt::format("input `{}` is missing{}", input.name, description), how_to_give(input));
  }

  void accept_default(const Input& input) {
    for (const Reference& reference : input.fallback->text.references()) {
      if (!reference.path.empty() && missing_.contains(reference.path.front())) {
        missing_.insert(input.name);
        return;
      }
    }
    try {
      const Value value = input.fallback->text.evaluate(InputScope(resolved_.values));
      accept(input, value.is_text() ? value.as_text() : to_json(value));
    } catch (const ExpressionError& error) {
      report(fmt::format("the default of input `{}`: {}", input.name, error.what()), how_to_give(input));
    }
  }

  void accept(const Input& input, const std::string& text) {
    const bool is_secret = input.type == ValueType::secret;
    std::string why;
    std::optional<Value> value = convert(input.type, text, why);
    if (value && !input.pattern.empty() && !Pattern::parse(input.pattern, why)->matches(text)) {
      why =
          fmt::format("{} does not match the pattern `{}`", is_secret ? "its value" : fmt::format("`{}`", text), input.pattern);
      value.reset();
    }
    if (is_secret && text.size() < shortest_secret) {
      why = fmt::format("a secret of less than {} characters can't be masked in what is shown", shortest_secret);
      value.reset();
    }
    if (!value) {
      missing_.insert(input.name);
      return report(fmt::format("input `{}`: {}", input.name, why), how_to_give(input));
    }
    if (is_secret) resolved_.secrets[input.name] = text;
    else resolved_.values = with(resolved_.values, input.name, *std::move(value));
  }

  static std::string how_to_give(const Input& input) {
    if (input.type == ValueType::secret) return fmt::format("export {}=...", environment_name(input));
    return fmt::format("-i {}={}", input.name, input.example.is_text() ? input.example.as_text() : "...");
  }

  void throw_problems() const {
    if (problems_.empty()) return;
    if (problems_.size() == 1) throw Error(ExitCode::usage, problems_.front().message, problems_.front().hint);
    std::string what = fmt::format("{} problems with the inputs:", problems_.size());
    std::string hint;
    for (const Problem& problem : problems_) {
      what += "\n  " + problem.message;
      if (problem.hint.empty()) continue;
      if (!hint.empty()) hint += '\n';
      hint += problem.hint;
    }
    throw Error(ExitCode::usage, what, hint);
  }

  const Runbook& runbook_;
  const GivenInputs& given_;
  InputValues resolved_{Value(Map()), {}};
  std::set<std::string> missing_;  // or wrong
  std::vector<Problem> problems_;
};

template <class Number>
std::optional<Number> parse_number(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

InputValues resolve_inputs(const Runbook& runbook, const GivenInputs& given) { return Resolution(runbook, given).run(); }

std::map<std::string, std::string> resolve_secrets(const Runbook& runbook, const GivenInputs& given) {
  return Resolution(runbook, given).run_for_secrets();
}

std::string environment_name(const Input& input) { return "RUNBOOK_INPUT_" + upper_case(input.name); }

std::optional<Value> convert(ValueType type, const std::string& text, std::string& why) {
  switch (type) {
    case ValueType::text:
    case ValueType::path:
    case ValueType::secret: return Value(text);
    case ValueType::boolean:
      if (text == "true" || text == "false") return Value(text == "true");
      why = fmt::format("`{}` is neither `true` nor `false`", text);
      return std::nullopt;
    case ValueType::integer:
      if (const std::optional<std::int64_t> number = parse_number<std::int64_t>(text)) return Value(*number);
      why = fmt::format("`{}` is not a whole number", text);
      return std::nullopt;
    case ValueType::number:
      if (const std::optional<std::int64_t> number = parse_number<std::int64_t>(text)) return Value(*number);
      if (const std::optional<double> number = parse_number<double>(text); number && std::isfinite(*number))
        return Value(*number);
      why = fmt::format("`{}` is not a number", text);
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace runbook
