#include "cli/walkthrough.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "base/suggestion.h"
#include "base/trimmed.h"
#include "cli/asking.h"
#include "cli/commands.h"
#include "cli/file_completion.h"
#include "cli/step_decisions.h"
#include "cli/step_page.h"
#include "os/terminal.h"
#include "run/frontier.h"

namespace runbook {

namespace {

// They only look, and take the run as their first operand.
bool is_look(const CommandRow& row) {
  static const std::set<std::string_view> looks = {"show", "why", "logs", "verify", "report"};
  return looks.count(row.name) > 0;
}

std::vector<std::string> verbs() {
  std::vector<std::string> all;
  for (const WalkVerb& verb : walk_verbs()) all.push_back(verb.name);
  for (const CommandRow& row : command_table())
    if (is_look(row)) all.emplace_back(row.name);
  return all;
}

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  bool is_word = false;
  for (const char c : line) {
    if (quote ? c == quote : c == '\'' || c == '"') {
      quote = quote ? '\0' : c;
      is_word = true;
    } else if (!quote && (c == ' ' || c == '\t')) {
      if (is_word || !word.empty()) words.push_back(std::exchange(word, {}));
      is_word = false;
    } else {
      word += c;
    }
  }
  if (is_word || !word.empty()) words.push_back(word);
  return words;
}

// A rescue, or what a watch sets off: the last part of its path says it (see Section::path).
bool is_set_off(const Section& section) {
  const std::string last = section.path.substr(section.path.find_last_of('.') + 1);  // npos + 1 is 0
  return last != "finally" && last.find_first_not_of("0123456789") != std::string::npos;
}

std::vector<std::string> step_ids(const Driven& driven) {
  std::set<std::string> ids;
  for (const Step* step : driven.facts.runbook->steps) ids.insert(step->id);
  for (const auto& [instance, it] : driven.state.instances) ids.insert(instance);
  return {ids.begin(), ids.end()};
}

}  // namespace

const std::vector<WalkVerb>& walk_verbs() {
  static const std::vector<WalkVerb> verbs = {
      {"next", "", "begin the step that is shown; Enter does the same"},
      {"run-to", "STEP", "run on, and stop before STEP"},
      {"go", "", "run on to the end; what fails or asks still stops"},
      {"skip", "[STEP]", "leave a step out"},
      {"redo", "STEP", "have a step done anew, though it is done"},
      {"undo", "[STEP]", "take back what ran, back to STEP"},
      {"set", "NAME=VALUE", "give an input another value, in this run alone"},
      {"edit", "[STEP]", "change the runbook for this run alone, in your editor"},
      {"shell", "[STEP]", "a shell with the step's environment and folder"},
      {"handoff", "NOTE", "leave the run to somebody else, with a note"},
      {"cancel", "", "leave the run for good"},
      {"quit", "", "pause the run; `runbook walk --resume` stands here again"},
      {"help", "", "this list"},
  };
  return verbs;
}

Walkthrough::Result Walkthrough::go(Driven& driven, Wishes& wishes, TerminalPerson& person, Limits limits) {
  while (true) {
    limits.walk = released_;
    const Executor::Conclusion conclusion = driven.executor.run(limits);
    if (conclusion.end.is_left()) return {conclusion};
    if (driven.executor.is_detached()) return {conclusion};
    const Next next = ask_what_next(driven, wishes, person, conclusion.end);
    if (next == Next::begins_anew) return {conclusion, true};
    if (next == Next::quits || next == Next::cancels) return end(driven, wishes, person, limits, next);
  }
}

// What other branches come to stands above the line that is typed.
Walkthrough::Next Walkthrough::ask_what_next(Driven& driven, Wishes& wishes, TerminalPerson& person, const End& end) {
  const AtRest at_rest(driven, person);
  Next next = after(end, wishes, person);
  if (next == Next::asks) released_ = WalkLimits();  // what was let begin has begun, or is asked about anew
  if (end.state != "yielded" && end.instance.empty()) {
    const auto coming = what_holds_up(driven.facts, driven.state, driven.values, Reach::next);
    if (!coming.empty() && !coming.front().empty()) at_ = coming.front();
  }
  while (next == Next::asks) next = at_prompt(driven, wishes);
  return next;
}

// Recorded as any pause, or as any other run that is given up.
Walkthrough::Result Walkthrough::end(const Driven& driven, Wishes& wishes, TerminalPerson& person, Limits limits, Next how) {
  limits.walk.reset();
  limits.who = driven.who;
  (how == Next::cancels ? limits.is_cancelling : limits.is_pausing) = true;
  const auto conclusion = wishes.run(person, limits);
  return conclusion ? Result{*conclusion} : Result{{}, true};
}

Walkthrough::Next Walkthrough::after(const End& end, Wishes& wishes, TerminalPerson& person) {
  if (const auto wish = person.take_wish()) {
    const Wishes::Then then = wishes.carry_out(*wish);
    return then == Wishes::Then::begins_anew ? Next::begins_anew : then == Wishes::Then::pauses ? Next::quits : Next::runs;
  }
  if (!end.instance.empty() && end.instance != at_) is_shown_ = false;
  if (!end.instance.empty()) at_ = end.instance;
  if (end.state == "failed") say(fmt::format("\nit can't go on: {}", end.why));
  if (end.state == "interrupted") say("\nstopped here; nothing more was begun");
  if (end.state != "held") is_shown_ = false;
  return Next::asks;
}

Walkthrough::Next Walkthrough::at_prompt(Driven& driven, Wishes& wishes) {
  if (!std::exchange(is_shown_, true)) show_page(driven);
  const auto step = driven.find(at_);
  StepPage page{driven.facts, driven.state, driven.values, terminal_charset()};
  const std::string prompt =
      step ? walk_prompt(page, *step, static_cast<int>(terminal_columns(STDERR_FILENO))) : driven.facts.runbook->name + " > ";
  if (driven.signals.is_ended()) return Next::quits;
  editor_.forget_break_off();
  const auto typed = editor_.read_line(prompt, [&](const std::string& line) { return completions(driven, line); });
  if (!typed) {
    fmt::print(stderr, "\n");
    const bool is_ctrl_c = editor_.is_broken_off() && !driven.signals.is_ended();
    if (is_ctrl_c) return say("Enter goes on, `quit` pauses the run, `help` lists what else there is"), Next::asks;
    return Next::quits;
  }
  try {
    const std::string line(trimmed(*typed));
    const Next next = carry_out(driven, wishes, line);
    // Not what was refused, nor a value or a note: it may be none for a file.
    const bool is_kept = line.compare(0, 4, "set ") != 0 && line.compare(0, 8, "handoff ") != 0;
    if (is_kept) editor_.remember(line);
    return next;
  } catch (const Error& error) {
    if (error.code() == ExitCode::journal) throw;
    say(with_hint(error));
    return Next::asks;
  }
}

Walkthrough::Next Walkthrough::carry_out(Driven& driven, Wishes& wishes, const std::string& typed) {
  const auto words = words_of(typed);
  const std::string verb = words.empty() ? "next" : words[0];
  const std::string rest(trimmed(std::string_view(typed).substr(std::min(typed.size(), verb.size()))));
  if (verb == "next" || verb == "run-to" || verb == "go") return walk_on(driven, verb, rest);
  if (verb == "skip" || verb == "redo") return decide(driven, wishes, verb, rest);
  if (verb == "set" || verb == "edit" || verb == "shell" || verb == "undo" || verb == "handoff")
    return change(driven, wishes, verb, rest);
  if (verb == "quit") return Next::quits;
  if (verb == "help" || verb == "?") return say(help()), Next::asks;
  if (verb == "cancel") {
    const auto word = ask_line(editor_, "The run is left for good; what it did stays done. Type `cancel`: ");
    return word == "cancel" ? Next::cancels : Next::asks;
  }
  const std::vector<std::string> known = verbs();
  if (std::find(known.begin(), known.end(), verb) == known.end())
    throw Error(ExitCode::usage, fmt::format("there is no `{}` here", verb), suggestion(verb, known));
  return look(driven, verb, words), Next::asks;
}

Walkthrough::Next Walkthrough::walk_on(Driven& driven, const std::string& verb, const std::string& rest) {
  released_.holds_nothing = verb == "go";
  if (verb == "next" && !rest.empty()) throw Error(ExitCode::usage, "`next` takes nothing", "run-to STEP");
  if (verb == "run-to") {
    const std::string step = step_meant(driven, rest);
    if (rest.empty()) throw Error(ExitCode::usage, "run to which step?", "run-to STEP");
    require_on_the_way(driven, step);
    if (is_done(driven.state.of(step).state))
      throw Error(ExitCode::usage, fmt::format("`{}` is {} already", step, step_state_name(driven.state.of(step).state)),
                  "redo STEP has it done anew");
    released_.until = step;
    return Next::runs;
  }
  released_.released.insert(at_);
  is_shown_ = false;
  return Next::runs;
}

Walkthrough::Next Walkthrough::decide(Driven& driven, Wishes& wishes, const std::string& verb, const std::string& rest) {
  if (verb == "redo" && rest.empty()) throw Error(ExitCode::usage, "redo which step?", "redo STEP");
  const std::string step = step_meant(driven, rest);
  if (!driven.find(step))
    throw Error(ExitCode::usage, fmt::format("`{}` is several: each item of its loop has a step of its own", step),
                fmt::format("{} {}[ITEM], once the loop has begun; `show` lists them", verb, step));
  const DecidedBy nobody{driven.who, ""};
  const auto decided = [&](const DecidedBy& by) {
    return verb == "skip" ? skip_of(driven.state, driven.run, step, by)
                          : redo_of(driven.facts, driven.state, driven.values, step, by);
  };
  (void)decided(nobody);  // whether it can be, before anything is asked
  const auto why = wishes.ask_why();
  if (!why) return say("nothing was decided"), Next::asks;
  driven.executor.record(decided({driven.who, *why}));
  driven.executor.commit();
  say(fmt::format("recorded: `{}` {}, by {}: {}", step, verb == "skip" ? "is left out" : "is done anew", driven.who, *why));
  return Next::runs;
}

Walkthrough::Next Walkthrough::change(Driven& driven, Wishes& wishes, const std::string& verb, const std::string& rest) {
  Wishes::Then then = Wishes::Then::goes_on;
  is_shown_ = false;
  if (verb == "set") {
    const auto equals = rest.find('=');
    if (equals == std::string::npos || equals == 0) throw Error(ExitCode::usage, "set which input to what?", "set NAME=VALUE");
    then = wishes.set_input(std::string(trimmed(rest.substr(0, equals))),
                            fmt::format("{}", fmt::join(words_of(rest.substr(equals + 1)), " ")));
  } else if (verb == "handoff") {
    then = wishes.hand_off(rest);
  } else if (verb == "undo") {
    then = wishes.undo(rest.empty() ? "" : step_meant(driven, rest));
    if (driven.state.is_undoing) return Next::runs;
  } else {
    const std::string step = step_meant(driven, rest);
    then = verb == "edit" ? wishes.edit(step) : wishes.shell(step);
  }
  return then == Wishes::Then::begins_anew ? Next::begins_anew : then == Wishes::Then::pauses ? Next::quits : Next::asks;
}

void Walkthrough::look(Driven& driven, const std::string& verb, std::vector<std::string> words) {
  const bool follows =
      std::any_of(words.begin(), words.end(), [](const auto& word) { return word == "-f" || word == "--follow"; });
  if (follows)
    throw Error(ExitCode::usage, "nothing goes on while the prompt waits", "follow from another terminal, or leave -f out");
  words.insert(words.begin() + 1, driven.run);
  if (verb == "why" && words.size() == 2) words.push_back(at_);
  words.insert(words.end(), {"--journal", driven.file.path().string()});
  const CommandRow& row = find_command(verb);
  try {
    row.run(Arguments::parse(row, {words.begin() + 1, words.end()}));
  } catch (const Error& error) {
    say(with_hint(error));  // a look that fails stops nothing
  }
  std::fflush(stdout);
}

void Walkthrough::show_page(Driven& driven) {
  const auto step = driven.find(at_);
  if (step) fmt::print(stderr, "{}\n", step_page({driven.facts, driven.state, driven.values, terminal_charset()}, *step));
}

std::string Walkthrough::help() const {
  std::string text;
  for (const WalkVerb& verb : walk_verbs())
    text += fmt::format("  {:<16} {}\n", verb.operands.empty() ? verb.name : verb.name + " " + verb.operands, verb.does);
  text += "  and of this run:\n";
  for (const CommandRow& row : command_table()) {
    if (!is_look(row)) continue;
    const std::string operands(row.operands.substr(std::min<std::size_t>(row.operands.size(), 4)));
    text += fmt::format("  {:<16} {}\n", fmt::format("{}{}{}", row.name, operands.empty() ? "" : " ", operands), row.summary);
  }
  return text + "  Ctrl-C stops what begins next, Ctrl-D pauses the run, Tab completes, Ctrl-R finds what was typed before";
}

std::string Walkthrough::step_meant(Driven& driven, const std::string& word) const {
  if (word.empty()) return at_;
  const std::vector<std::string> ids = step_ids(driven);
  if (std::find(ids.begin(), ids.end(), word) != ids.end() || driven.find(word)) return word;
  throw Error(ExitCode::usage, fmt::format("there is no step `{}`", word), suggestion(word, ids));
}

// What only runs when something has gone wrong may never come, and the run would go on to its end.
void Walkthrough::require_on_the_way(const Driven& driven, const std::string& id) const {
  const Step* step = driven.facts.runbook->find_step_of(id);
  for (const Section* section : step ? sections_around(driven.facts.runbook->root, *step) : std::vector<const Section*>())
    if (is_set_off(*section))
      throw Error(ExitCode::usage, fmt::format("`{}` runs only when something fails", id), "name a step of the way");
}

std::vector<std::string> Walkthrough::completions(Driven& driven, const std::string& line) const {
  const auto last = line.find_last_of(' ');
  const std::string word = line.substr(last + 1);  // npos + 1 is 0
  std::vector<std::string> all;
  if (last == std::string::npos) {
    all = verbs();
  } else if (line.compare(0, 4, "set ") == 0) {
    if (word.find('=') != std::string::npos) return files_meant(line);
    for (const Input& input : driven.facts.runbook->inputs)
      if (input.type != ValueType::secret) all.push_back(input.name + "=");
  } else {
    all = step_ids(driven);
  }
  all.erase(
      std::remove_if(all.begin(), all.end(), [&](const std::string& each) { return each.compare(0, word.size(), word) != 0; }),
      all.end());
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace runbook
