#include "cli/manual_dialog.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/json.h"
#include "cli/asking.h"
#include "cli/terminal_style.h"
#include "report/form_text.h"
#include "run/manual.h"
#include "run/questions.h"

namespace runbook {

namespace {

bool is_way_out(const std::string& word) { return word == "reject" || word == "skip"; }
bool is_tick(const std::string& word) { return word == "done" || word == "yes" || word == "y" || word == "x"; }

}  // namespace

std::optional<Answer> ManualDialog::put(const Question& question) {
  fmt::print(stderr, "\n{}\n\n{}\n", question.text,
             form_text(question.details, question, "    ", markdown_style(STDERR_FILENO)));
  auto choice = tick_all(question);
  if (choice && choice->empty()) choice = choose(question);
  if (!choice) return std::nullopt;
  if (*choice == "confirm") return confirm(question);
  return with_reason(Answer{question.id, *choice, who_, "", 0, Value()});
}

std::optional<std::string> ManualDialog::tick_all(const Question& question) {
  const Value items = question.details.get("checklist");
  if (!items.is_list()) return "";
  const std::int64_t count = static_cast<std::int64_t>(items.as_list().size());
  for (std::int64_t item = 0; item < count; ++item) {
    if (question.ticked.count(item)) continue;
    const std::string text = text_or_json(items.as_list()[static_cast<std::size_t>(item)]);
    while (true) {
      auto word = ask_line(editor_, fmt::format("[{}/{}] {}\ndone | reject | skip (Ctrl-D pauses): ", item + 1, count, text));
      if (!word || is_way_out(*word)) return word;
      if (is_tick(*word)) break;
      if (!word->empty()) fmt::print(stderr, "`{}` is not one of: done, reject, skip\n", *word);
    }
    inbox_.post(Ticked{question.id, item, who_});
  }
  return "";
}

std::optional<std::string> ManualDialog::choose(const Question& question) {
  while (true) {
    auto word = ask_line(editor_, "confirm | reject | skip (Ctrl-D pauses): ");
    if (!word) return std::nullopt;
    if (word->empty()) continue;  // Enter alone chooses nothing
    const std::string why = why_not_a_choice(question, Answer{question.id, *word, who_, "", 0, Value()});
    if (why.empty()) return word;
    fmt::print(stderr, "{}\n", why);
  }
}

std::optional<Answer> ManualDialog::with_reason(Answer given) {
  const auto why = ask_for(editor_, "why? (stands in the record): ");
  if (!why) return std::nullopt;
  given.because = *why;
  return given;
}

std::optional<Answer> ManualDialog::confirm(const Question& question) {
  Map outputs;
  for (const Input& input : manual_.collect) {
    auto value = value_of(input, question.details);
    if (!value) return std::nullopt;
    outputs.emplace_back(input.name, *std::move(value));
  }
  auto given = evidence(question.details);
  if (!given) return std::nullopt;
  Value fields = object({{"outputs", Value(std::move(outputs))}});
  if (!given->is_null()) fields = with(fields, "evidence", List{*given});
  return Answer{question.id, "confirm", who_, "", 0, fields};
}

std::optional<Value> ManualDialog::value_of(const Input& input, const Value& form) {
  const auto fallback = default_of(form, input.name);
  std::string prompt = input.name;
  if (!input.description.empty()) prompt += fmt::format(" ({})", input.description);
  if (fallback) prompt += fmt::format(" [{}]", *fallback);
  while (true) {
    auto typed = ask_line(editor_, prompt + ": ");
    if (!typed) return std::nullopt;
    if (typed->empty() && !fallback) continue;
    Taken taken = take_value(input, typed->empty() ? *fallback : *typed);
    if (taken.value) return *std::move(taken.value);
    fmt::print(stderr, "{}\n", taken.why);
  }
}

std::optional<Value> ManualDialog::evidence(const Value& form) {
  const std::string wanted = form.text_or("evidence", "");
  if (wanted.empty()) return Value();
  return ask_evidence(editor_, wanted == "required" ? EvidenceIs::required : EvidenceIs::optional);
}

}  // namespace runbook
