#include "cli/wishes.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/clock.h"
#include "base/counted.h"
#include "base/duration.h"
#include "base/error.h"
#include "cli/asking.h"
#include "cli/at_rest.h"
#include "cli/typed_in_editor.h"
#include "cli/undo_text.h"
#include "os/foreground.h"
#include "run/before.h"
#include "run/on_target.h"
#include "run/request.h"
#include "run/undo.h"

namespace runbook {

namespace {

std::string shell_program() {
  const char* shell = std::getenv("SHELL");
  return shell && *shell ? shell : "/bin/sh";
}

}  // namespace

std::optional<std::string> Wishes::ask_why() {
  const auto why = ask_for(driven_.editor, "why? (stands in the record; Ctrl-D: back): ");
  return why ? std::optional(driven_.masked(*why)) : std::nullopt;
}

// Nothing is decided meanwhile: the end of what runs would be recorded late.
void Wishes::require_quiet(std::string_view what) const {
  if (driven_.executor.is_any_act_running())
    throw Error(ExitCode::usage, "another branch still runs a step", fmt::format("{} when it has ended", what));
}

void Wishes::record(Proposal proposal) {
  driven_.executor.record(std::move(proposal));
  driven_.executor.commit();
}

Wishes::Then Wishes::carry_out(const Wish& wish) {
  try {
    switch (wish.kind) {
      case Wish::Kind::edit: return edit(wish.instance);
      case Wish::Kind::shell: return shell(wish.instance);
      case Wish::Kind::undo: return undo("");
      case Wish::Kind::handoff: return hand_off("");
      case Wish::Kind::quit: return Then::pauses;
    }
  } catch (const Error& error) {
    if (error.code() == ExitCode::journal) throw;
    say(fmt::format("not done: {}", with_hint(error)));
  }
  return Then::goes_on;
}

std::optional<Executor::Conclusion> Wishes::run(TerminalPerson& person, Limits limits) {
  Executor::Conclusion conclusion = driven_.executor.run(limits);
  while (conclusion.end.state == "yielded") {
    Then then = Then::goes_on;
    {
      const AtRest at_rest(driven_, person);
      if (const auto wish = person.take_wish()) then = carry_out(*wish);
    }
    if (then == Then::begins_anew) return std::nullopt;
    if (then == Then::pauses) limits.is_pausing = true;
    if (then == Then::pauses) limits.who = driven_.who;
    conclusion = driven_.executor.run(limits);
  }
  return conclusion;
}

std::optional<std::string> Wishes::in_editor(const std::string& text, const Step& step) {
  const Aside aside(driven_.console, {});
  return typed_in_editor(text, step.place.line, driven_.facts.dir);
}

// The whole text, at the step's line: what else has to change with it is at hand.
Wishes::Then Wishes::edit(const std::string& instance) {
  const auto step = driven_.find(instance);
  if (!step) throw Error(ExitCode::usage, fmt::format("there is no step `{}`", instance));
  if (included_around(step->frame.get()))
    throw Error(ExitCode::usage,
                fmt::format("`{}` stands in an included runbook; only the runbook itself is edited here", instance));
  require_quiet("edit");
  RunEdit edit;
  edit.text = driven_.facts.runbook->source->text();
  edit.what = fmt::format("`{}` was edited, for this run", (*step)->id);
  while (true) {
    const auto typed = in_editor(edit.text, **step);
    if (!typed || *typed == driven_.facts.runbook->source->text()) return say("nothing was changed"), Then::goes_on;
    edit.text = *typed;
    try {
      const auto why = ask_why();
      if (!why) return say("nothing was changed"), Then::goes_on;
      edit.because = *why;
      return change(edit, driven_.state.of(instance).state == StepState::failed ? instance : "");
    } catch (const Error& error) {
      if (error.code() == ExitCode::journal) throw;
      say(with_hint(error));
      const auto word = ask_line(driven_.editor, "edit it again? [yes | no]: ");
      if (!word || *word != "yes") return say("nothing was changed"), Then::goes_on;
    }
  }
}

Wishes::Then Wishes::set_input(const std::string& name, const std::string& text) {
  const Input* input = driven_.facts.runbook->find_input(name);
  if (!input) throw Error(ExitCode::usage, fmt::format("there is no input `{}`", name));
  if (input->type == ValueType::secret)
    throw Error(ExitCode::usage, fmt::format("`{}` is a secret: it is not typed where it is seen", name),
                "quit, and go on where it is found: see `runbook why`");
  require_quiet("set it");
  const auto why = ask_why();
  if (!why) return say("nothing was changed"), Then::goes_on;
  return change({driven_.facts.runbook->source->text(), {{name, text}}, fmt::format("the input `{}` was set anew", name), *why},
                "");
}

Wishes::Then Wishes::change(const RunEdit& edit, const std::string& renewed) {
  GoesOnWith with = edited_definition(driven_.arguments, driven_.file, driven_.run, driven_.state, edit);
  if (with.adoption.empty()) return say("that changes nothing"), Then::goes_on;
  for (Proposal& proposal : with.adoption) driven_.executor.record(std::move(proposal));
  if (!renewed.empty())
    driven_.executor.record(
        Proposal(event::renewed, renewed, object({{"how", "retry"}, {"who", driven_.who}, {"because", edit.because}})));
  driven_.executor.commit();
  changed_ = std::move(with);
  return Then::begins_anew;
}

// Its target is looked at as before the step itself: a shell on another cluster would be worse than none.
std::optional<Request> Wishes::request_of(const Instance& step) {
  const Live nothing_seen;
  const Limits limits;
  Turn turn{driven_.facts, driven_.state, nothing_seen, driven_.values, SystemClock().now_ms(), limits};
  try {
    const RunScope scope = scope_with_before(driven_.facts, driven_.state, nothing_seen, driven_.values, step);
    Value target;
    if (const auto look = look_at_target(turn, step, scope)) target = driven_.performer.see_targets(*look->request);
    if (const std::string why = judge_target(turn, step, target).why_not; !why.empty()) return say(why), std::nullopt;
    return make_surroundings(driven_.facts, step, scope, target);
  } catch (const std::exception& error) {
    throw Error(ExitCode::usage,
                fmt::format("what `{}` would have around it is not known: {}", step.id, driven_.masked(with_hint(error))));
  }
}

Wishes::Then Wishes::shell(const std::string& instance) {
  const auto step = driven_.find(instance);
  if (!step) throw Error(ExitCode::usage, fmt::format("there is no step `{}`", instance));
  require_quiet("open a shell");
  const auto request = request_of(*step);
  if (!request) return Then::goes_on;
  if (driven_.state.is_scripted) say("the run is a rehearsal, but the shell is a real one: what is typed there happens");
  record(Proposal(event::shell_opened, instance, object({{"who", driven_.who}})));
  const std::int64_t opened = driven_.journal.seq(), since_ms = SystemClock().now_ms();
  say(fmt::format("a shell with the environment of `{}`, in {}. `exit` leads back; that it was open is recorded.", instance,
                  request->dir));
  const Aside aside(driven_.console, {});
  const int status = run_in_foreground({shell_program()}, request->env, request->dir);
  const std::int64_t lasted_ms = SystemClock().now_ms() - since_ms;
  record(Proposal(event::shell_closed, instance, object({{"opened", opened}, {"lasted_ms", lasted_ms}, {"status", status}})));
  say(fmt::format("back in run {}; the shell was open for {}", driven_.run, elapsed_text(lasted_ms)));
  return Then::goes_on;
}

Wishes::Then Wishes::undo(std::string back_to) {
  require_quiet("undo");
  const auto scope_to = [&](std::int64_t border) {
    UndoScope scope = undo_scope(driven_.facts, driven_.state, driven_.values, back_to, border);
    for (const UndoEntry& entry : scope.list)
      fmt::print(stderr, "{}", undo_text(driven_.facts, driven_.state, driven_.values, entry));
    return scope;
  };
  UndoScope scope;
  if (back_to.empty()) {
    scope = scope_to(0);
    const auto typed = ask_line(driven_.editor, "back to which step, which is undone too? [all | STEP; Ctrl-D: back]: ");
    if (!typed || typed->empty()) return say("nothing was undone"), Then::goes_on;
    if (*typed != "all") back_to = *typed;
  }
  if (!back_to.empty()) {
    const std::int64_t border = undo_border(driven_.state, back_to);
    if (border == 0) throw Error(ExitCode::usage, fmt::format("`{}` has done nothing that could be undone", back_to));
    scope = scope_to(border);
  }
  if (!scope.refusal.why.empty()) throw Error(ExitCode::usage, scope.refusal.why, scope.refusal.hint);
  if (scope.possible() == 0) throw Error(ExitCode::usage, "nothing of it can be undone");
  const auto consent = ask_line(driven_.editor, fmt::format("Undo {}? Type `undo`: ", counted(scope.possible(), "step")));
  if (consent != "undo") return say("nothing was undone"), Then::goes_on;
  record(scope.undoing(driven_.who, "chosen at the terminal"));
  return Then::goes_on;
}

// It is released when the run has paused.
Wishes::Then Wishes::hand_off(std::string note) {
  if (note.empty()) {
    const auto typed = ask_for(driven_.editor, "a note for who goes on (stands in the record; Ctrl-D: back): ");
    if (!typed) return say("nothing was handed off"), Then::goes_on;
    note = *typed;
  }
  record(Proposal(event::handed_off, "", object({{"who", driven_.who}, {"note", driven_.masked(note)}})));
  return Then::pauses;
}

}  // namespace runbook
