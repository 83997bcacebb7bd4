#include "run/executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/json.h"
#include "base/redactor.h"
#include "os/process_texts.h"
#include "run/before.h"
#include "run/first_cause.h"
#include "run/manual.h"
#include "run/named_files.h"
#include "run/on_target.h"
#include "run/probe.h"
#include "run/questions.h"
#include "run/settle.h"

namespace runbook {

namespace {
constexpr std::int64_t answer_poll_ms = 250;  // how soon an answer from elsewhere is seen
}

Executor::Executor(Parts parts, std::int64_t first_n)
    : parts_(std::move(parts)),
      values_([this](const std::string& digest) { return parts_.journal.blob(digest); }),
      instances_(parts_.facts, parts_.state, values_),
      secrets_(parts_.facts, parts_.state, values_, parts_.performer, parts_.observer,
               [this](const Instance& step) { return scope_for(step); }) {
  live_.last_n = first_n;
}

void Executor::record(Proposal proposal) {
  mask_texts(proposal, parts_.facts.secret_values());
  Event event = append(parts_.journal, std::move(proposal), parts_.clock.now_ms());
  parts_.state.apply(event);
  secrets_.recall(event.instance);
  if (!event.instance.empty()) forget_looks(event);
  const bool opens_again = event.kind == event::renewed || event.kind == event::undone;
  if (opens_again) live_.cursors.clear();
  uncommitted_.push_back(std::move(event));
}

// A new phase: what was seen before says nothing about it. A watch goes on looking.
void Executor::forget_looks(const Event& event) {
  const auto live = live_.steps.find(event.instance);
  if (live == live_.steps.end() || event.kind == event::watched) return;
  live->second.forget_looks();
  const bool goes_on = event.kind == event::intent || event.kind == event::exited || event.kind == event::verifying;
  if (!goes_on) live->second.target.reset();
  live->second.files.reset();
  const bool is_over = is_done(parts_.state.of(event.instance).state) && !live->second.running;
  if (is_over) live_.steps.erase(live);
}

void Executor::commit() {
  if (!parts_.journal.has_uncommitted()) return;
  parts_.journal.commit();
  for (const Event& event : uncommitted_) parts_.observer.committed(event, parts_.state);
  uncommitted_.clear();
  for (std::int64_t n : to_acknowledge_) parts_.performer.acknowledge(n);
  to_acknowledge_.clear();
}

void Executor::take_up(Launch launch) {
  commit();
  launch.takes_up = true;
  live_.last_n = std::max(live_.last_n, launch.n);
  this->launch(std::move(launch));
}

void Executor::recover(const std::string& who, Purpose purpose) {
  Recovery recovery = runbook::recover(parts_.facts, parts_.state, values_, who, purpose);
  for (Proposal& proposal : recovery.events) record(std::move(proposal));
  for (Launch& launch : recovery.taken_up) take_up(std::move(launch));
}

Decision Executor::decide_until_settled() {
  while (true) {
    secrets_.find_needed(live_);
    Decision decision = decide(parts_.facts, parts_.state, live_, values_, parts_.clock.now_ms(), limits_);
    for (auto& proposal : decision.events) record(std::move(proposal));
    if (decision.end) decision.end->why = redact(decision.end->why, parts_.facts.secret_values());
    if (decision.events.empty() || !decision.launches.empty() || decision.end) return decision;
  }
}

Executor::Conclusion Executor::run(Limits limits) {
  limits.is_pausing = limits.is_pausing || std::exchange(keeps_pausing_, false);
  limits_ = std::move(limits);
  for (Signal& signal : parts_.inbox.wait(std::chrono::milliseconds(0))) absorb(signal);  // what came in between two runs
  if (detached_by_) return conclude(End{"interrupted", *detached_by_, "", Value()});
  if (std::exchange(is_yielding_, false)) return yield();
  take_up_answers_of_others();  // an earlier engine may not have lived to hear them
  std::optional<Decision> decided_meanwhile;
  while (true) {
    const Decision decision = decided_meanwhile ? *std::exchange(decided_meanwhile, std::nullopt) : take_turn();
    for (std::int64_t n : decision.cancels) cancel(n);
    if (decision.end) {
      if (!decision.end->is_left() && take_up_answers_of_others()) continue;  // who was told so must not wait for a resume
      return is_over(*decision.end) ? conclude(*decision.end) : stop_for_now(*decision.end);
    }
    if (!decision.launches.empty()) continue;  // what now runs may have a deadline to wake for
    if (limits_.is_interactive) ask_what_is_open();
    if (take_up_answers_of_others()) continue;
    for (Signal& signal : wait(decision.wake_ms, decided_meanwhile)) absorb(signal);
    if (detached_by_) return conclude(End{"interrupted", *detached_by_, "", Value()});
    if (std::exchange(is_yielding_, false)) return yield();
  }
}

Executor::Conclusion Executor::yield() {
  keeps_pausing_ = limits_.is_pausing;
  return stop_for_now(End{"yielded", "", "", Value()});
}

Decision Executor::take_turn() {
  Decision decision = decide_until_settled();
  commit();
  for (const Launch& next : decision.launches) launch(next);
  return decision;
}

// What was asked is asked again by the next run.
Executor::Conclusion Executor::stop_for_now(const End& end) {
  for (const std::string& question : std::exchange(asked_, {})) parts_.person.withdraw(question);
  return {end, is_any_act_running()};
}

// Who walks through a run is asked what comes next, unless it is left.
bool Executor::is_over(const End& end) const { return !limits_.walk || end.is_left(); }

void Executor::launch(Launch launch) {
  live_.last_n = std::max(live_.last_n, launch.n);
  launch.seq = parts_.journal.seq();
  launch.hash = parts_.journal.hash();
  LiveStep& live = live_.steps[launch.step.id];
  if (launch.role == Role::act) live.was_sent_again = parts_.state.of(launch.step.id).state == StepState::in_doubt;
  live.running = launch;
  live.is_cancel_sent = false;
  parts_.performer.start(launch);
}

void Executor::cancel(std::int64_t n) {
  for (auto& [instance, live] : live_.steps) {
    if (!live.running || live.running->n != n || live.is_cancel_sent) continue;
    live.is_cancel_sent = true;
    parts_.performer.cancel(n);
  }
}

void Executor::ask_what_is_open() {
  for (const auto& [id, question] : parts_.state.questions) {
    if (question.is_open && asked_.insert(id).second) {
      Question shown = question;
      shown.details = details_of(question);
      parts_.person.ask(shown);
    }
    if (!question.is_open && asked_.erase(id) > 0) parts_.person.withdraw(id);
  }
}

// For who is asked: the form, or what became of the step.
Value Executor::details_of(const Question& question) {
  if (question.about != "failed" && question.about != "doubt") return values_.get(question.form);
  const InstanceState& it = parts_.state.of(question.instance);
  const auto text_of = [&](const std::string& digest) { return digest.empty() ? "" : parts_.journal.blob(digest); };
  return object({{"output", text_of(it.output)},
                 {"findings", text_of(it.findings)},
                 {"attempt", it.all_attempts},
                 {"outputs", it.has_exited ? values_.get(it.outputs) : Value()}});
}

bool Executor::is_any_question_open() const {
  const auto& questions = parts_.state.questions;
  return std::any_of(questions.begin(), questions.end(), [](const auto& each) { return each.second.is_open; });
}

bool Executor::take_up_answers_of_others() {
  const std::vector<Answer> answers = answers_of_others();
  for (const Answer& answer : answers) absorb_answer(answer);
  return !answers.empty();
}

std::vector<Answer> Executor::answers_of_others() {
  std::vector<Answer> fitting;
  if (!is_any_question_open()) return fitting;
  for (Answer& answer : parts_.journal.answers()) {
    auto question = parts_.state.questions.find(answer.question);
    if (question == parts_.state.questions.end() || !question->second.is_open) continue;
    const bool is_to_be_judged = is_approval_by_others(question->second) || question->second.about == "manual";
    if (is_to_be_judged || why_not_taken(question->second, answer).empty()) fitting.push_back(std::move(answer));
  }
  return fitting;
}

std::vector<Signal> Executor::wait(const std::optional<std::int64_t>& wake_ms, std::optional<Decision>& decided_meanwhile) {
  parts_.clock.about_to_wait(wake_ms);
  std::optional<std::int64_t> at_most;
  if (wake_ms) at_most = std::max<std::int64_t>(0, *wake_ms - parts_.clock.now_ms());
  if (is_any_question_open()) at_most = std::min(at_most.value_or(answer_poll_ms), answer_poll_ms);
  // A clock that is set forward must not be slept through: it is looked at once a minute at least.
  if (at_most) at_most = std::min<std::int64_t>(*at_most, 60'000);
  const auto serve = [&](Signal& ended) {
    absorb(ended);
    decided_meanwhile = take_turn();
  };
  return parts_.inbox.wait(at_most ? std::optional(std::chrono::milliseconds(*at_most)) : std::nullopt, serve);
}

void Executor::absorb(Signal& signal) {
  if (auto* ended = std::get_if<Ended>(&signal)) return absorb_ended(*ended);
  if (auto* answer = std::get_if<Answer>(&signal)) return absorb_answer(std::move(*answer));
  if (auto* ticked = std::get_if<Ticked>(&signal)) return absorb_tick(*ticked);
  absorb_interrupt(std::get<Interrupt>(signal));
}

RunScope Executor::scope_for(const Instance& step) {
  return scope_with_before(parts_.facts, parts_.state, live_, values_, step);
}

void Executor::absorb_ended(const Ended& ended) {
  if (ended.undecided) std::rethrow_exception(ended.undecided);
  const Instance& step = ended.launch.step;
  LiveStep& live = live_.steps[step.id];
  live.running.reset();
  if (ended.launch.role == Role::target) {
    live.target = ended.outcome.result;
    return;
  }
  if (ended.launch.role == Role::files) {
    live.files = ended.outcome.result;
    return;
  }
  if (ended.launch.role != Role::act) return absorb_look(step, live, ended);
  if (parts_.state.of(step.id).state == StepState::in_doubt) return absorb_answer_to_doubt(step, ended);
  absorb_end(step, ended);
}

void Executor::absorb_end(const Instance& step, const Ended& ended) {
  bool began_before = ended.launch.takes_up || limits_.is_pausing;
  auto if_not_started = began_before ? IfNotStarted::begins_again : IfNotStarted::stops;
  const InstanceState& it = parts_.state.of(step.id);
  RunScope scope = scope_for(step);
  Proposal settled = settle(step, it, ended.outcome, scope, parts_.clock.now_ms(), if_not_started);
  std::string why = secrets_.keep(step, settled.secrets);
  record(why.empty() ? std::move(settled) : settle_without_outputs(step, it, ended.outcome, scope, why));
  to_acknowledge_.push_back(ended.launch.n);
  close_question_about_its_timeout(step.id);
}

// It was sent once more to learn what became of it. Anything but success tells nothing of the first time.
void Executor::absorb_answer_to_doubt(const Instance& step, Ended ended) {
  if (ended.outcome.kind != Outcome::Kind::succeeded) {
    ended.outcome.kind = Outcome::Kind::unknown;
    ended.outcome.reason = "sent once more with the same token, which did not tell: " + ended.outcome.reason;
  }
  absorb_end(step, ended);
}

void Executor::close_question_about_its_timeout(const std::string& instance) {
  const Question* question = parts_.state.open_question(instance);
  if (!question) return;
  Answer wait{question->id, "wait", "runbook", "it has ended by itself", 0, Value()};
  for (auto& proposal : answer(parts_.state, *question, wait)) record(std::move(proposal));
}

void Executor::absorb_look(const Instance& step, LiveStep& live, const Ended& ended) {
  const Probe& probe = probe_asked(*step, parts_.state.of(step.id), ended.launch.role);
  Look look = judge(probe, ended.outcome, scope_for(step));
  look.n = ended.launch.n;
  if (!ended.outcome.position.empty()) live.position = ended.outcome.position;
  look.began_at_ms = ended.launch.decided_at_ms;
  look.ended_at_ms = parts_.clock.now_ms();
  // What an earlier engine saw go wrong is not forgotten.
  const bool was_bad = parts_.state.watch(step.id).sight == WatchState::Sight::bad;
  if (ended.launch.role == Role::watch && live.looks == 0 && was_bad) live.strikes = 1;
  if (is_waited_for(step, probe) && look.answer != Look::Answer::yes) parts_.observer.saw(step.id, look.told());
  live.saw(ended.launch.role, probe, std::move(look));
}

// A look that is taken again, unlike the one look before a step.
bool Executor::is_waited_for(const Instance& step, const Probe& probe) const {
  const InstanceState& it = parts_.state.of(step.id);
  const bool waits = (step->probe && it.state == StepState::waiting) || it.has_exited || it.state == StepState::in_doubt;
  return waits && probe.timeout_ms > 0;
}

std::string Executor::why_not_taken(const Question& question, const Answer& given) const {
  std::string why = why_not_a_choice(question, given);
  const auto step = instances_.find(question.instance);
  if (why.empty() && is_approval_by_others(question)) return approver_of(question, given).why;
  if (!why.empty() || question.about != "manual" || !step || !(*step)->manual) return why;
  return why_not_confirmed(*(*step)->manual, given);
}

Approver Executor::approver_of(const Question& question, const Answer& given) const {
  return parts_.approver ? parts_.approver(question, given) : Approver{given.who, ""};
}

// What somebody wrote beside the commands must not close the question for those who may answer it.
void Executor::turn_away(const Question& question, const Answer& given, const std::string& why) {
  if (!is_approval_by_others(question) && question.about != "manual") return;
  parts_.observer.notice(fmt::format("an answer about `{}` does not count: {}", question.instance, why));
  for (const Answer& other : parts_.journal.answers()) {
    if (other.question != question.id) continue;
    record(runbook::turn_away(question, given, why));
    return;
  }
}

std::vector<Proposal> Executor::events_of(const Question& question, const Answer& given) const {
  const auto step = instances_.find(question.instance);
  if (question.about == "manual" && step) return answer_manual(*step, question, given, parts_.clock.now_ms());
  if (is_approval_by_others(question)) return answer_approval(parts_.state, question, given, approver_of(question, given).name);
  return answer(parts_.state, question, given);
}

Answer Executor::first_answer(Answer given) {
  given.because = redact(given.because, parts_.facts.secret_values());
  if (given.at_ms == 0) given.at_ms = parts_.clock.now_ms();
  if (parts_.journal.add_answer(given)) return given;
  const Question& question = parts_.state.questions.at(given.question);
  for (Answer& other : parts_.journal.answers()) {
    if (other.question != given.question || !why_not_taken(question, other).empty()) continue;
    if (other.who != given.who || other.choice != given.choice)
      parts_.observer.notice(fmt::format("{} answered first: {}", other.who, other.choice));
    return std::move(other);
  }
  return given;
}

void Executor::absorb_tick(const Ticked& ticked) {
  auto found = parts_.state.questions.find(ticked.question);
  const bool is_new =
      found != parts_.state.questions.end() && found->second.is_open && !found->second.ticked.count(ticked.item);
  if (is_new) record(tick(found->second, ticked.item, ticked.who));
}

void Executor::absorb_answer(Answer given) {
  auto found = parts_.state.questions.find(given.question);
  if (found == parts_.state.questions.end() || !found->second.is_open) return;
  Question question = found->second;
  if (asked_.erase(question.id) > 0) parts_.person.withdraw(question.id);
  if (const std::string why = why_not_taken(question, given); !why.empty())
    return turn_away(question, given, why);  // it is asked again
  if (question.about == "code") hand_on_code(question.instance, given);
  for (auto& proposal : events_of(question, first_answer(std::move(given)))) record(std::move(proposal));
}

// It is kept nowhere; all that wait for the same device look again.
void Executor::hand_on_code(const std::string& instance, Answer& given) {
  const std::string code = given.fields.text_or("code", "");
  given.fields = Value();
  const auto device_of = [](const LiveStep& live) { return live.target ? needed_code(*live.target) : ""; };
  const std::string device = device_of(live_.steps[instance]);
  if (device.empty()) return;
  parts_.performer.take_code(device, code);
  for (auto& [waiting, live] : live_.steps)
    if (device_of(live) == device) live.target.reset();
}

bool Executor::is_any_act_running() const {
  return std::any_of(live_.steps.begin(), live_.steps.end(),
                     [](const auto& entry) { return entry.second.running && entry.second.running->role == Role::act; });
}

void Executor::absorb_interrupt(const Interrupt& interrupt) {
  if (interrupt.kind == Interrupt::Kind::yield) {
    is_yielding_ = true;
    return;
  }
  limits_.who = interrupt.by;
  if (interrupt.kind == Interrupt::Kind::detach) {
    detached_by_ = interrupt.by;
    return;
  }
  bool was_pausing = std::exchange(limits_.is_pausing, true);
  if (interrupt.kind == Interrupt::Kind::stop) return cancel(interrupt.n);
  bool is_key = interrupt.kind == Interrupt::Kind::pause;
  if (was_pausing && is_key) return stop_what_runs();
  if (is_any_act_running() && is_key)
    parts_.observer.notice("pausing when this step has ended; " + interrupt.by + " again ends the step");
}

void Executor::stop_what_runs() {
  parts_.observer.notice("ending the step");
  for (auto& [instance, live] : live_.steps) {
    if (live.running) cancel(live.running->n);
  }
}

Executor::Conclusion Executor::conclude(const End& end) {
  Value body = object({{"state", end.state}, {"why", why_it_ends(parts_.facts, parts_.state, values_, end)}});
  // Before that is recorded: once a run is left, nobody takes it up again.
  std::vector<std::string> ended_with_it = end.is_left() ? parts_.performer.end_left() : std::vector<std::string>();
  ended_with_it = masked_processes(std::move(ended_with_it), parts_.facts.secret_values());
  if (!ended_with_it.empty()) body = with(body, "strays", list_from(ended_with_it));
  if (parts_.files && !end.is_left()) {
    if (const Value files = parts_.files(values_); !(files == files_in(parts_.state))) body = with(body, "files", files);
  }
  Proposal last(end.is_left() ? event::left : event::paused, "",
                end.instance.empty() ? body : with(body, "step", end.instance));
  if (!end.outputs.is_null()) last.attach("outputs", to_json(end.outputs));
  record(std::move(last));
  commit();
  return {end, is_any_act_running()};
}

}  // namespace runbook
