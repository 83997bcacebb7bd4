#include "cli/drive.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
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
#include "cli/inherited_environment.h"
#include "cli/input_sources.h"
#include "cli/notifier.h"
#include "cli/person.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "cli/terminal_share.h"
#include "cli/version.h"
#include "os/attempt_log.h"
#include "os/identity.h"
#include "os/process_id.h"
#include "os/signals.h"
#include "os/supervisor_client.h"
#include "plugins/all.h"
#include "report/run_view.h"
#include "run/approval.h"
#include "run/executor.h"
#include "run/named_files.h"
#include "run/outline.h"

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
        past_(read_attempt_log(lease_.folder())) {}

  int go() {
    open_journal();
    Fd connection = seed_.grow(lease_.folder());
    signals_.emplace([this](int signal) { inbox_.post(interrupt_of(signal)); });
    Progress progress(*plan_.runbook, plan_.shows_output ? Progress::Output::shown : Progress::Output::hidden);
    const std::unique_ptr<TerminalPerson> person = make_person();
    TerminalShare share(inbox_, who_, progress, person.get());
    TerminalLender* lender = can_ask(arguments_) ? &share : nullptr;
    const auto on_lost = [this] { inbox_.post(Interrupt{Interrupt::Kind::lost, "the death of the supervisor"}); };
    SupervisorClient::Config config{lease_.folder(), plan_.run, seed_.pid(), past_, on_lost, lender};
    SupervisorClient client(std::move(config), std::move(connection));
    client.greet(journal_->epoch(), open_attempts(state_));
    find_terminals(client);
    NoPerson nobody;
    return execute(client, progress, person ? static_cast<Operator&>(*person) : nobody);
  }

 private:
  void open_journal() {
    if (plan_.is_new) {
      journal_ = begin_run(file_, lease_, plan_.run);
      append_beginning();
      return;
    }
    state_ = fold_run(file_, plan_.run);
    refuse_another_definition();
    std::string how = plan_.purpose == Purpose::cancel ? "cancel"
                      : plan_.purpose == Purpose::undo ? "undo"
                      : lease_.ended_pid() != 0        ? "take-over"
                                                       : "resume";
    Event driven;
    driven.kind = event::driven;
    driven.at_ms = clock_.now_ms();
    driven.body =
        with_models(object({{"how", how}, {"pid", static_cast<std::int64_t>(::getpid())}, {"who", who_}, {"engine", version}}));
    journal_ = drive_run(file_, lease_, plan_.run, driven, commits_known_to(past_));
    file_.events(plan_.run, state_.seq, [this](const Event& event) { state_.apply(event); });
    for (Proposal& proposal : plan_.opening) state_.apply(append(*journal_, std::move(proposal), clock_.now_ms()));
    journal_->commit();
    make_facts(state_);
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
    began.at_ms = clock_.now_ms();
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
                         {"inputs", keep(to_json(plan_.inputs))}});
    began.body = with_models(began.body);
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
    accepted.at_ms = clock_.now_ms();
    accepted.body = object({{"what", what}, {"who", who_}, {"because", "--accept"}});
    state_.apply(journal_->append(std::move(accepted)));
  }

  std::string folder() const { return std::filesystem::path(plan_.file).parent_path().string(); }

  void make_facts(const RunState& state) {
    facts_ = facts_of(plan_.run, plan_.runbook, all_declarations(), plan_.inputs, state);
    facts_.secrets = plan_.secrets;
    facts_.environment = inherited_environment(*plan_.runbook);
    facts_.boot_id = this_world().boot_id;
  }

  void find_terminals(const SupervisorClient& client) {
    plan_.limits.lacks_terminal = !can_ask(arguments_);
    for (const std::int64_t n : open_attempts(state_)) {
      if (plan_.limits.lacks_terminal && client.had_terminal(n)) plan_.limits.out_of_reach.insert(n);
    }
  }

  int execute(SupervisorClient& client, Progress& progress, Operator& person) {
    if (plan_.is_new) progress.committed(beginning_, state_);
    StepPerformer::Parts parts{all_step_types(&client),
                               [&](std::int64_t n) { client.acknowledge(n); },
                               [&](const std::string& instance, std::string_view bytes) { progress.output(instance, bytes); },
                               [&] { return client.end_left(); },
                               input_sources(state_.dir, Looking::without_asking),
                               all_target_types(),
                               lease_.folder().string(),
                               give_aws_code};
    if (!plan_.shows_output) parts.output = nullptr;
    StepPerformer performer(std::move(parts), inbox_);
    Notifier notifier(progress, facts_);
    const auto approver = [this](const Question& question, const Answer& given) {
      return approver_of(state_, plan_.run, question, given);
    };
    const auto files = [this](StoredValues& values) { return digests_to_record(facts_, state_, values); };
    Executor executor({facts_, *journal_, state_, performer, person, notifier, clock_, inbox_, approver, files},
                      std::max(state_.last_attempt, client.greatest()));
    Executor::Conclusion conclusion;
    try {
      recover_into(executor);
      conclusion = run_to_the_end(executor);
    } catch (...) {
      client.leave(SupervisorClient::Leaving::steps_run_on);
      throw;
    }
    notifier.finish();
    client.leave(conclusion.has_running_steps ? SupervisorClient::Leaving::steps_run_on : SupervisorClient::Leaving::all_ended);
    return tell(conclusion);
  }

  // nullptr: nobody is asked.
  std::unique_ptr<TerminalPerson> make_person() {
    if (!plan_.limits.is_interactive) return nullptr;
    return std::make_unique<TerminalPerson>(inbox_, who_, *plan_.runbook, plan_.run);
  }

  void recover_into(Executor& executor) {
    if (plan_.is_new) return;
    if (plan_.purpose != Purpose::cancel) executor.recall_secrets();
    executor.recover(who_, plan_.purpose);
  }

  Executor::Conclusion run_to_the_end(Executor& executor) {
    Executor::Conclusion conclusion = executor.run(plan_.limits);
    if (conclusion.end.state != "failed" || !plan_.cancels_on_failure) return conclusion;
    has_failed_ = true;
    Limits limits = plan_.limits;
    limits.is_cancelling = true;
    return executor.run(limits);
  }

  int tell(const Executor::Conclusion& conclusion) {
    const End& end = conclusion.end;
    const InstanceState& it = state_.of(end.instance);
    const auto text_of = [&](const std::string& digest) { return digest.empty() ? "" : journal_->blob(digest); };
    Advice advice{*plan_.runbook,
                  state_,
                  plan_.run,
                  quoted_for_shell(plan_.runbook->source->name()),
                  journal_words(arguments_),
                  text_of(it.output),
                  text_of(it.findings),
                  Value()};
    const Question* question = state_.open_question(end.instance);
    if (question && !question->form.empty()) advice.form = parse_json(journal_->blob(question->form));
    fmt::print(stderr, "{}", advise(advice, end, conclusion.has_running_steps));
    if (arguments_.wants_json()) {
      fmt::print("{}\n", to_pretty_json(to_json_view(view_run(file_, *file_.run(plan_.run)))));
    } else if (end.outputs.is_map()) {
      for (const auto& [name, value] : end.outputs.as_map()) fmt::print("{}={}\n", name, text_or_json(value));
    }
    if (has_failed_) return static_cast<int>(ExitCode::step_failed);
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
  std::optional<SignalWatch> signals_;
  bool has_failed_ = false;
};

}  // namespace

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
