#include "report/report_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "base/counted.h"
#include "base/json.h"
#include "base/shell_word.h"

namespace runbook {

namespace {

std::string words_text(const Value& words) {
  std::vector<std::string> quoted;
  for (const Value& word : words.as_list()) quoted.push_back(quoted_for_shell(text_or_json(word)));
  return fmt::format("{}", fmt::join(quoted, " "));
}

// Parameters that are not what it does, each on a line of its own.
std::string others_text(const Value& params, std::string_view but) {
  std::string text;
  for (const auto& [name, value] : params.as_map()) {
    const bool is_as_ever = name == "with" && value == Value("bash");
    if (name == but || value.is_null() || is_as_ever) continue;
    text += fmt::format("\n{}: {}", name, text_or_json(value));
  }
  return text;
}

std::string params_text(const std::string& type, const Value& params) {
  if (!params.is_map() || params.as_map().empty()) return type;
  if (type == "shell" && params.get("script").is_text()) {
    std::string text = params.text_or("script", "");
    if (text.ends_with('\n')) text.pop_back();
    return text + others_text(params, "script");
  }
  for (const char* name : {"argv", "args"})
    if (const Value* words = params.find(name); words && words->is_list())
      return (type == "kubectl" ? "kubectl " : "") + words_text(*words) + others_text(params, name);
  return fmt::format("{} {}", type, to_pretty_json(params));
}

}  // namespace

Value report_proof(const AuditReport& report, const ReportMaking& making) {
  const AuditScope& scope = report.scope;
  List steps;
  for (const std::string& step : scope.steps) steps.emplace_back(step);
  return object({{"run", report.run},
                 {"runbook", report.state.runbook},
                 {"state", report.state.state},
                 {"definition_sha256", report.state.definition_sha256},
                 {"events", report.state.seq},
                 {"head", report.head},
                 {"made_by", making.engine},
                 {"zone", making.zone},
                 {"scope", object({{"from_ms", scope.from_ms ? Value(*scope.from_ms) : Value()},
                                   {"to_ms", scope.to_ms ? Value(*scope.to_ms) : Value()},
                                   {"steps", Value(std::move(steps))},
                                   {"output", scope.has_output}})}});
}

std::optional<AuditScope> scope_of_proof(const Value& proof) {
  const Value told = proof.get("scope");
  if (!told.is_map() || !proof.get("events").is_int()) return std::nullopt;
  AuditScope scope;
  if (told.get("from_ms").is_int()) scope.from_ms = told.int_or("from_ms", 0);
  if (told.get("to_ms").is_int()) scope.to_ms = told.int_or("to_ms", 0);
  for (std::string& step : texts_in(told.get("steps"))) scope.steps.insert(std::move(step));
  scope.has_output = told.bool_or("output", true);
  scope.up_to_seq = proof.int_or("events", std::numeric_limits<std::int64_t>::max());
  return scope;
}

std::string deed_text(const Value& deed) {
  if (!deed.is_map()) return "";
  std::string text = params_text(deed.text_or("type", ""), deed.get("params"));
  if (const std::string that = deed.text_or("that", ""); !that.empty()) text += (text.empty() ? "that: " : "\nthat: ") + that;
  return text;
}

std::vector<std::string> surroundings_text(const Value& request) {
  std::vector<std::string> lines;
  const Value env = request.get("env");
  for (const auto& [name, value] : env.is_map() ? env.as_map() : Map()) {
    const std::string text = text_or_json(value);
    const auto count = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    if (count > 1) lines.push_back(fmt::format("env {} ({})", name, counted(count, "line")));
    else lines.push_back(fmt::format("env {}={}", name, text));
  }
  if (const std::string dir = request.text_or("dir", ""); !dir.empty()) lines.push_back("in " + dir);
  return lines;
}

Value stored_value(const StoredText& text, const ReadStored& stored) {
  return text ? try_parse_json(stored(text.digest)).value_or(Value()) : Value();
}

Value deed_of(const AuditStep& step, const AuditAttempt* attempt, const ReadStored& stored) {
  if (attempt && attempt->request) return stored_value(attempt->request, stored);
  if (attempt && !attempt->does.is_null()) return attempt->does;
  if (step.request) return stored_value(step.request, stored);
  return step.line.get("does");
}

bool is_left_out(const AuditStep& step) { return step.state == StepState::skipped; }

bool was_undone(const AuditStep& step) { return step.state == StepState::undone; }

}  // namespace runbook
