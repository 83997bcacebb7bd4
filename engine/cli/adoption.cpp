#include "cli/adoption.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "book/yaml_reader.h"
#include "cli/pinned_inputs.h"
#include "cli/session.h"
#include "os/files.h"
#include "os/identity.h"
#include "os/terminal.h"
#include "plugins/all.h"
#include "run/adopt.h"
#include "run/outline.h"

namespace runbook {

namespace {

using Kind = StepChange::Kind;

std::string_view word_for(Kind kind) {
  switch (kind) {
    case Kind::words: return "reworded";
    case Kind::deed: return "changed";
    case Kind::added: return "new";
    case Kind::removed: return "removed";
    case Kind::renamed: return "renamed";
    case Kind::moved: return "moved";
  }
  RUNBOOK_ASSERT(false);
}

std::string line_of(const StepChange& change) {
  const bool is_moved = change.kind == Kind::words && change.is_behind;
  std::string text = fmt::format("  {:<9} `{}`", is_moved ? "moved" : word_for(change.kind), change.id);
  if (!change.former.empty()) text += fmt::format(", which was `{}`", change.former);
  if (change.line > 0) text += fmt::format(" (line {})", change.line);
  const bool is_known = change.kind != Kind::added || change.state != StepState::pending;
  if (is_known) text += fmt::format(": {}", step_state_name(change.state));
  if (!change.twin.empty())
    text += fmt::format(": it does what `{0}` did, which is gone; if it is the same step, say `was: {0}`", change.twin);
  else if (change.is_behind) text += ": it stands before steps that are done or have begun";
  if (change.is_left_out) text += ": left out, as its section was";
  return change.why_not.empty() ? text + "\n" : text + ". This can't be adopted: " + change.why_not + "\n";
}

std::string text_of(const Reconciliation& changes) {
  std::string text;
  for (const StepChange& change : changes.steps) text += line_of(change);
  if (!changes.settings.empty()) text += fmt::format("  changed   {}\n", fmt::join(changes.settings, ", "));
  for (const std::string& path : changes.files) text += fmt::format("  changed   the file {}\n", path);
  return text + fmt::format("  the same  {} step{}\n", changes.unchanged, changes.unchanged == 1 ? "" : "s");
}

class AdoptionDialog {
 public:
  AdoptionDialog(const Arguments& arguments, const JournalFile& file, const std::string& run, const RunState& state,
                 const RunEdit* edit = nullptr)
      : arguments_(arguments),
        file_(file),
        run_(run),
        state_(state),
        edit_(edit),
        before_(load_stored(file, state)),
        inputs_(parse_json(file.blob(state.inputs))) {}

  GoesOnWith decide() {
    read_new();
    changes_ = reconcile(*before_, *now_, state_, files_named_by(before_, inputs_));
    if (changes_.is_same()) {
      read_choices();
      require_as_pinned(*before_, {run_, state_.dir, inputs_}, given());
      return {before_, inputs_, {}};
    }
    fmt::print(stderr, "{} has changed since run {} {}:\n{}", subject(), run_, state_.renamings.empty() ? "began" : "saw it",
               text_of(changes_));
    require_possible();
    decide_what_is_behind();
    require_consent();
    Value inputs = inputs_of_new();
    std::vector<Proposal> events = adoption(inputs, arguments_.value("--because").value_or(""));
    Event& adopted = events.front().event;
    adopted.body = with(adopted.body, "files", digests_of(files_named_by(now_, inputs)));
    return {now_, inputs, std::move(events)};
  }

  // Files that changed meanwhile are asked about where they are read, as ever.
  GoesOnWith edited() {
    if (edit_->text != before_->source->text())
      now_ = load_or_explain(std::make_shared<SourceText>(state_.file, edit_->text), stored_includes(file_, state_));
    else now_ = before_;
    changes_ = reconcile(*before_, *now_, state_, {});
    changes_.files.clear();
    if (changes_.is_same() && edit_->set.empty()) return {before_, inputs_, {}};
    fmt::print(stderr, "for this run alone:\n{}", text_of(changes_));
    require_possible();
    decide_what_is_behind();
    Value inputs = inputs_of_edit();
    std::vector<Proposal> events = adoption(inputs, edit_->because);
    Event& adopted = events.front().event;
    adopted.body = with(with(adopted.body, "what", edit_->what), "file_sha256", state_.file_sha256);
    Map files;
    const Value named = digests_of(files_named_by(now_, inputs));
    for (const auto& [path, digest] : named.as_map()) {
      const auto known = state_.files.find(path);
      files.emplace_back(path, known == state_.files.end() ? digest : Value(known->second));
    }
    adopted.body = with(adopted.body, "files", Value(std::move(files)));
    return {now_, inputs, std::move(events)};
  }

 private:
  std::vector<Proposal> adoption(const Value& inputs, const std::string& because) const {
    StoredValues values([this](const std::string& digest) { return file_.blob(digest); });
    return adopt(
        {*now_, changes_, state_, values, parse_json(file_.blob(state_.outline)), inputs, behind_, operator_name(), because});
  }

  std::string subject() const { return now_ == before_ ? "a file that steps name" : before_->source->name(); }

  void read_new() {
    now_ = before_;
    const std::optional<std::string> text = try_read_file(state_.file);
    // A run that was edited goes on as it is, unless its file has changed since.
    const bool is_known = text && sha256_hex(*text) == state_.file_sha256;
    if (!text || (is_known && (before_->included.empty() || is_edited()))) return;
    try {
      const auto now = load_or_explain(std::make_shared<SourceText>(state_.file, *text),
                                       files_in(std::filesystem::path(state_.file).parent_path()));
      const bool is_another = *text != before_->source->text() || !(included_texts(*now) == included_texts(*before_));
      if (is_another) now_ = now;
    } catch (const Error& error) {
      throw Error(
          error.code(),
          fmt::format("{} has changed since run {} began, and is no valid runbook now; nothing was run", state_.file, run_),
          "mend it, or put it back: `runbook show RUN --definition` prints what the run began with");
    }
  }

  bool is_edited() const { return state_.file_sha256 != state_.definition_sha256; }

  NamedFiles files_named_by(const std::shared_ptr<const Runbook>& runbook, const Value& inputs) const {
    const RunFacts facts = facts_of(run_, runbook, all_declarations(), inputs, state_);
    StoredValues values([this](const std::string& digest) { return file_.blob(digest); });
    return named_files(facts, state_, values);
  }

  void require_possible() const {
    for (const StepChange& change : changes_.steps) {
      if (change.why_not.empty()) continue;
      throw Error(ExitCode::usage,
                  fmt::format("the change of `{}` can't be adopted: {}; nothing was run", change.id, change.why_not),
                  change.hint);
    }
  }

  // By --behind, or by the person at the terminal.
  void decide_what_is_behind() {
    if (!edit_) read_choices();
    std::vector<std::string> open;
    for (const StepChange& change : changes_.steps) {
      if (!change.is_behind || behind_.count(change.id)) continue;
      if (can_ask(arguments_)) behind_[change.id] = ask_about(change);
      else open.push_back(change.id);
    }
    if (open.empty()) return;
    throw Error(ExitCode::usage,
                fmt::format("`{}` may be behind the run; say whether to run it now; nothing was run", fmt::join(open, "`, `")),
                fmt::format("{} --adopt --behind {}=run   (or =skip)", command(), fmt::join(open, "=run --behind ")));
  }

  void read_choices() {
    for (const std::string& word : arguments_.values("--behind")) {
      const auto [step, choice] = split_assignment("--behind", word);
      const bool is_known =
          std::any_of(changes_.steps.begin(), changes_.steps.end(),
                      [&, &id = step](const StepChange& change) { return change.is_behind && change.id == id; });
      if (!is_known) throw Error(ExitCode::usage, fmt::format("--behind: `{}` is no step that is new behind the run", step));
      if (choice != "run" && choice != "skip")
        throw Error(ExitCode::usage, fmt::format("--behind: `{}` is not one of run, skip", choice));
      behind_[step] = choice == "run" ? Behind::run : Behind::skip;
    }
  }

  static Behind ask_about(const StepChange& change) {
    while (true) {
      const auto line =
          ask_line(fmt::format("`{}` may be behind the run. Run it now, or leave it out? [run/skip] ", change.id));
      if (!line) throw Error(ExitCode::usage, "nothing was run");
      if (*line == "run") return Behind::run;
      if (*line == "skip") return Behind::skip;
    }
  }

  void require_consent() const {
    if (arguments_.has("--adopt")) return;
    if (can_ask(arguments_)) {
      const auto line = ask_line("Go on with it as it is now? Type `adopt`: ");
      if (line && *line == "adopt") return;
      throw Error(ExitCode::usage, "nothing was run");
    }
    std::string choices;
    for (const auto& [step, choice] : behind_)
      choices += fmt::format(" --behind {}={}", step, choice == Behind::run ? "run" : "skip");
    throw Error(ExitCode::usage, fmt::format("{} has changed; nothing was run", subject()),
                fmt::format("to go on with it as it is now: {} --adopt{}\n"
                            "to go on as it was: put it back (`runbook show {} --definition` prints the runbook)",
                            command(), choices, run_));
  }

  std::string command() const { return fmt::format("runbook run --resume {}{}", run_, journal_words(arguments_)); }

  GivenInputs given() const {
    return given_inputs(arguments_, state_.dir, can_ask(arguments_) ? Looking::everywhere : Looking::without_asking);
  }

  // What the run has stays; what is new must be given, or has a default.
  Value inputs_of_new() const {
    GivenInputs found = given();
    require_as_pinned(*now_, {run_, state_.dir, inputs_}, found);
    for (const auto& [name, value] : inputs_.is_map() ? inputs_.as_map() : Map())
      if (now_->find_input(name)) found.values.emplace_back(name, value);
    found.leaves_out_secrets = true;
    return with_absolute_paths(*now_, state_.dir, resolve_inputs(*now_, found).values);
  }

  Value inputs_of_edit() const {
    Map kept;
    for (const auto& [name, value] : inputs_.is_map() ? inputs_.as_map() : Map())
      if (now_->find_input(name) && !edit_->set.count(name)) kept.emplace_back(name, value);
    GivenInputs given;
    for (const auto& [name, text] : edit_->set) given.flags.emplace_back(name, text);
    std::vector<Diagnostic> ignored;
    given.file = read_yaml(SourceText("the inputs of the run", to_json(Value(std::move(kept)))), ignored);
    given.environment = [](const std::string&) { return std::nullopt; };
    given.leaves_out_secrets = true;
    return with_absolute_paths(*now_, state_.dir, resolve_inputs(*now_, given).values);
  }

  const Arguments& arguments_;
  const JournalFile& file_;
  const std::string& run_;
  const RunState& state_;
  const RunEdit* edit_;
  std::shared_ptr<const Runbook> before_, now_;
  Value inputs_;
  Reconciliation changes_;
  std::map<std::string, Behind> behind_;
};

}  // namespace

GoesOnWith definition_to_go_on_with(const Arguments& arguments, const JournalFile& file, const std::string& run,
                                    const RunState& state) {
  return AdoptionDialog(arguments, file, run, state).decide();
}

GoesOnWith edited_definition(const Arguments& arguments, const JournalFile& file, const std::string& run, const RunState& state,
                             const RunEdit& edit) {
  return AdoptionDialog(arguments, file, run, state, &edit).edited();
}

}  // namespace runbook
