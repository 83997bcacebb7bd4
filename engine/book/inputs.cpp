#include "book/inputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/suggestion.h"
#include "book/constraints.h"
#include "book/input_rules.h"
#include "book/names.h"
#include "book/value_scope.h"

namespace runbook {
namespace {

[[noreturn]] void throw_all(const std::vector<InputProblem>& problems) {
  if (problems.size() == 1) throw Error(ExitCode::usage, problems.front().message, problems.front().hint);
  std::string what = fmt::format("{} problems with the inputs:", problems.size());
  std::vector<std::string> hints;
  for (const InputProblem& problem : problems) {
    what += "\n  " + problem.message;
    const bool is_new = std::find(hints.begin(), hints.end(), problem.hint) == hints.end();
    if (!problem.hint.empty() && is_new) hints.push_back(problem.hint);
  }
  throw Error(ExitCode::usage, what, fmt::format("{}", fmt::join(hints, "\n")));
}

class Resolution {
 public:
  Resolution(const Runbook& runbook, const GivenInputs& given) : runbook_(runbook), given_(given) {}

  InputValues run() {
    check_names();
    for (const Input& input : runbook_.inputs) {
      const bool is_left_out = input.type == ValueType::secret && given_.leaves_out_secrets;
      if (!is_left_out && !resolve(input) && !may_come(input)) report_missing(input);
    }
    for (InputProblem& broken : broken_constraints(runbook_, resolved_.values, unknown_))
      problems_.push_back(std::move(broken));
    if (!problems_.empty()) throw_all(problems_);
    return std::move(resolved_);
  }

  Value run_for_given() {
    check_names();
    for (const Input& input : runbook_.inputs) {
      const bool is_given = flag_of(input) || in_file(input);
      if (is_given && input.type != ValueType::secret) resolve(input);
    }
    if (!problems_.empty()) throw_all(problems_);
    return std::move(resolved_.values);
  }

  std::map<std::string, std::string> run_for_secrets() {
    for (const Input& input : runbook_.inputs) {
      if (input.type == ValueType::secret) resolve(input);
    }
    if (!problems_.empty()) throw_all(problems_);
    return std::move(resolved_.secrets);
  }

 private:
  void report(const Input& input, std::string message, std::string hint) {
    unknown_.insert(input.name);
    problems_.push_back({std::move(message), std::move(hint)});
  }

  bool may_come(const Input& input) const {
    const auto may_have_it_later = [](const InputSource& source) {
      return source.kind == InputSource::Kind::file || source.kind == InputSource::Kind::command;
    };
    return given_.secrets_may_come && input.type == ValueType::secret &&
           std::any_of(input.from.begin(), input.from.end(), may_have_it_later) && !is_needed_at_once(input);
  }

  // No step stands before the one that needs it.
  bool is_needed_at_once(const Input& input) const {
    if (runbook_.steps.empty()) return true;
    const std::vector<Reference> references = runbook_.steps.front()->references_to_values();
    return std::any_of(references.begin(), references.end(), [&](const Reference& reference) {
      return reference.root == "inputs" && !reference.path.empty() && reference.path.front() == input.name;
    });
  }

  void refuse(const Input& input, const std::string& why) {
    report(input, fmt::format("input `{}`: {}", input.name, why), how_to_give(input));
  }

  void check_names() {
    std::vector<std::string> known;
    for (const Input& input : runbook_.inputs) known.push_back(input.name);
    std::set<std::string> unknown;
    for (const auto& [name, value] : given_.flags) unknown.insert(name);
    if (given_.file)
      for (const Node::Member& member : given_.file->members) unknown.insert(member.key);
    for (const std::string& name : known) unknown.erase(name);
    for (const std::string& name : unknown) {
      const std::string hint = known.empty() ? "this runbook has no inputs" : suggestion(name, known);
      problems_.push_back({fmt::format("there is no input `{}`", name), hint});
    }
  }

  const std::string* flag_of(const Input& input) const {
    const auto found =
        std::find_if(given_.flags.rbegin(), given_.flags.rend(), [&](const auto& flag) { return flag.first == input.name; });
    return found == given_.flags.rend() ? nullptr : &found->second;
  }

  const Node* in_file(const Input& input) const {
    const Node::Member* found = given_.file ? given_.file->find(input.name) : nullptr;
    return found && found->value->kind != Node::Kind::null ? found->value.get() : nullptr;
  }

  const Value* among_values(const Input& input) const {
    const auto found =
        std::find_if(given_.values.begin(), given_.values.end(), [&](const auto& each) { return each.first == input.name; });
    return found == given_.values.end() ? nullptr : &found->second;
  }

  void accept_value(const Input& input, const Value& value) {
    const bool is_so_already = has_members(input.type) && value.type_name() == value_type_name(input.type);
    if (is_so_already) take(input, value);
    else accept(input, text_or_json(value));
  }

  // Whether something gave a value, good or bad.
  bool resolve(const Input& input) {
    if (const std::string* flag = flag_of(input)) return accept_flag(input, *flag), true;
    if (const Node* node = in_file(input)) return accept(input, *node), true;
    if (const Value* value = among_values(input)) return accept_value(input, *value), true;
    if (given_.environment)
      if (const std::optional<std::string> text = given_.environment(environment_name(input)))
        return accept(input, *text), true;
    if (look_for(input)) return true;
    if (!input.fallback) return false;
    return accept_default(input), true;
  }

  void accept_flag(const Input& input, const std::string& text) {
    if (input.type != ValueType::secret) return accept(input, text);
    report(input,
           fmt::format("the secret `{}` can't be given on the command line, where every user of this machine can see it",
                       input.name),
           how_to_give(input));
  }

  bool look_for(const Input& input) {
    looked_.clear();
    if (!given_.look) return false;
    for (const InputSource& source : input.from) {
      const Found found = given_.look(input, source);
      if (!found.refusal.empty())
        return report(input, fmt::format("input `{}`: {}", input.name, found.refusal), found.hint), true;
      if (found.text) return accept(input, *found.text), true;
      if (!found.why.empty()) looked_.push_back(found.why);
    }
    return false;
  }

  void report_missing(const Input& input) {
    std::string message = fmt::format("input `{}` is missing", input.name);
    if (!input.description.empty()) message += fmt::format(" ({})", input.description);
    if (!looked_.empty()) message += fmt::format("; {}", fmt::join(looked_, ", "));
    report(input, std::move(message), how_to_give(input));
  }

  void accept_default(const Input& input) {
    for (const Reference& reference : input.fallback->references()) {
      const bool is_known = reference.path.empty() ? unknown_.empty() : !unknown_.contains(reference.path.front());
      if (is_known) continue;
      unknown_.insert(input.name);
      return;
    }
    try {
      const Value value = input.fallback->evaluate(ValueScope(object({{"inputs", resolved_.values}})));
      accept_value(input, value);
    } catch (const ExpressionError& error) {
      report(input, fmt::format("the default of input `{}`: {}", input.name, error.what()), how_to_give(input));
    }
  }

  template <class Given>  // text, or a node of the file
  void accept(const Input& input, const Given& given) {
    std::string why;
    const std::optional<Value> value = convert(input.type, given, why, input.scalars());
    if (value) take(input, *value);
    else refuse(input, why);
  }

  void take(const Input& input, const Value& value) {
    if (const std::string why = why_not_taken(input, value); !why.empty()) return refuse(input, why);
    if (input.type == ValueType::secret) resolved_.secrets[input.name] = value.as_text();
    else resolved_.values = with(resolved_.values, input.name, value);
  }

  const Runbook& runbook_;
  const GivenInputs& given_;
  InputValues resolved_{Value(Map()), {}};
  std::set<std::string> unknown_;    // missing or wrong
  std::vector<std::string> looked_;  // why the places of the last `from` gave nothing
  std::vector<InputProblem> problems_;
};

}  // namespace

InputValues resolve_inputs(const Runbook& runbook, const GivenInputs& given) { return Resolution(runbook, given).run(); }

std::map<std::string, std::string> resolve_secrets(const Runbook& runbook, const GivenInputs& given) {
  return Resolution(runbook, given).run_for_secrets();
}

Value resolve_given(const Runbook& runbook, const GivenInputs& given) { return Resolution(runbook, given).run_for_given(); }

std::string environment_name(const Input& input) { return "RUNBOOK_INPUT_" + upper_case(input.name); }

std::string why_not_given(const Input& input, const std::string& text) {
  std::string why;
  const std::optional<Value> value = convert(input.type, text, why, input.scalars());
  return value ? why_not_taken(input, *value) : why;
}

}  // namespace runbook
