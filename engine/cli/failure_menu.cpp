#include "cli/failure_menu.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/json.h"
#include "cli/advice.h"
#include "cli/asking.h"
#include "os/terminal.h"

namespace runbook {

namespace {

const std::vector<MenuChoice> after_failure = {
    {"retry", "run it again", "a new attempt, asked for by you"},
    {"edit", "change it for this run, then run it again", "the change, with your reason"},
    {"shell", "a shell as the step has it; then this menu again", "that it was open, and for how long"},
    {"done", "it is done: you saw to it", "your reason, its outputs, evidence"},
    {"skip", "leave it out and go on", "your reason"},
    {"undo", "take back what this run did", "each step that is undone"},
    {"handoff", "leave the run to somebody else", "your note, and who takes it over"},
    {"quit", "pause the run here", "that it paused; the question stays open"},
};
const std::vector<MenuChoice> in_doubt = {
    {"done", "it took effect", "your reason, its outputs"},
    {"not-done", "it did not", "your reason; the step has failed then"},
    {"retry", "run it again, whether or not it took effect", "your reason, and a new attempt"},
    {"shell", "a shell as the step has it, to look; then this menu again", "that it was open, and for how long"},
    {"handoff", "leave the run to somebody else", "your note, and who takes it over"},
    {"quit", "pause the run here", "that it paused; the question stays open"},
};

std::string what_happened(const Question& question, const Step& step) {
  const std::string output = question.details.text_or("output", ""), findings = question.details.text_or("findings", "");
  std::string text = "\n" + question.text;
  if (const std::int64_t attempt = question.details.int_or("attempt", 0); attempt > 1)
    text += fmt::format(" This was attempt {}.", attempt);
  text += "\n" + last_lines(output, 20, "    | ");
  if (!findings.empty()) text += "what stood there:\n" + last_lines(findings, 40, "    | ");
  return text + hints_for(step, {output, findings, question.text});
}

std::optional<Wish::Kind> wish_of(const std::string& word) {
  if (word == "edit") return Wish::Kind::edit;
  if (word == "shell") return Wish::Kind::shell;
  if (word == "undo") return Wish::Kind::undo;
  if (word == "handoff") return Wish::Kind::handoff;
  if (word == "quit") return Wish::Kind::quit;
  return std::nullopt;
}

}  // namespace

std::vector<MenuChoice> choices_of_menu(const Question& question) {
  return question.about == "doubt" ? in_doubt : after_failure;
}

std::string choice_meant(const std::vector<MenuChoice>& choices, const std::string& word) {
  std::string meant;
  for (const MenuChoice& choice : choices) {
    if (choice.word == word) return word;
    if (word.empty() || choice.word.compare(0, word.size(), word) != 0) continue;
    if (!meant.empty()) return "";
    meant = choice.word;
  }
  return meant;
}

std::string menu_text(const Question& question, const Step& step, int columns) {
  const std::vector<MenuChoice> choices = choices_of_menu(question);
  std::size_t width = 0;
  for (const MenuChoice& choice : choices) width = std::max(width, choice.does.size());
  const auto line = [&](const MenuChoice& choice) {
    return fmt::format("  {:<9} {:<{}}   {}", choice.word, choice.does, width, choice.records);
  };
  const bool fits = std::all_of(choices.begin(), choices.end(), [&](const MenuChoice& choice) {
    return line(choice).size() < static_cast<std::size_t>(columns);
  });
  std::string text = what_happened(question, step) + "\n";
  if (fits) text += fmt::format("  {:<9} {:<{}}   it records\n", "", "", width);
  for (const MenuChoice& choice : choices)
    text += fits ? line(choice) + "\n"
                 : fmt::format("  {:<9} {}\n            records: {}\n", choice.word, choice.does, choice.records);
  return text;
}

std::optional<FailureMenu::Choice> FailureMenu::put(const Question& question) {
  const std::vector<MenuChoice> choices = choices_of_menu(question);
  fmt::print(stderr, "{}\n", menu_text(question, step_, static_cast<int>(terminal_columns(STDERR_FILENO))));
  std::string words;
  for (const MenuChoice& choice : choices) words += (words.empty() ? "" : " | ") + choice.word;
  while (true) {
    const auto word = ask_line(editor_, "what now? (Ctrl-D pauses): ");
    if (!word) return std::nullopt;
    const std::string choice = choice_meant(choices, *word);
    if (choice.empty()) {
      if (!word->empty()) fmt::print(stderr, "`{}` is not one of: {}\n", *word, words);
      continue;
    }
    if (const auto wish = wish_of(choice)) return Wish{*wish, question.instance};
    if (auto given = answer(question, choice)) return *std::move(given);
    if (editor_.is_broken_off()) return std::nullopt;
    fmt::print(stderr, "not recorded\n");
  }
}

std::optional<Answer> FailureMenu::answer(const Question& question, const std::string& choice) {
  Answer given{question.id, choice, who_, "", 0, Value()};
  const bool is_doubt = question.about == "doubt";
  const bool wants_reason = is_doubt || choice != "retry";
  if (wants_reason) {
    const auto why = ask_for(editor_, is_doubt ? "how do you know? (stands in the record; Ctrl-D: back): "
                                               : "why? (stands in the record; Ctrl-D: back): ");
    if (!why) return std::nullopt;
    given.because = *why;
  }
  if (choice != "done") return given;
  const auto named = outputs(question.details.get("outputs"));
  if (!named) return std::nullopt;
  if (is_doubt) {
    given.fields = *named;
    return given;
  }
  given.fields = object({{"outputs", *named}});
  const auto seen = ask_evidence(editor_, EvidenceIs::optional);
  if (!seen) return std::nullopt;
  if (!seen->is_null()) given.fields = with(given.fields, "evidence", List{*seen});
  return given;
}

std::optional<Value> FailureMenu::outputs(const Value& known) {
  Map values = known.is_map() ? known.as_map() : Map();
  for (const OutputRule& rule : step_.outputs) {
    if (rule.is_secret || known.find(rule.name)) continue;
    while (true) {
      const auto typed = ask_line(editor_, fmt::format("its output `{}`: ", rule.name));
      if (!typed) return std::nullopt;
      std::string why;
      auto value = convert(rule.type, *typed, why);
      if (value && !typed->empty()) {
        values.emplace_back(rule.name, *std::move(value));
        break;
      }
      fmt::print(stderr, "{}\n", typed->empty() ? "steps behind it may read it: it must be given" : why);
    }
  }
  return Value(std::move(values));
}

}  // namespace runbook
