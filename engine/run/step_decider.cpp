#include "run/step_decider.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/duration.h"
#include "base/error.h"
#include "base/json.h"
#include "run/approval.h"
#include "run/attempt_token.h"
#include "run/before.h"
#include "run/frontier.h"
#include "run/manual.h"
#include "run/named_files.h"
#include "run/needed_secret.h"
#include "run/on_target.h"
#include "run/probe.h"
#include "run/questions.h"
#include "run/request.h"
#include "run/retry.h"
#include "run/settle.h"
#include "step/target.h"

namespace runbook {

namespace {

using Answer = Look::Answer;

// What polling a probe asks for next.
enum class Poll { look, wait, over };

class StepDecider {
 public:
  StepDecider(Turn& turn, const Instance& step, const Way& way)
      : turn_(turn),
        facts_(turn.facts),
        state_(turn.state),
        limits_(turn.limits),
        values_(turn.values),
        now_ms_(turn.now_ms),
        step_(step),
        way_(way),
        scope_(turn.facts, turn.state, turn.values, step.frame),
        it_(&turn.state.of(step.id)),
        live_step_(&turn.live.of(step.id)),
        is_pausing_(way.mode == Way::Mode::halting) {}

  Progress decide() {
    if (way_.mode == Way::Mode::leaving && !is_begun_all_the_same()) leave();
    else on_step();
    return progress_;
  }

 private:
  // Somebody wants it done anew, and without what it gives nobody comes to know what has run here.
  bool is_begun_all_the_same() const {
    return !way_.leaves_run && !is_halted(limits_, state_) && is_waited_for(facts_, state_, values_, step_);
  }

  // By its state

  void on_step() {
    switch (it_->state) {
      case StepState::pending:
      case StepState::cancelled:
      case StepState::undone: return on_pending();
      case StepState::waiting: return on_any_waiting();
      case StepState::running: return it_->has_exited ? after_exit() : while_running();
      case StepState::in_doubt: return on_doubt();
      case StepState::failed: return on_failed();
      case StepState::succeeded:
      case StepState::satisfied:
      case StepState::skipped: return over();
    }
    RUNBOOK_ASSERT(false);
  }

  // What surrounds it is given up: what has begun is brought to its end.
  void leave() {
    switch (it_->state) {
      case StepState::waiting: return stop_waiting();
      case StepState::running: return leave_running();
      case StepState::in_doubt: return way_.leaves_run ? over() : on_doubt();
      case StepState::pending:
      case StepState::failed:
      case StepState::cancelled:
      case StepState::undone:
      case StepState::succeeded:
      case StepState::satisfied:
      case StepState::skipped: return over();
    }
  }

  void stop_waiting() {
    if (way_.leaves_run || is_following()) return end_what_runs();
    if (it_->retry_at_ms) return propose_ended("failed", it_->why + "; it is not tried again, for " + way_.why, Value());
    propose_ended("cancelled", way_.why, Value());
  }

  void leave_running() {
    if (it_->has_exited) return way_.leaves_run ? end_what_runs() : after_exit();
    if (way_.leaves_run || way_.ends_running) return end_what_runs();
    while_running();
  }

  void end_what_runs() {
    if (!live_step_->running) return way_.leaves_run ? over() : void();
    if (!live_step_->is_cancel_sent) turn_.decision.cancels.push_back(live_step_->running->n);
  }

  void over() { progress_ = Progress::done; }

  void on_any_waiting() {
    if (it_->retry_at_ms) return on_retry();
    if (step_->kind != Step::Kind::manual) return on_waiting();
    const Question* question = state_.open_question(step_.id);
    if (question) return wait_for_answer(*question, "waiting");
    before_act();
  }

  void on_pending() {
    if (is_pausing_) return interrupted();
    if (live_step_->running) return;
    if (step_->when) {
      auto holds = condition(*step_->when, scope_, why_);
      if (!holds) {
        return refuse("`when`: " + why_);
      }
      if (!*holds) return propose(Proposal(event::skipped, step_.id, object({{"why", why_left_out(*step_->when)}})));
    }
    if (is_held()) return pause("held", "");
    if (!is_on_target()) return;
    switch (step_->kind) {
      case Step::Kind::wait_until: return begin_waiting();
      case Step::Kind::assertion: return on_assertion();
      case Step::Kind::act:
      case Step::Kind::manual: return before_act();
      case Step::Kind::include: return begin_include();
      case Step::Kind::watch: RUNBOOK_ASSERT(false);
    }
  }

  // Who sits at the terminal is asked what to do, and nothing goes on behind it meanwhile.
  void on_failed() {
    if (!limits_.asks_about_failures || limits_.is_pausing) return pause("failed", it_->why);
    if (!state_.open_question(step_.id)) propose(ask_about_failure(state_, step_));
  }

  // By who walks through the run: nothing of the step has been looked at yet.
  bool is_held() const {
    if (!limits_.walk || limits_.walk->holds_nothing || limits_.walk->released.count(step_.id)) return false;
    const std::string& until = limits_.walk->until;
    return until.empty() || until == step_.id || until == step_->id || is_left_behind(until);
  }

  // The run came past it: it was done, or left out with its section.
  bool is_left_behind(const std::string& id) const {
    if (is_done(state_.of(id).state)) return true;
    const Step* step = facts_.runbook->find_step_of(id);
    const auto around = step ? sections_around(facts_.runbook->root, *step) : std::vector<const Section*>();
    return std::any_of(around.begin(), around.end(), [this](const Section* section) {
      const SectionState* known = state_.section(section->path);
      return known && known->phase != SectionState::Phase::entered;
    });
  }

  // false: it is still to be seen, or it is another one.
  bool is_on_target() {
    if (step_->target.empty() && step_->needed_targets.empty()) return true;
    if (!live_step_->target) return begin_look_at_target();
    TargetJudgement judgement = judge_target(turn_, step_, *live_step_->target);
    if (judgement.is_too_old) return begin_look_at_target();
    const Question* open = state_.open_question(step_.id);
    if (!judgement.needs_code_of.empty()) return ask_or_wait_for_code(judgement.needs_code_of, open), false;
    if (open && open->about == "code")
      return answer_with(*open, {open->id, "not needed", "runbook", "it can be seen without", now_ms_, Value()}), false;
    if (!judgement.why_not.empty()) pause("failed", judgement.why_not);
    for (Proposal& pin : judgement.pins) propose(std::move(pin));
    return judgement.why_not.empty() && judgement.pins.empty();
  }

  void ask_or_wait_for_code(const std::string& device, const Question* open) {
    if (const Question* unseen = unseen_question(state_, step_.id))
      return look_again(*unseen, "the code that it needs can be asked for");
    if (open) wait_for_answer(*open, it_->state == StepState::in_doubt ? "in_doubt" : "waiting");
    else if (is_pausing_) interrupted();
    else propose(runbook::ask_for_code(state_, step_, device));
  }

  // true: there is nothing to be seen.
  bool begin_look_at_target() {
    if (live_step_->running) return false;
    try {
      auto launch = look_at_target(turn_, step_, scope_);
      if (!launch) return true;
      turn_.launch(*std::move(launch));
    } catch (const std::exception& error) {
      cannot_look(fmt::format("its target `{}`: {}", step_->target, with_hint(error)));
    }
    return false;
  }

  void begin_include() {
    try {
      Proposal included(event::included, step_.id);
      included.attach("inputs", to_json(inputs_of_include(*step_, scope_).values));
      propose(std::move(included));
    } catch (const std::exception& error) {
      refuse(with_hint(error));
    }
  }

  void on_retry() {
    if (is_pausing_) return interrupted();
    if (live_step_->running) return;
    if (reschedules("retry_at_ms", *it_->retry_at_ms, retry_delay_ms(step_->retry, it_->attempts))) return;
    if (now_ms_ < *it_->retry_at_ms) return wake_at(*it_->retry_at_ms);
    if (is_on_target()) before_act();
  }

  // Everything that can wait, ask, fail or read the world comes before the intent.
  void before_act() {
    if (const Question* question = state_.open_question(step_.id)) return on_approval_asked(*question);
    bool has_before = it_->attempts > 0 && !it_->before.empty();  // what stood before the first attempt of the group counts
    if (step_->before && !has_before) {
      if (!live_step_->before) return look(Role::before, *step_->before, scope_);
      if (live_step_->before->answer == Answer::cannot_tell)
        return refuse("before the step: can't tell what stands: " + live_step_->before->why);
    }
    RunScope scope = scope_with_before();
    if (step_->done_when && !passes_first_look(scope)) return;
    if (step_->has_terminal && !may_have_terminal()) return;
    if (step_->approval && !is_approved_by_others(scope)) return;
    if (step_->effect == Effect::irreversible && !is_approved_by_phrase(scope)) return;
    if (step_->kind == Step::Kind::manual) return begin_manual(scope);
    begin_act(scope);
  }

  void begin_manual(const RunScope& scope) {
    try {
      Proposal asked = ask_manual(state_, step_, step_->params.evaluate(scope));
      if (step_->before) asked.attach("before", to_json(before()));
      propose(std::move(asked));
    } catch (const ExpressionError& error) {
      refuse(error.what());
    }
  }

  // The one look before the step: false if it settled the matter or is still to come.
  bool passes_first_look(const RunScope& scope) {
    const auto& seen = live_step_->look;
    if (!seen) {
      look(Role::look, *step_->done_when, scope);
      return false;
    }
    switch (seen->answer) {
      case Answer::no: return true;
      case Answer::yes: propose_done(event::satisfied, "done_when holds already", seen->outputs); return false;
      case Answer::cannot_tell: refuse("before the step: done_when can't tell: " + seen->why); return false;
    }
    RUNBOOK_ASSERT(false);
  }

  // false: somebody is asked, or it can't be said what they would approve.
  bool is_approved_by_others(const RunScope& scope) {
    try {
      const Value matter = approved_matter(facts_, step_, scope);
      if (approvals_of(*it_, matter_sha256(matter)) >= step_->approval->count) return true;
      propose(ask_for_approval(state_, step_, matter));
    } catch (const std::exception& error) {
      refuse(with_hint(error));
    }
    return false;
  }

  // false: the phrase is asked for, or it can't be said what it would approve.
  bool is_approved_by_phrase(const RunScope& scope) {
    try {
      const std::string sha256 = matter_sha256(approved_matter(facts_, step_, scope));
      if (it_->is_approved && (it_->phrase_sha256.empty() || it_->phrase_sha256 == sha256)) return true;
      propose(ask_approval(state_, step_, sha256));
    } catch (const std::exception& error) {
      refuse(with_hint(error));
    }
    return false;
  }

  // There is one terminal: who wants it comes after those who have it, and after what is asked there. false: not now.
  bool may_have_terminal() {
    if (limits_.lacks_terminal)
      return pause("waiting", fmt::format("`{}` needs a terminal, and there is none here", step_.id)), false;
    const auto has_it = [](const Launch& launch) { return launch.role == Role::act && launch.step->has_terminal; };
    const auto& launches = turn_.decision.launches;
    const auto& steps = turn_.live.steps;
    const auto& questions = state_.questions;
    const bool is_lent = std::any_of(launches.begin(), launches.end(), has_it) ||
                         std::any_of(steps.begin(), steps.end(),
                                     [&](const auto& live) { return live.second.running && has_it(*live.second.running); });
    const bool is_asked = limits_.is_interactive && std::any_of(questions.begin(), questions.end(), [](const auto& each) {
                            return each.second.is_open && !is_approval_by_others(each.second);
                          });
    return !is_lent && !is_asked;
  }

  // Right before the intent: what was checked, approved and pinned is what the step reads. false: it is still to be seen, or somebody
  // is asked.
  bool are_files_as_pinned(const RunScope& scope) {
    const std::vector<NamedPath> named = pinned_paths(facts_, state_, step_, scope);
    if (named.empty()) return true;
    const std::string dir = working_folder(facts_, step_, scope);
    if (!live_step_->files) return begin_look_at_files(named, dir);
    if (!live_step_->files->is_map()) return refuse("the files that it reads can't be looked at"), false;
    changes_ = changes_of(facts_, state_, values_, dir, named, *live_step_->files);
    if (changes_.foreign.empty()) return true;
    propose(ask_about_files(state_, step_, changes_));
    return false;
  }

  // What was put back meanwhile is no question any more.
  void on_files_asked(const Question& question) {
    try {
      const RunScope scope = scope_with_before();
      const std::vector<NamedPath> named = pinned_paths(facts_, state_, step_, scope);
      const std::string dir = working_folder(facts_, step_, scope);
      if (!live_step_->files) return void(begin_look_at_files(named, dir));
      const bool is_seen = live_step_->files->is_map();
      if (is_seen && changes_of(facts_, state_, values_, dir, named, *live_step_->files).foreign.empty())
        return answer_with(question, {question.id, "unchanged", "runbook", "the files are what they were", now_ms_, Value()});
    } catch (const std::exception&) {
      // Its question says what there is to say.
    }
    wait_for_answer(question, "waiting");
  }

  bool begin_look_at_files(const std::vector<NamedPath>& named, const std::string& dir) {
    if (live_step_->running) return false;
    Launch launch = turn_.next_launch(Role::files, step_);
    auto request = std::make_shared<Request>();
    request->dir = dir;
    request->files = named;
    launch.request = std::move(request);
    turn_.launch(std::move(launch));
    return false;
  }

  void on_approval_asked(const Question& question) {
    if (question.about == "files") return on_files_asked(question);
    if (is_approval_by_others(question)) return wait_for_answer(question, "waiting");
    auto said = limits_.approvals.find(step_.id);
    if (said == limits_.approvals.end()) return wait_for_answer(question, "waiting");
    runbook::Answer given{question.id, "approve", limits_.who, "--approve", now_ms_, object({{"phrase", said->second}})};
    std::string why = why_not_a_choice(question, given);
    if (!why.empty()) return pause("waiting", fmt::format("--approve {}: {}", step_.id, why));
    answer_with(question, given);
  }

  void begin_act(const RunScope& scope) {
    std::shared_ptr<Request> request;
    try {
      if (!are_files_as_pinned(scope)) return;
      request = std::make_shared<Request>(make_request(facts_, step_, scope, live_step_->target.value_or(Value())));
    } catch (const std::exception& error) {
      return refuse(with_hint(error));
    }
    Launch launch = turn_.next_launch(Role::act, step_);
    if (declaration().dies_with_engine) request->token = attempt_token(facts_.run, step_.id, launch.n);
    launch.request = request;
    Value body = object({{"effect", effect_name(step_->effect)}, {"group", it_->group}, {"number", it_->all_attempts + 1}});
    if (!state_.definition_sha256.empty()) body = with(body, "definition", state_.definition_sha256.substr(0, 12));
    if (!request->secrets.empty()) body = with(body, "secrets", true);
    if (request->tty) body = with(body, "tty", true);
    if (!changes_.taken.empty()) body = with(body, "files", map_of(changes_.taken));
    if (step_->timeout_ms && !request->timeout_ms) body = with(body, "deadline_ms", now_ms_ + *step_->timeout_ms);
    if (!request->token.empty()) body = with(with(body, "token", request->token), "boot", facts_.boot_id);
    Proposal intent(event::intent, step_.id, body, launch.n);
    if (!request->shown.is_null()) intent.attach("request", to_json(request->shown));
    if (step_->before) intent.attach("before", to_json(before()));
    propose(std::move(intent));
    turn_.launch(std::move(launch));
  }

  void while_running() {
    if (!live_step_->running) return;  // an outcome is on its way
    if (limits_.out_of_reach.count(it_->attempt))
      return pause("waiting", fmt::format("`{}` runs at a terminal of its own, and there is none here", step_.id));
    const Question* question = state_.open_question(step_.id);
    if (question && question->about == "overdue") return is_pausing_ ? interrupted() : wait_for_answer(*question, "waiting");
    if (it_->must_stop && !live_step_->is_cancel_sent) turn_.decision.cancels.push_back(live_step_->running->n);
    if (it_->is_overdue || !it_->deadline_ms) return;
    if (reschedules("deadline_ms", *it_->deadline_ms, step_->timeout_ms.value_or(0))) return;
    if (now_ms_ < *it_->deadline_ms) return wake_at(*it_->deadline_ms);
    propose(Proposal(event::overdue, step_.id, {}, it_->attempt));
    propose(ask_overdue(state_, step_));
  }

  // When another branch has failed, nothing begins any more, but nobody is left to wonder what this one did.
  bool stops_looking() const { return is_pausing_ && !way_.settles; }

  // The effect has been tried and its process ended well: only looks are repeated now. done_when first, then verify.
  void after_exit() {
    if (stops_looking()) return interrupted();
    if (!is_on_target()) return;
    RunScope scope = scope_with_before();
    const Probe& probe = it_->is_verifying ? *step_->verify : *step_->done_when;
    const Look* seen = poll_after(
        probe, scope,
        fmt::format("{}, but {}", done_before_looks(*step_), it_->is_verifying ? "verify does not hold" : "is not done"));
    if (!seen) return;
    Value outputs = merged(seen->outputs, values_.get(it_->outputs));  // the step's own result counts
    if (it_->is_verifying || !step_->verify) return propose_ended("succeeded", "", outputs);
    Proposal verifying(event::verifying, step_.id, object({{"looks_until_ms", now_ms_ + step_->verify->timeout_ms}}),
                       it_->attempt);
    propose_with_outputs(std::move(verifying), outputs);
  }

  // nullptr: not yet, or settled as failed.
  const Look* poll_after(const Probe& probe, const RunScope& scope, const std::string& verdict) {
    const auto& seen = live_step_->look;
    if (seen && seen->answer == Answer::yes) return &*seen;
    if (reschedules("looks_until_ms", it_->looks_until_ms, probe.timeout_ms)) return nullptr;
    switch (poll(probe, it_->looks_until_ms)) {
      case Poll::look: look(Role::look, probe, scope, it_->looks_until_ms); return nullptr;
      case Poll::wait: return nullptr;
      case Poll::over: propose_ended("failed", fmt::format("{}: {}", verdict, seen->told()), Value()); return nullptr;
    }
    RUNBOOK_ASSERT(false);
  }

  // In doubt: its effect may have happened or not. Its process does not live any more.

  void on_doubt() {
    const Question* question = state_.open_question(step_.id);
    if (question && question->about == "doubt") return on_doubt_asked(*question);
    if (live_step_->running && live_step_->running->role == Role::act) return;  // sent again: its answer tells
    if (stops_looking()) return interrupted();
    if (!step_->done_when) {
      if (is_repeatable(step_->effect)) return begin_again("in doubt, but it can be run again");
      return may_send_again() ? send_again() : ask_about_doubt("");
    }
    if (!is_on_target()) return;
    RunScope scope = scope_with_before();
    const auto& seen = live_step_->look;
    if (seen && seen->answer == Answer::yes) return propose_ended("succeeded", "in doubt, but done_when holds", seen->outputs);
    if (reschedules("looks_until_ms", it_->looks_until_ms, step_->done_when->timeout_ms)) return;
    switch (poll(*step_->done_when, it_->looks_until_ms)) {
      case Poll::look: return look(Role::look, *step_->done_when, scope, it_->looks_until_ms);
      case Poll::wait: return;
      case Poll::over: break;
    }
    bool says_no = seen->answer == Answer::no;
    if (says_no && (is_repeatable(step_->effect) || step_->done_when->decides))
      return begin_again("in doubt; done_when says that it is not done");
    if (may_send_again()) return send_again();
    ask_about_doubt(says_no ? "done_when says that it is not done, which need not mean that it never will be"
                            : "done_when can't tell: " + seen->why);
  }

  // Whoever was called still knows the token of this attempt: the same request with it is not carried out twice, and its answer tells.
  bool may_send_again() {
    const Declaration& type = declaration();
    if (live_step_->was_sent_again || it_->token.empty() || !type.token_life_ms) return false;
    const std::int64_t age_ms = now_ms_ - it_->started_at_ms;
    try {
      return age_ms >= 0 && age_ms < type.token_life_ms(step_->params.evaluate(scope_));
    } catch (const std::exception&) {
      return false;
    }
  }

  void send_again() {
    if (live_step_->running || !is_on_target()) return;
    try {
      auto request =
          std::make_shared<Request>(make_request(facts_, step_, scope_with_before(), live_step_->target.value_or(Value())));
      const Value recorded = it_->request.empty() ? Value() : values_.get(it_->request);
      if (!(as_recorded(request->shown) == recorded))
        return ask_about_doubt("its parameters are not those that were sent: it can't be asked by its token");
      request->token = it_->token;
      Launch launch = turn_.next_launch(Role::act, step_);
      launch.n = it_->attempt;
      launch.request = std::move(request);
      propose(Proposal(event::sent_again, step_.id,
                       object({{"why", "in doubt; the service tells by the token what it has had already"}}), it_->attempt));
      turn_.launch(std::move(launch));
    } catch (const std::exception& error) {
      ask_about_doubt("it can't be sent again: " + with_hint(error));
    }
  }

  void ask_about_doubt(const std::string& seen) { propose(ask_doubt(state_, step_, seen)); }

  void on_doubt_asked(const Question& question) {
    auto said = limits_.on_doubt.find(step_.id);
    if (said == limits_.on_doubt.end() || step_->effect == Effect::irreversible) return wait_for_answer(question, "in_doubt");
    static const std::map<Doubt, std::string> words = {
        {Doubt::done, "done"}, {Doubt::not_done, "not-done"}, {Doubt::retry, "retry"}};
    answer_with(question, {question.id, words.at(said->second), limits_.who, "--on-doubt", now_ms_, Value()});
  }

  void begin_again(const std::string& why) {
    propose(Proposal(event::ended, step_.id, object({{"result", "failed"}, {"why", why}, {"again", true}}), it_->attempt));
  }

  // wait_until and assert

  void begin_waiting() {
    const std::int64_t deadline = now_ms_ + step_->probe->timeout_ms;
    Proposal waiting(event::waiting, step_.id,
                     object({{"deadline_ms", deadline}, {"why", "waits until " + utc_text(deadline) + " at the latest"}}));
    if (const Value asked = probe_with_values(facts_, step_, scope_); !asked.is_null())
      waiting.attach("request", to_json(asked));
    propose(std::move(waiting));
  }

  void on_waiting() {
    if (is_pausing_) return is_following() ? end_what_runs() : interrupted_waiting();
    if (is_following()) return while_following();
    if (!is_on_target()) return;
    const Probe& probe = *step_->probe;
    const auto& seen = live_step_->look;
    bool is_assertion = step_->kind == Step::Kind::assertion;
    const bool is_settled = seen && (seen->answer == Answer::cannot_tell || !seen->failure.empty());
    if (is_assertion && is_settled) return conclude_assertion(*seen);
    if (seen && !seen->failure.empty()) return propose_ended("failed", seen->failure, Value());
    if (seen && seen->answer == Answer::yes) return propose_ended("succeeded", "", seen->outputs);
    if (it_->deadline_ms && reschedules("deadline_ms", *it_->deadline_ms, probe.timeout_ms)) return;
    switch (poll(probe, it_->deadline_ms.value_or(now_ms_))) {
      case Poll::look: return look(Role::look, probe, scope_, it_->deadline_ms.value_or(now_ms_));
      case Poll::wait: return;
      case Poll::over:
        if (is_assertion) return conclude_assertion(*seen);
        return propose_ended("failed",
                             fmt::format("it did not come to be within {}: {}", duration_text(probe.timeout_ms), seen->told()),
                             Value());
    }
  }

  bool is_following() const {
    return live_step_->running && live_step_->running->role == Role::look && step_->probe && step_->probe->follows;
  }

  // It is ended at its deadline; what it has read by then counts.
  void while_following() {
    const std::int64_t deadline_ms = it_->deadline_ms.value_or(now_ms_);
    if (reschedules("deadline_ms", deadline_ms, step_->probe->timeout_ms)) return;
    const std::int64_t end_ms = end_of_following(live_step_->running->decided_at_ms);
    if (now_ms_ < end_ms) return wake_at(end_ms);
    end_what_runs();
  }

  // The last look, behind the deadline, has the time of any other look. (One that begins in the future began before the clock was set back.)
  std::int64_t end_of_following(std::int64_t began_at_ms) const {
    const std::int64_t deadline_ms = it_->deadline_ms.value_or(began_at_ms);
    const bool is_last = began_at_ms >= deadline_ms && began_at_ms <= now_ms_;
    return is_last ? began_at_ms + step_->probe->look_timeout_ms : deadline_ms;
  }

  void on_assertion() {
    const Probe& probe = *step_->probe;
    if (!probe.type.empty() && probe.timeout_ms > 0) return begin_waiting();
    if (probe.type.empty()) return conclude_assertion(judge_known(probe, scope_));
    if (!live_step_->look) return look(Role::look, probe, scope_, now_ms_);
    conclude_assertion(*live_step_->look);
  }

  void conclude_assertion(const Look& seen) {
    if (seen.answer == Answer::yes) return propose_ended("succeeded", "", seen.outputs);
    const std::string& because = step_->probe->because;
    refuse(because.empty() ? seen.told() : fmt::format("{} ({})", because, seen.told()));
  }

  // Pieces

  static Value merged(const Value& first, const Value& later) {
    Value all = first.is_map() ? first : Value(Map{});
    if (!later.is_map()) return all;
    for (const auto& [name, value] : later.as_map()) all = with(all, name, value);
    return all;
  }

  // Times are absolute, so that they outlive the engine. Where one is further away than the whole wait, the clock was set back behind
  // the wait's beginning: it is counted anew, and lasts no longer than it should. True: it was. (Small steps are those of NTP.)
  bool reschedules(const char* what, std::int64_t until_ms, std::int64_t lasts_ms) {
    if (until_ms - now_ms_ <= lasts_ms + 1'000) return false;
    const std::string why = fmt::format("the clock was set back; its time counts anew, until {}", utc_text(now_ms_ + lasts_ms));
    propose(Proposal(event::rescheduled, step_.id, object({{what, now_ms_ + lasts_ms}, {"why", why}}), it_->attempt));
    return true;
  }

  // Looks at once, then every so often until `until_ms`, and once more at or after it. Not where waiting longer is no use.
  Poll poll(const Probe& probe, std::int64_t until_ms) {
    if (live_step_->running) return Poll::wait;
    const auto& seen = live_step_->look;
    if (!seen) return Poll::look;
    const bool is_last = (probe.follows ? seen->ended_at_ms : seen->began_at_ms) >= until_ms;
    if (is_last || !seen->failure.empty()) return Poll::over;
    std::int64_t next = std::min(seen->ended_at_ms + probe.every_ms, std::max(until_ms, seen->ended_at_ms));
    const bool is_set_back = now_ms_ < seen->ended_at_ms;
    if (now_ms_ >= next || is_set_back) return Poll::look;
    wake_at(next);
    return Poll::wait;
  }

  // One that begins at or after `until_ms` is the last one.
  void look(Role role, const Probe& probe, const Scope& scope, std::optional<std::int64_t> until_ms = {}) {
    if (live_step_->running) return;
    Launch launch = turn_.next_launch(role, step_);
    try {
      Request request = make_probe_request(facts_, step_, probe, scope, live_step_->target.value_or(Value()));
      request.wants_findings = until_ms && now_ms_ >= *until_ms;
      if (request.following) follow_on(request);
      launch.request = std::make_shared<Request>(std::move(request));
    } catch (const std::exception& error) {
      return cannot_look(with_hint(error));
    }
    if (const Question* unseen = unseen_question(state_, step_.id)) return look_again(*unseen, "it can be looked at after all");
    turn_.launch(std::move(launch));
  }

  // Where the last look stopped. It is ended here; its supervisor does that only where no engine is left to.
  void follow_on(Request& request) const {
    constexpr std::int64_t patience_ms = 5'000;
    request.following->position = live_step_->position;
    request.timeout_ms = end_of_following(now_ms_) - now_ms_ + patience_ms;
  }

  void look_again(const Question& unseen, const std::string& because) {
    for (Proposal& each : close_unseen(state_, unseen, because)) propose(std::move(each));
  }

  // Refused is only what has not begun: a resume would do anew what may have taken effect.
  void cannot_look(const std::string& why) {
    if (it_->state == StepState::in_doubt) return ask_about_doubt("done_when can't be looked at: " + why);
    if (!it_->has_exited) return refuse(why);
    if (is_secret_to_come(facts_, state_, values_, step_)) return pause("failed", done_but_unseen(*step_, why));
    const Question* question = state_.open_question(step_.id);
    if (!question) return propose(ask_unseen(state_, step_, why));
    wait_for_answer(*question, question->about == "doubt" ? "in_doubt" : "waiting");
  }

  const Declaration& declaration() const {
    static const Declaration none;
    const Declaration* type = find_declaration(*facts_.types, step_->type);
    return type ? *type : none;
  }
  Value before() { return before_value(*step_, *it_, *live_step_, values_); }
  RunScope scope_with_before() { return runbook::scope_with_before(facts_, state_, turn_.live, values_, step_); }

  void wait_for_answer(const Question& question, const std::string& state) {
    const bool is_stopped = limits_.is_pausing || (state == "in_doubt" ? stops_looking() : is_pausing_);
    if (is_stopped) return interrupted();
    if (limits_.is_interactive) return;
    pause(state, question.text);
  }

  void answer_with(const Question& question, const runbook::Answer& given) {
    for (auto& proposal : answer(state_, question, given)) propose(std::move(proposal));
  }

  void propose(Proposal proposal) { turn_.propose(std::move(proposal)); }
  void refuse(const std::string& why) {
    Proposal refused(event::refused, step_.id, object({{"why", why}}));
    attach_findings(refused);
    propose(std::move(refused));
  }
  // What the last look found beside its answer.
  void attach_findings(Proposal& proposal) const {
    const std::string findings = live_step_->look ? live_step_->look->findings : "";
    if (!findings.empty()) proposal.attach("findings", findings);
  }
  void propose_ended(std::string_view result, const std::string& why, const Value& outputs) {
    Value body = object({{"result", result}});
    if (!why.empty()) body = with(body, "why", why);
    Proposal ended(event::ended, step_.id, body, it_->is_open ? it_->attempt : 0);
    if (result == "failed") attach_findings(ended);
    propose_with_outputs(std::move(ended), outputs);
  }
  void propose_done(std::string_view kind, const std::string& why, const Value& outputs) {
    propose_with_outputs(Proposal(kind, step_.id, object({{"why", why}})), outputs);
  }
  void propose_with_outputs(Proposal proposal, const Value& outputs) {
    if (outputs.is_map() && !outputs.as_map().empty()) proposal.attach("outputs", to_json(outputs));
    propose(std::move(proposal));
  }

  void wake_at(std::int64_t at_ms) { turn_.wake_at(at_ms); }
  void interrupted() {
    if (!live_step_->running || live_step_->running->role != Role::act) pause("interrupted", way_.why);
  }
  void interrupted_waiting() {
    const auto& seen = live_step_->look;
    const bool has_seen = seen && seen->answer != Answer::yes;
    pause("interrupted", has_seen ? fmt::format("{}; `{}` saw last: {}", way_.why, step_.id, seen->told()) : way_.why);
  }
  void pause(const std::string& state, const std::string& why) {
    turn_.stops.push_back(End{state, why, step_.id, Value()});
    progress_ = Progress::stopped;
  }

  Turn& turn_;
  const RunFacts& facts_;
  const RunState& state_;
  const Limits& limits_;
  StoredValues& values_;
  std::int64_t now_ms_;
  const Instance& step_;
  const Way& way_;
  RunScope scope_;
  const InstanceState* it_;
  const LiveStep* live_step_;
  const bool is_pausing_;
  Progress progress_ = Progress::going;
  FileChanges changes_;
  std::string why_;  // of the last condition that could not be evaluated
};

}  // namespace

Progress decide_step(Turn& turn, const Instance& step, const Way& way) { return StepDecider(turn, step, way).decide(); }

}  // namespace runbook
