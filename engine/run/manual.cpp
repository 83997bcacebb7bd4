#include "run/manual.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "base/json.h"
#include "base/suggestion.h"
#include "book/input_rules.h"
#include "book/inputs.h"
#include "run/questions.h"
#include "run/settle.h"

namespace runbook {

namespace {

const Value* find_field(const Value& form, const std::string& name) {
  const Value* fields = form.find("collect");
  if (!fields || !fields->is_list()) return nullptr;
  for (const Value& field : fields->as_list()) {
    if (field.text_or("name", "") == name) return &field;
  }
  return nullptr;
}

class Collecting {
 public:
  Collecting(const Value& form, const std::vector<std::pair<std::string, std::string>>& given) : form_(form), given_(given) {}

  Collected run(const std::vector<Input>& inputs) {
    check_names(inputs);
    for (const Input& input : inputs) take(input);
    return std::move(collected_);
  }

 private:
  void check_names(const std::vector<Input>& inputs) {
    std::vector<std::string> names;
    for (const Input& input : inputs) names.push_back(input.name);
    for (const auto& [name, text] : given_) {
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      collected_.problems.push_back({fmt::format("this step does not collect `{}`", name),
                                     names.empty() ? "it collects nothing: leave --set out" : suggestion(name, names)});
    }
  }

  void take(const Input& input) {
    const auto last = std::find_if(given_.rbegin(), given_.rend(), [&](const auto& each) { return each.first == input.name; });
    const auto fallback = default_of(form_, input.name);
    if (last == given_.rend() && !fallback) {
      const std::string what = input.description.empty() ? "" : fmt::format(" ({})", input.description);
      return refuse(input, fmt::format("`{}` is missing{}", input.name, what));
    }
    Taken taken = take_value(input, last == given_.rend() ? *fallback : last->second);
    if (!taken.value) return refuse(input, fmt::format("`{}`: {}", input.name, taken.why));
    collected_.values = with(collected_.values, input.name, *std::move(taken.value));
  }

  void refuse(const Input& input, std::string message) {
    const std::string example = input.example.is_null() ? "..." : text_or_json(input.example);
    collected_.problems.push_back({std::move(message), fmt::format("--set {}={}", input.name, example)});
  }

  const Value& form_;
  const std::vector<std::pair<std::string, std::string>>& given_;
  Collected collected_;
};

std::string by(const Answer& given) {
  return given.because.empty() ? given.who : fmt::format("{}: {}", given.who, given.because);
}

// Who says that it is done says so of each item.
std::vector<Proposal> ticks_of_the_rest(const Instance& step, const Question& question, const std::string& who) {
  std::vector<Proposal> ticks;
  for (std::int64_t item = 0; item < step->manual->items; ++item) {
    if (!question.ticked.count(item)) ticks.push_back(tick(question, item, who));
  }
  return ticks;
}

Proposal confirmed(const Instance& step, const Answer& given, std::int64_t now_ms) {
  const Value outputs = given.fields.get("outputs");
  Value body = object({{"result", "succeeded"}, {"why", "confirmed by " + given.who}});
  if (has_looks_after(*step)) {
    const Probe& probe = step->done_when ? *step->done_when : *step->verify;
    body = object({{"looks_until_ms", now_ms + probe.timeout_ms}});
    if (!step->done_when) body = with(body, "verifying", true);
  }
  Proposal proposal(has_looks_after(*step) ? event::exited : event::ended, step.id, body);
  if (outputs.is_map() && !outputs.as_map().empty()) proposal.attach("outputs", to_json(outputs));
  return proposal;
}

}  // namespace

void attach_evidence(Proposal& answered, const Value& evidence) {
  if (!evidence.is_list() || evidence.as_list().empty()) return;
  List kept;
  for (const Value& each : evidence.as_list()) {
    Map entry;
    for (const auto& [name, value] : each.as_map()) {
      if (name != "bytes") entry.emplace_back(name, value);
    }
    kept.emplace_back(std::move(entry));
    const auto bytes = from_base64(each.text_or("bytes", ""));
    if (each.find("bytes") && bytes) answered.attach(fmt::format("file_{}", kept.size()), *bytes);
  }
  answered.attach("evidence", to_json(Value(std::move(kept))));
}

Proposal ask_manual(const RunState& state, const Instance& step, const Value& form) {
  const std::string about = fmt::format("manual_{}", state.of(step.id).group);
  const std::string title = step->title == step.id ? "" : ": " + step->title;
  Proposal asked(event::asked, step.id,
                 object({{"question", new_question_id(state, step.id, about, 1)},
                         {"about", "manual"},
                         {"text", fmt::format("`{}` is done by a person{}", step.id, title)},
                         {"choices", List{"confirm", "reject", "skip"}}}));
  asked.attach("form", to_json(form));
  return asked;
}

Collected collect(const Manual& manual, const Value& form, const std::vector<std::pair<std::string, std::string>>& given) {
  return Collecting(form, given).run(manual.collect);
}

Taken take_value(const Input& input, const std::string& text) {
  Taken taken;
  taken.value = convert(input.type, text, taken.why, input.scalars());
  if (taken.value) taken.why = why_not_taken(input, *taken.value);
  if (!taken.why.empty()) taken.value.reset();
  return taken;
}

std::optional<std::string> default_of(const Value& form, const std::string& name) {
  const Value* field = find_field(form, name);
  const Value* fallback = field ? field->find("default") : nullptr;
  return fallback ? std::optional(text_or_json(*fallback)) : std::nullopt;
}

std::string why_not_confirmed(const Manual& manual, const Answer& given) {
  if (given.choice != "confirm") return given.because.empty() ? fmt::format("`{}` needs a reason", given.choice) : "";
  const Value outputs = given.fields.get("outputs"), evidence = given.fields.get("evidence");
  for (const Input& input : manual.collect) {
    const Value* value = outputs.find(input.name);
    if (!value) return fmt::format("`{}` is missing", input.name);
    const std::string why = take_value(input, text_or_json(*value)).why;
    if (!why.empty()) return fmt::format("`{}`: {}", input.name, why);
  }
  const bool has_evidence = evidence.is_list() && !evidence.as_list().empty();
  return manual.needs_evidence && !has_evidence ? "this step wants evidence: a note, a file or a URL" : "";
}

std::vector<Proposal> answer_manual(const Instance& step, const Question& question, const Answer& given, std::int64_t now_ms) {
  Value body = object({{"who", given.who}, {"question", question.id}, {"choice", given.choice}});
  if (!given.because.empty()) body = with(body, "because", given.because);
  Proposal answered(event::answered, step.id, body);
  if (given.choice == "confirm") {
    attach_evidence(answered, given.fields.get("evidence"));
    std::vector<Proposal> events = ticks_of_the_rest(step, question, given.who);
    events.push_back(std::move(answered));
    events.push_back(confirmed(step, given, now_ms));
    return events;
  }
  if (given.choice == "skip")
    return {answered, Proposal(event::skipped, step.id,
                               object({{"why", "left out by " + given.who}, {"who", given.who}, {"because", given.because}}))};
  return {answered,
          Proposal(event::ended, step.id, object({{"result", "failed"}, {"why", fmt::format("rejected by {}", by(given))}}))};
}

Proposal tick(const Question& question, std::int64_t item, const std::string& who) {
  return Proposal(event::ticked, question.instance, object({{"question", question.id}, {"item", item}, {"who", who}}));
}

}  // namespace runbook
