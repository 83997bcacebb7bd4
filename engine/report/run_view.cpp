#include "report/run_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/duration.h"
#include "base/json.h"
#include "report/form_text.h"
#include "report/handoff_text.h"
#include "report/viewed_steps.h"

namespace runbook {

namespace {

Value time_json(std::int64_t at_ms) { return at_ms == 0 ? Value() : Value(utc_text(at_ms)); }

Value stored(const JournalFile& file, const std::string& digest) {
  return digest.empty() ? Value() : parse_json(file.blob(digest));
}

Value step_json(const ViewedStep& step, const InstanceState& it) {
  const Value& line = step.line;
  return object({{"id", line.get("id")},
                 {"instance", step.instance},
                 {"title", line.get("title")},
                 {"type", line.get("type")},
                 {"effect", line.get("effect")},
                 {"effect_because", line.get("effect_because")},
                 {"section", line.get("section")},
                 {"source", line.get("source")},
                 {"state", step_state_name(it.state)},
                 {"why", it.why},
                 {"attempts", it.all_attempts},
                 {"exit_code", it.exit_code ? Value(*it.exit_code) : Value()},
                 {"left", list_from(it.left)},
                 {"started_at", time_json(it.started_at_ms)},
                 {"ended_at", time_json(it.ended_at_ms)},
                 {"outputs", step.outputs.is_map() ? step.outputs : Value(Map{})},
                 {"answered_by", it.answered_by.empty() ? Value() : Value(it.answered_by)},
                 {"evidence", step.evidence.is_list() ? step.evidence : Value(List{})}});
}

Value deviation_json(const Deviation& deviation) {
  return object({{"event", deviation.seq},
                 {"at", time_json(deviation.at_ms)},
                 {"step", deviation.instance},
                 {"what", deviation.what},
                 {"who", deviation.who},
                 {"because", deviation.because}});
}

// Nobody can answer what a run had asked before it was left.
std::vector<const Question*> open_questions(const RunState& run) {
  std::vector<const Question*> open;
  if (run.was_left()) return open;
  for (const auto& [id, question] : run.questions)
    if (question.is_open) open.push_back(&question);
  return open;
}

Value question_json(const Question& question, const Value& form) {
  List choices, ticked;
  for (const auto& choice : question.choices) choices.emplace_back(choice);
  for (std::int64_t item : question.ticked) ticked.emplace_back(item);
  return object({{"question", question.id},
                 {"step", question.instance},
                 {"about", question.about},
                 {"text", question.text},
                 {"choices", Value(std::move(choices))},
                 {"form", form},
                 {"ticked", Value(std::move(ticked))},
                 {"asked_at", time_json(question.asked_at_ms)}});
}

Value undoing_json(const RunState& run) {
  if (!run.is_undoing) return Value();
  return object({{"since", time_json(run.undo_began_at_ms)}, {"to", run.undo_to.empty() ? Value() : Value(run.undo_to)}});
}

Value targets_json(const RunState& run) {
  Map targets;
  for (const auto& [name, pinned] : run.targets)
    targets.emplace_back(name, object({{"is", pinned.text}, {"identity", pinned.identity}}));
  return Value(std::move(targets));
}

Value watches_json(const RunState& run) {
  Map watches;
  for (const auto& [name, watch] : run.watches)
    watches.emplace_back(
        name, object({{"state", sight_name(watch.sight)}, {"why", watch.why}, {"since", time_json(watch.since_ms)}}));
  return Value(std::move(watches));
}

std::string_view colour_of(StepState state) {
  switch (state) {
    case StepState::succeeded:
    case StepState::satisfied: return "\x1b[32m";
    case StepState::failed:
    case StepState::in_doubt: return "\x1b[31m";
    case StepState::running:
    case StepState::waiting: return "\x1b[33m";
    case StepState::pending:
    case StepState::skipped:
    case StepState::cancelled:
    case StepState::undone: break;
  }
  return "\x1b[2m";
}

std::string took(const InstanceState& it) {
  if (it.started_at_ms == 0 || it.ended_at_ms < it.started_at_ms) return "";
  return elapsed_text(it.ended_at_ms - it.started_at_ms);
}

std::string step_line(const ViewedStep& step, const InstanceState& it, std::size_t width, Colour colour) {
  const bool is_watch = step.line.text_or("type", "") == "watch";
  std::string state = fmt::format("{:<10}", is_watch ? "watch" : step_state_name(it.state));
  if (colour == Colour::yes) state = fmt::format("{}{}\x1b[0m", colour_of(it.state), state);
  std::string text = fmt::format("  {} {:<{}}  {}", state, step.instance, width, step.line.text_or("title", ""));
  std::string time = took(it);
  if (!time.empty())
    text += fmt::format("  ({}{})", time, it.all_attempts > 1 ? fmt::format(", {} attempts", it.all_attempts) : "");
  text += "\n";
  bool needs_reason = it.state == StepState::failed || it.state == StepState::in_doubt || it.state == StepState::waiting ||
                      it.state == StepState::skipped || it.has_exited;
  if (needs_reason && !it.why.empty()) text += fmt::format("  {:<10} {:<{}}  {}\n", "", "", width, it.why);
  return text;
}

// What a watch sees is no state of a step.
std::string watch_line(const RunState& state, const ViewedStep& step, std::size_t width) {
  const auto seen = state.watches.find(step.instance);
  if (seen == state.watches.end()) return {};
  const WatchState& watch = seen->second;
  return fmt::format("  {:<10} {:<{}}  {} since {}{}\n", "", "", width, sight_name(watch.sight), utc_text(watch.since_ms),
                     watch.why.empty() ? "" : ": " + watch.why);
}

Value handoff_json(const Handoff& handoff) {
  return object({{"event", handoff.seq},
                 {"at", time_json(handoff.at_ms)},
                 {"who", handoff.who},
                 {"note", handoff.note},
                 {"taken_by", handoff.taken_by.empty() ? Value() : Value(handoff.taken_by)},
                 {"taken_at", time_json(handoff.taken_at_ms)}});
}

// What it does instead of going forward; "" if nothing.
std::string leaving_text(const RunState& run) {
  if (run.was_left()) return "";
  if (run.is_undoing)
    return fmt::format("  undoing    since {}, {}\n", utc_text(run.undo_began_at_ms),
                       run.undo_to.empty() ? "all that ran" : fmt::format("back to `{}`, which is undone too", run.undo_to));
  if (!run.is_cancelling) return "";
  return fmt::format("  leaving    as {}; its `finally` comes first\n", run.leaves_as.empty() ? "cancelled" : run.leaves_as);
}

std::string head_text(const RunView& view) {
  const RunState& run = view.state;
  std::string text = fmt::format("{}  {}{}\n", view.row.run, run.runbook, run.title.empty() ? "" : ": " + run.title);
  text += fmt::format("  state      {}{}\n", run.state, run.why.empty() ? "" : " (" + run.why + ")");
  text += leaving_text(run);
  text += fmt::format("  began      {} by {} on {}\n", utc_text(run.began_at_ms), run.operator_name, run.host);
  if (run.ended_at_ms)
    text += fmt::format("  ended      {} ({})\n", utc_text(run.ended_at_ms), elapsed_text(run.ended_at_ms - run.began_at_ms));
  if (!run.lock.empty())
    text += fmt::format("  lock       {}{}\n", run.lock,
                        run.was_left() ? " (given back)" : " (against other runs of this journal)");
  for (const auto& [name, pinned] : run.targets) text += fmt::format("  target     {}: {}\n", name, pinned.text);
  for (const Handoff& handoff : run.handoffs) text += fmt::format("  handoff    {}", handoff_text(handoff, "             "));
  return text + fmt::format("  runbook    {} (sha256 {})\n", run.file, run.definition_sha256.substr(0, 12));
}

}  // namespace

std::string_view sight_name(WatchState::Sight sight) {
  switch (sight) {
    case WatchState::Sight::good: return "good";
    case WatchState::Sight::bad: return "bad";
    case WatchState::Sight::tripped: return "tripped";
  }
  return {};
}

RunState fold_run(const JournalFile& file, const std::string& run) {
  RunState state;
  file.events(run, 0, [&](const Event& event) { state.apply(event); });
  return state;
}

RunView view_run(const JournalFile& file, const RunRow& row) {
  RunView view{row, fold_run(file, row.run), {}, {}, {}};
  const auto read = [&](const std::string& digest) { return stored(file, digest); };
  view.steps = viewed_steps(read(view.state.outline), view.state, read);
  view.inputs = stored(file, view.state.inputs);
  view.run_outputs = stored(file, view.state.outputs);
  for (ViewedStep& step : view.steps) {
    step.outputs = stored(file, view.state.of(step.instance).outputs);
    step.evidence = stored(file, view.state.of(step.instance).evidence);
  }
  for (const Question* question : open_questions(view.state)) view.forms[question->id] = stored(file, question->form);
  return view;
}

Value row_json(const RunRow& row) {
  return object({{"run", row.run},
                 {"runbook", row.runbook},
                 {"title", row.title},
                 {"file", row.file},
                 {"state", row.state},
                 {"began_at", time_json(row.began_at_ms)},
                 {"ended_at", time_json(row.ended_at_ms)},
                 {"duration_ms", row.ended_at_ms ? Value(row.ended_at_ms - row.began_at_ms) : Value()}});
}

Value to_json_view(const RunView& view) {
  const RunState& run = view.state;
  List steps, deviations, questions, handoffs;
  for (const Handoff& handoff : run.handoffs) handoffs.push_back(handoff_json(handoff));
  for (const ViewedStep& step : view.steps) steps.push_back(step_json(step, run.of(step.instance)));
  for (const auto& deviation : run.deviations) deviations.push_back(deviation_json(deviation));
  for (const Question* question : open_questions(run))
    questions.push_back(question_json(*question, view.forms.at(question->id)));
  return object({{"run", view.row.run},
                 {"runbook", run.runbook},
                 {"title", run.title},
                 {"version", run.version},
                 {"state", run.state},
                 {"why", run.why},
                 {"undoing", undoing_json(run)},
                 {"cancelling", run.is_cancelling},
                 {"file", run.file},
                 {"definition_sha256", run.definition_sha256},
                 {"engine", run.engine},
                 {"operator", run.operator_name},
                 {"host", run.host},
                 {"lock", run.lock.empty() ? Value() : Value(run.lock)},
                 {"began_at", time_json(run.began_at_ms)},
                 {"ended_at", time_json(run.ended_at_ms)},
                 {"inputs", view.inputs},
                 {"outputs", view.run_outputs},
                 {"steps", Value(std::move(steps))},
                 {"questions", Value(std::move(questions))},
                 {"deviations", Value(std::move(deviations))},
                 {"handed_off", run.handoffs.empty() ? Value() : handoff_json(run.handoffs.back())},
                 {"handoffs", Value(std::move(handoffs))},
                 {"targets", targets_json(run)},
                 {"watches", watches_json(run)},
                 {"events", run.seq},
                 {"head", view.row.hash}});
}

std::string to_text_view(const RunView& view, Colour colour, const std::optional<MarkdownStyle>& markdown) {
  std::string text = head_text(view);
  std::size_t width = 4;
  for (const ViewedStep& step : view.steps) width = std::max(width, std::min<std::size_t>(step.instance.size(), 40));
  std::string section;
  for (const ViewedStep& step : view.steps) {
    if (step.line.text_or("section", "") != section || &step == &view.steps.front()) {
      section = step.line.text_or("section", "");
      text += section.empty() ? "\n" : fmt::format("\n{}\n", section);
    }
    text += step_line(step, view.state.of(step.instance), width, colour);
    text += watch_line(view.state, step, width);
    for (const Value& each : step.evidence.is_list() ? step.evidence.as_list() : List())
      text += fmt::format("  {:<10} {:<{}}  {}\n", "", "", width, evidence_line(each));
  }
  for (const ViewedStep& step : view.steps) {
    if (view.state.was_left()) break;
    for (const std::string& process : view.state.of(step.instance).left)
      text += fmt::format("\nleft behind by `{}`, ends with the run: {}\n", step.instance, process);
  }
  for (const Question* question : open_questions(view.state)) {
    text += fmt::format("\nopen question: {}\n", question->text);
    if (const Value& form = view.forms.at(question->id); form.is_map())
      text += "\n" + form_text(form, *question, "    ", markdown);
  }
  if (!view.state.deviations.empty()) text += "\ndeviations\n";
  for (const auto& deviation : view.state.deviations)
    text += fmt::format("  {}  {}{}{} by {}{}\n", utc_text(deviation.at_ms), deviation.instance,
                        deviation.instance.empty() ? "" : " ", deviation.what, deviation.who,
                        deviation.because.empty() ? "" : ": " + deviation.because);
  if (view.run_outputs.is_map()) text += "\noutputs\n";
  if (view.run_outputs.is_map())
    for (const auto& [name, value] : view.run_outputs.as_map()) text += fmt::format("  {} = {}\n", name, text_or_json(value));
  return text;
}

}  // namespace runbook
