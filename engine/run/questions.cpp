#include "run/questions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/json.h"
#include "run/manual.h"

namespace runbook {

namespace {

Proposal ask(const RunState& state, const Instance& step, const std::string& about, std::int64_t number, std::string text,
             std::vector<std::string> choices) {
  List list;
  for (auto& choice : choices) list.emplace_back(std::move(choice));
  return Proposal(event::asked, step.id,
                  object({{"question", new_question_id(state, step.id, about, number)},
                          {"about", about},
                          {"text", text},
                          {"choices", Value(std::move(list))}}));
}

Value who_and_why(const Answer& given) {
  Value body = object({{"who", given.who}});
  return given.because.empty() ? body : with(body, "because", given.because);
}

std::vector<Proposal> settle_doubt(const RunState& state, const Question& question, const Answer& given) {
  const InstanceState& it = state.of(question.instance);
  if (given.choice == looks_again) return {};
  const std::int64_t attempt = it.is_open ? it.attempt : 0;
  std::string by = fmt::format("decided by {}: {}", given.who, given.choice);
  if (given.choice == "done") {
    Proposal ended(event::ended, question.instance, object({{"result", "succeeded"}, {"why", by}}), attempt);
    if (given.fields.is_map() && !given.fields.as_map().empty()) ended.attach("outputs", to_json(given.fields));
    return {ended};
  }
  Proposal ended(event::ended, question.instance,
                 object({{"result", "failed"}, {"why", by}, {"had_no_effect", given.choice == "not-done"}}), attempt);
  if (given.choice == "not-done") return {ended};
  return {ended, Proposal(event::renewed, question.instance, with(who_and_why(given), "how", "retry"))};
}

// The attempt has its outcome already: that it is done is a deed of who says so.
std::vector<Proposal> settle_failure(const Question& question, const Answer& given) {
  if (given.choice == "retry") return {Proposal(event::renewed, question.instance, with(who_and_why(given), "how", "retry"))};
  const std::string by = fmt::format("{} by {}", given.choice == "done" ? "said to be done" : "left out", given.who);
  if (given.choice == "skip") return {Proposal(event::skipped, question.instance, with(who_and_why(given), "why", by))};
  Proposal ended(event::ended, question.instance, object({{"result", "succeeded"}, {"why", by}}));
  const Value outputs = given.fields.get("outputs");
  if (outputs.is_map() && !outputs.as_map().empty()) ended.attach("outputs", to_json(outputs));
  return {ended};
}

}  // namespace

std::string new_question_id(const RunState& state, const std::string& step, const std::string& about, std::int64_t number) {
  std::string id = fmt::format("{}/{}/{}", step, about, number);
  while (state.questions.count(id) > 0) id = fmt::format("{}/{}/{}", step, about, ++number);
  return id;
}

std::string approval_phrase(const Step& step) { return step.title.empty() ? step.id : step.title; }

Proposal ask_approval(const RunState& state, const Instance& step, const std::string& sha256) {
  const InstanceState& it = state.of(step.id);
  const std::string phrase = approval_phrase(*step);
  const std::string again = it.is_approved ? " What would run now is not what was approved." : "";
  Proposal asked = ask(state, step, "approval", it.group,
                       fmt::format("`{}` can't be undone.{} To go on, type: {}", step.id, again, phrase), {"approve"});
  asked.event.body = with(with(asked.event.body, "phrase", phrase), "phrase_sha256", sha256);
  return asked;
}

const char* done_before_looks(const Step& step) { return step.kind == Step::Kind::manual ? "it was confirmed" : "it ran"; }

Proposal ask_doubt(const RunState& state, const Instance& step, const std::string& seen) {
  const InstanceState& it = state.of(step.id);
  std::string text = fmt::format("Did `{}` take effect? {}.", step.id, it.why);
  if (!seen.empty()) text += fmt::format(" Looked, and {}.", seen);
  Proposal asked = ask(state, step, "doubt", it.attempt, text, {"done", "not-done", "retry"});
  asked.event.attempt = it.attempt;
  return asked;
}

std::string done_but_unseen(const Step& step, const std::string& why) {
  return fmt::format("{}, but can't be looked at: {}", done_before_looks(step), why);
}

const Question* unseen_question(const RunState& state, const std::string& instance) {
  const Question* question = state.of(instance).has_exited ? state.open_question(instance) : nullptr;
  return question && question->about == "doubt" ? question : nullptr;
}

std::vector<Proposal> close_unseen(const RunState& state, const Question& question, const std::string& because) {
  return answer(state, question, {question.id, std::string(looks_again), "runbook", because, 0, Value()});
}

Proposal ask_unseen(const RunState& state, const Instance& step, const std::string& why) {
  const InstanceState& it = state.of(step.id);
  const std::string what = done_but_unseen(*step, why);
  const std::string text = fmt::format("Did `{}` take effect? I{}", step.id, what.substr(1));
  Proposal asked = ask(state, step, "doubt", it.attempt, text, {"done", "not-done", "retry"});
  asked.event.body = with(asked.event.body, "why", what);
  if (it.is_open) asked.event.attempt = it.attempt;
  return asked;
}

// A failure ends a group of attempts: one question each.
Proposal ask_about_failure(const RunState& state, const Instance& step) {
  const InstanceState& it = state.of(step.id);
  return ask(state, step, "failed", it.group, fmt::format("`{}` failed: {}.", step.id, it.why), {"retry", "done", "skip"});
}

Value map_of(const std::map<std::string, std::string>& texts) {
  Map map;
  for (const auto& [key, text] : texts) map.emplace_back(key, text);
  return Value(std::move(map));
}

Proposal ask_about_files(const RunState& state, const Instance& step, const FileChanges& changes) {
  std::vector<std::string> said;
  std::map<std::string, std::string> now = changes.taken;
  for (const auto& [path, digest] : changes.foreign) {
    said.push_back(fmt::format("{} {}", path, digest.empty() ? "is gone" : "has changed"));
    now[path] = digest;
  }
  Proposal asked = ask(state, step, "files", 1,
                       fmt::format("`{}` reads what is not what it was when the run began: {}. Take it as it is now, or stop?",
                                   step.id, fmt::join(said, ", ")),
                       {"take", "stop"});
  asked.event.body = with(with(asked.event.body, "files", map_of(now)), "changed", list_from(said));
  return asked;
}

Proposal ask_for_code(const RunState& state, const Instance& step, const std::string& device) {
  return ask(state, step, "code", 1,
             fmt::format("`{}` needs the code that the MFA device {} shows. It is good for half a minute.", step.id, device),
             {"code"});
}

Proposal ask_overdue(const RunState& state, const Instance& step) {
  const std::int64_t attempt = state.of(step.id).attempt;
  Proposal asked = ask(state, step, "overdue", attempt,
                       fmt::format("`{}` runs longer than its timeout. Go on waiting, or stop it?", step.id), {"wait", "stop"});
  asked.event.attempt = attempt;
  return asked;
}

std::string why_not_a_choice(const Question& question, const Answer& given) {
  if (question.about == "code" && given.choice == "code") {
    const std::string code = given.fields.text_or("code", "");
    const bool has_digits = std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; });
    return code.size() == 6 && has_digits ? "" : "a code has six digits";
  }
  if (!question.phrase.empty() && given.choice == "approve" && given.fields.text_or("phrase", "") != question.phrase)
    return fmt::format("the phrase does not fit; type exactly: {}", question.phrase);
  if (std::find(question.choices.begin(), question.choices.end(), given.choice) != question.choices.end()) return "";
  return fmt::format("`{}` is not one of: {}", given.choice, fmt::join(question.choices, ", "));
}

std::vector<Proposal> answer(const RunState& state, const Question& question, const Answer& given) {
  Value body = with(with(who_and_why(given), "question", question.id), "choice", given.choice);
  std::vector<Proposal> events = {Proposal(event::answered, question.instance, body)};
  if (question.about == "failed") attach_evidence(events.front(), given.fields.get("evidence"));
  if (question.about == "files" && given.choice == "stop")
    events.emplace_back(event::refused, question.instance,
                        object({{"why", fmt::format("stopped by {}: {}", given.who, fmt::join(question.changed, ", "))}}));
  std::vector<Proposal> more;
  if (question.about == "doubt") more = settle_doubt(state, question, given);
  if (question.about == "failed") more = settle_failure(question, given);
  for (auto& proposal : more) events.push_back(std::move(proposal));
  return events;
}

}  // namespace runbook
