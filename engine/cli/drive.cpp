#include "cli/drive.h"
#include "cli/going_on.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <set>
#include <string_view>

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "base/shell_word.h"
#include "cli/advice.h"
#include "cli/aws_models.h"
#include "cli/console.h"
#include "cli/driven_event.h"
#include "cli/handoff_summary.h"
#include "cli/inherited_environment.h"
#include "cli/input_sources.h"
#include "cli/live_progress.h"
#include "cli/notifier.h"
#include "cli/person.h"
#include "cli/progress.h"
#include "cli/reworded.h"
#include "cli/scenarios.h"
#include "cli/session.h"
#include "cli/terminal_share.h"
#include "cli/terminal_style.h"
#include "cli/version.h"
#include "cli/walkthrough.h"
#include "os/attempt_log.h"
#include "os/identity.h"
#include "os/process_id.h"
#include "os/signals.h"
#include "os/supervisor_client.h"
#include "os/terminal.h"
#include "plugins/all.h"
#include "report/handoff_text.h"
#include "report/past_durations.h"
#include "report/run_view.h"
#include "run/approval.h"
#include "run/executor.h"
#include "run/first_cause.h"
#include "run/named_files.h"
#include "run/outline.h"
#include "run/scripted_world.h"

namespace runbook {

namespace {

Interrupt interrupt_of(int signal) {
  if (signal == SIGINT) return {Interrupt::Kind::pause, "Ctrl-C"};
  return {Interrupt::Kind::detach, signal == SIGHUP ? "the terminal went away (SIGHUP)" : "SIGTERM"};
}

class Drive {
 public:
  Drive(const Arguments& arguments, JournalFile& file, SupervisorSeed seed, DrivePlan plan)
      : arguments_(arguments),
        file_(file),
        seed_(std::move(seed)),
        plan_(std::move(plan)),
        who_(operator_name()),
        lease_(Lease::take(file.run_folder(plan_.run), plan_.lease_mode)),
        past_(read_attempt_log(lease_.folder())),
        walkthrough_(editor_),
        signals_at_rest_(editor_),
        share_(inbox_, who_) {
    if (plan_.scenario) world_.emplace(*plan_.scenario);
    if (plan_.walks) editor_.keep_history_in((file_.path().parent_path() / "walk_history").string());
  }

  int go() {
    try {
      return go_to_the_end();
    } catch (const Error& error) {
      throw with_way_on(error, way_on());
    }
  }

 private:
  int go_to_the_end() {
    open_journal();
    is_opened_ = true;
    if (plan_.is_new) fmt::print(stderr, "run {}\n", plan_.run);
    if (world_) {
      watch_signals();
      return execute(nullptr);
    }
    Fd connection = seed_.grow(lease_.folder(), std::max(state_.last_attempt, past_.greatest()));
    watch_signals();
    TerminalLender* lender = can_ask(arguments_) ? &share_ : nullptr;
    const auto on_lost = [this] { inbox_.post(Interrupt{Interrupt::Kind::lost, "the death of the supervisor"}); };
    SupervisorClient::Config config{lease_.folder(), plan_.run, seed_.pid(), on_lost, lender};
    SupervisorClient client(std::move(config), std::move(connection));
    client.greet(journal_->epoch(), open_attempts(state_));
    for (const std::string& secret : client.secrets()) facts_.secret_outputs->learn(secret);
    find_terminals(client);
    return execute(&client);
  }

  std::string way_on() const {
    if (!is_opened_) return std::string(plan_.is_new ? begin_again : "try again");
    const std::string command = plan_.purpose == Purpose::cancel ? "runbook cancel " + plan_.run + words_for_journal()
                                                                 : command_to_go_on(state_, plan_.run, words_for_journal());
    return fmt::format("go on with `{}`", command);
  }

  void watch_signals() {
    signals_.emplace([this](int signal) {
      if (signal != SIGWINCH) return on_signal(signal);
      if (Console* console = resized_.load()) console->changed();
    });
    if (can_redraw(STDERR_FILENO)) console_ = std::make_unique<Console>(STDERR_FILENO);
    resized_ = console_.get();
  }

  void on_signal(int signal) {
    if (!signals_at_rest_.takes(signal)) inbox_.post(interrupt_of(signal));
  }

  const Clock& clock() const { return world_ ? static_cast<const Clock&>(*world_) : clock_; }

  void open_journal() {
    if (plan_.is_new) {
      journal_ = begin_run(file_, lease_, plan_.run);
      append_beginning();
      return;
    }
    state_ = fold_run(file_, plan_.run);
    refuse_another_definition();
    if (world_) world_->go_on_from(state_, time_of_the_last_event());
    std::string how = plan_.purpose == Purpose::cancel ? "cancel"
                      : plan_.purpose == Purpose::undo ? "undo"
                      : lease_.ended_pid() != 0        ? "take-over"
                                                       : "resume";
    Event driven = driven_event(how, who_, clock().now_ms());
    driven.body = with_models(driven.body);
    if (!plan_.because.empty()) driven.body = with(driven.body, "because", plan_.because);
    if (const Handoff* handoff = state_.open_handoff())
      driven.body = with(with(driven.body, "from", handoff->who), "handed_off_seq", handoff->seq);
    journal_ = drive_run(file_, lease_, plan_.run, driven, commits_known_to(past_));
    const auto handed_off = state_.open_handoff() ? std::optional(state_) : std::nullopt;  // as it was left
    file_.events(plan_.run, state_.seq, [this](const Event& event) { state_.apply(event); });
    for (Proposal& proposal : plan_.opening) state_.apply(append(*journal_, std::move(proposal), clock().now_ms()));
    journal_->commit();
    make_facts(state_);
    if (handed_off) tell_handoff(*handed_off, Secrets::looked_for);
  }

  std::int64_t time_of_the_last_event() const {
    std::int64_t at_ms = 0;
    file_.events(plan_.run, 0, [&](const Event& event) { at_ms = event.at_ms; });
    return at_ms;
  }

  // Who takes it over sees it before anything else happens, and who hands it off what they will see.
  void tell_handoff(const RunState& as_left, Secrets secrets) const {
    StoredValues values([this](const std::string& digest) { return file_.blob(digest); });
    const HandoffScene scene{facts_, as_left, values, words_for_journal(), clock().now_ms()};
    fmt::print(stderr, "{}{}\n", handoff_text(state_.handoffs.back(), "    "), handoff_summary(scene, secrets));
  }

  // The plan was made before the lock was held.
  void refuse_another_definition() const {
    const bool is_another =
        state_.definition != plan_.definition || (!plan_.opening.empty() && state_.seq != plan_.made_at_seq);
    if (is_another)
      throw Error(ExitCode::driven, fmt::format("run {} went on meanwhile; nothing was run", plan_.run),
                  "look at it with `runbook show`, then try again");
  }

  void append_beginning() {
    const Runbook& runbook = *plan_.runbook;
    auto keep = [&](const std::string& bytes) { return blob_reference(journal_->put(bytes), bytes.size()); };
    Event began;
    began.kind = event::run_began;
    began.at_ms = clock().now_ms();
    began.body = object({{"runbook", runbook.name},
                         {"title", runbook.title},
                         {"version", runbook.version},
                         {"file", plan_.file},
                         {"dir", folder()},
                         {"operator", who_},
                         {"host", host_name()},
                         {"engine", version},
                         {"pid", static_cast<std::int64_t>(::getpid())},
                         {"definition_sha256", sha256_hex(runbook.source->text())},
                         {"definition", keep(runbook.source->text())},
                         {"outline", keep(to_json(make_outline(runbook)))},
                         {"about", keep(to_json(about(runbook)))},
                         {"inputs", keep(to_json(plan_.inputs))}});
    began.body = with_models(began.body);
    if (plan_.scenario) began.body = with(began.body, "scripted", plan_.scenario_name);
    if (!plan_.lock.empty()) began.body = with(began.body, "lock", plan_.lock);
    if (!runbook.included.empty()) began.body = with(began.body, "included", keep(to_json(included_texts(runbook))));
    began.body = with(began.body, "files", files_at_the_beginning(began));
    began = journal_->append(std::move(began));
    state_.apply(began);
    beginning_ = began;
    for (const std::string& what : plan_.accepted) append_accepted(what);
    journal_->commit();
  }

  // By what calls are made: another version may know other parameters.
  Value with_models(const Value& body) const {
    const std::string models = aws_models_of(*plan_.runbook);
    return models.empty() ? body : with(body, "aws_models", models);
  }

  Value files_at_the_beginning(const Event& began) {
    RunState begun;
    begun.apply(began);
    make_facts(begun);
    StoredValues none([](const std::string&) { return std::string("null"); });
    return digests_of(named_files(facts_, begun, none));
  }

  void append_accepted(const std::string& what) {
    Event accepted;
    accepted.kind = event::accepted;
    accepted.at_ms = clock().now_ms();
    accepted.body = object({{"what", what}, {"who", who_}, {"because", "--accept"}});
    state_.apply(journal_->append(std::move(accepted)));
  }

  std::string folder() const { return std::filesystem::path(plan_.file).parent_path().string(); }

  void make_facts(const RunState& state) {
    facts_ = facts_of(plan_.run, plan_.runbook, all_declarations(), plan_.inputs, state);
    facts_.secrets = plan_.secrets;
    facts_.environment = inherited_environment(*plan_.runbook);
    facts_.boot_id = world_ ? "" : this_world().boot_id;
  }

  void find_terminals(const SupervisorClient& client) {
    plan_.limits.lacks_terminal = !can_ask(arguments_);
    for (const std::int64_t n : open_attempts(state_)) {
      if (plan_.limits.lacks_terminal && client.had_terminal(n)) plan_.limits.out_of_reach.insert(n);
    }
  }

  int execute(SupervisorClient* client) {
    Executor::Conclusion conclusion;
    while (!drive_on(client, conclusion)) {
    }
    if (console_) console_->hide({});  // the last words stand below all that was said
    return tell(conclusion);
  }

  // All that is made of the definition. false: it is another one now.
  bool drive_on(SupervisorClient* client, Executor::Conclusion& conclusion) {
    const std::unique_ptr<Observer> watching = make_observer();
    Observer& progress = *watching;
    if (is_first_ && plan_.is_new) progress.committed(beginning_, state_);
    const auto person = make_person();
    NoPerson nobody;
    // Ends before those with whom its steps share the terminal.
    const auto performer = client ? make_performer(*client, progress) : nullptr;
    Performer& performs = client ? static_cast<Performer&>(*performer) : *world_;
    if (world_) world_->serve(inbox_);
    share_.serve(person.get(), console_.get(), console_ ? nullptr : static_cast<Progress*>(watching.get()));
    Notifier notifier(progress, facts_);
    const auto approver = [this](const Question& question, const Answer& given) {
      return approver_of(state_, plan_.run, question, given);
    };
    const auto files = [this](StoredValues& values) { return digests_to_record(facts_, state_, values); };
    Executor executor({facts_, *journal_, state_, performs, person ? static_cast<Operator&>(*person) : nobody, notifier,
                       clock(), inbox_, approver, files},
                      std::max(state_.last_attempt, client ? client->greatest() : 0));
    Driven driven{arguments_, file_,    *journal_, plan_.run, who_,           facts_,
                  state_,     executor, performs,  editor_,   console_.get(), signals_at_rest_};
    Wishes wishes(driven);
    // The supervisor learns what becomes of the steps before the performer asks them to stop.
    try {
      if (std::exchange(is_first_, false)) recover_into(executor);
      if (!run_to_the_end(driven, wishes, person.get(), conclusion)) return go_on_with(*wishes.changed()), false;
    } catch (...) {
      if (client) client->leave(SupervisorClient::Leaving::steps_run_on);
      throw;
    }
    notifier.finish();
    using Leaving = SupervisorClient::Leaving;
    if (client) client->leave(conclusion.has_running_steps ? Leaving::steps_run_on : Leaving::all_ended);
    return true;
  }

  std::unique_ptr<StepPerformer> make_performer(SupervisorClient& client, Observer& progress) {
    StepPerformer::Parts parts{
        all_step_types(&client),
        [&client](std::int64_t n) { client.acknowledge(n); },
        [&progress](const std::string& instance, std::string_view bytes) { progress.output(instance, bytes); },
        [&client] { return client.end_left(); },
        input_sources(state_.dir, Looking::without_asking),
        all_target_types(),
        lease_.folder().string(),
        give_aws_code};
    if (!plan_.shows_output && !console_) parts.output = nullptr;
    return std::make_unique<StepPerformer>(std::move(parts), inbox_);
  }

  std::unique_ptr<Observer> make_observer() {
    const auto output = plan_.shows_output ? Progress::Output::shown : Progress::Output::hidden;
    if (!console_) return std::make_unique<Progress>(*plan_.runbook, output);
    LiveModel model(*plan_.runbook, plan_.run, state_, past_durations(file_, plan_.runbook->name, plan_.run));
    return std::make_unique<LiveProgress>(*console_, clock(), std::move(model), *plan_.runbook, output);
  }

  std::unique_ptr<TerminalPerson> make_person() {
    if (!plan_.limits.is_interactive) return nullptr;
    return std::make_unique<TerminalPerson>(inbox_, editor_, who_, *plan_.runbook, plan_.run, console_.get());
  }

  // What is known of secrets stays known. What looks at the former definition is still to end.
  void go_on_with(const GoesOnWith& changed) {
    former_.push_back(std::exchange(plan_.runbook, changed.runbook));
    plan_.inputs = changed.inputs;
    const auto secret_outputs = facts_.secret_outputs;
    make_facts(state_);
    facts_.secret_outputs = secret_outputs;
  }

  void recover_into(Executor& executor) {
    if (plan_.is_new) return;
    if (plan_.purpose != Purpose::cancel) executor.recall_secrets();
    executor.recover(who_, plan_.purpose);
  }

  // false: somebody has changed the definition.
  bool run_to_the_end(Driven& driven, Wishes& wishes, TerminalPerson* person, Executor::Conclusion& conclusion) {
    Limits limits = plan_.limits;
    limits.asks_about_failures = person && !plan_.cancels_on_failure;
    if (plan_.walks) {
      const Walkthrough::Result result = walkthrough_.go(driven, wishes, *person, limits);
      conclusion = result.conclusion;
      return !result.begins_anew;
    }
    const auto wished = person ? wishes.run(*person, limits) : driven.executor.run(limits);
    if (!wished) return false;
    conclusion = *wished;
    if (conclusion.end.state != "failed" || !plan_.cancels_on_failure) return true;
    failed_ = conclusion.end;
    limits = plan_.limits;
    limits.is_cancelling = true;
    limits.because = "--on-failure cancel: " + failure_text(*failed_);
    conclusion = driven.executor.run(limits);
    return true;
  }

  // A rehearsal lies elsewhere than commands look by themselves.
  std::string words_for_journal() const {
    if (!plan_.scenario || arguments_.value("--journal")) return journal_words(arguments_);
    return fmt::format(" --journal {}", quoted_for_shell(file_.path().string()));
  }

  std::string resume_words() const {
    if (!plan_.walks) return "run";
    return plan_.scenario ? fmt::format("walk --rehearse={}", quoted_for_shell(plan_.scenario_name)) : "walk";
  }

  std::string text_of(const std::string& digest) const { return digest.empty() ? "" : journal_->blob(digest); }

  // What its cleanup must not hide. Whoever cancels a run that failed before has been told.
  std::optional<Failure> failure_before(const End& end) const {
    StoredValues values([this](const std::string& digest) { return file_.blob(digest); });
    const auto first = failed_ || end.is_left() ? failed_ : first_cause(facts_, state_, values, end);
    if (!first) return std::nullopt;
    const InstanceState& it = state_.of(first->instance);
    return Failure{first->instance, first->why, text_of(it.output), text_of(it.findings)};
  }

  int tell(const Executor::Conclusion& conclusion) {
    const End& end = conclusion.end;
    const InstanceState& it = state_.of(end.instance);
    Advice advice{*plan_.runbook,
                  state_,
                  plan_.run,
                  quoted_for_shell(plan_.runbook->source->name()),
                  words_for_journal(),
                  text_of(it.output),
                  text_of(it.findings),
                  Value(),
                  markdown_style(STDERR_FILENO),
                  resume_words(),
                  failure_before(end)};
    const Question* question = state_.open_question(end.instance);
    if (question && !question->form.empty()) advice.form = parse_json(journal_->blob(question->form));
    fmt::print(stderr, "{}", advise(advice, end, conclusion.has_running_steps));
    if (state_.open_handoff() && !end.is_left()) tell_handoff(state_, Secrets::named);
    if (arguments_.wants_json()) {
      fmt::print("{}\n", to_pretty_json(to_json_view(view_run(file_, *file_.run(plan_.run)))));
    } else if (end.outputs.is_map()) {
      for (const auto& [name, value] : end.outputs.as_map()) fmt::print("{}={}\n", name, text_or_json(value));
    }
    if (failed_) return static_cast<int>(ExitCode::step_failed);
    const bool is_undone = end.state == "undone" || !state_.is_undoing;
    const bool is_wanted = plan_.purpose == Purpose::cancel ? end.is_left() : plan_.purpose == Purpose::undo && is_undone;
    return is_wanted ? 0 : static_cast<int>(exit_code_of(end.state));
  }

  const Arguments& arguments_;
  JournalFile& file_;
  SupervisorSeed seed_;
  DrivePlan plan_;
  std::string who_;
  SystemClock clock_;
  Lease lease_;
  AttemptLog past_;
  std::unique_ptr<Journal> journal_;
  RunState state_;
  Event beginning_;
  RunFacts facts_;
  Inbox inbox_;
  std::vector<std::shared_ptr<const Runbook>> former_;
  std::unique_ptr<Console> console_;  // of a terminal that can show a live view
  std::atomic<Console*> resized_{nullptr};
  LineEditor editor_;
  Walkthrough walkthrough_;
  SignalsAtRest signals_at_rest_;
  TerminalShare share_;
  std::optional<ScriptedWorld> world_;
  std::optional<SignalWatch> signals_;  // ends before what it tells
  std::optional<End> failed_;           // for which the run is given up
  bool is_first_ = true;
  bool is_opened_ = false;  // that it begins, or goes on, is recorded
};

}  // namespace

void keep_rehearsed(DrivePlan& plan) {
  plan.scenario = std::make_shared<const Scenario>();
  plan.secrets = rehearsed_secrets(*plan.runbook);
}

Error with_way_on(const Error& error, std::string_view way_on) {
  return reworded(error, "go on with `runbook run --resume`", way_on);
}

ExitCode exit_code_of(const std::string& state) {
  if (state == "succeeded") return ExitCode::succeeded;
  if (state == "waiting") return ExitCode::waiting;
  if (state == "in_doubt") return ExitCode::in_doubt;
  if (state == "interrupted" || state == "running") return ExitCode::interrupted;
  return ExitCode::step_failed;
}

int drive(const Arguments& arguments, JournalFile& file, SupervisorSeed seed, DrivePlan plan) {
  return Drive(arguments, file, std::move(seed), std::move(plan)).go();
}

}  // namespace runbook
