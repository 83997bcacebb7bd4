#pragma once
// What really is, beside the engines: processes that live on without them, what they did, secrets that were kept, a clock that people
// set, people who answer when and what they like.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "run/approval.h"
#include "run/inbox.h"
#include "run/performer.h"
#include "run/questions.h"
#include "tests/run/chance.h"
#include "tests/run/faulty_file.h"
#include "tests/run/oracle.h"
#include "tests/run/world.h"

namespace runbook::testing {

// The engine dies.
struct Crash {};

// Of an undo: the name of what it undoes, "apply[eu-1]" of `apply:undo[eu-1]`; "": it is none.
inline std::string name_of_undone(const Instance& step) {
  constexpr std::string_view undo = ":undo";
  if (!step->id.ends_with(undo)) return {};
  const std::size_t prefix = step.frame ? step.frame->prefix.size() : 0;
  std::string name = step.id;
  return name.erase(prefix + step->id.size() - undo.size(), undo.size());
}

class FaultyWorld : public Performer, public Clock {
 public:
  FaultyWorld(FaultyFile& file, Oracle& oracle, Chance& chance) : file_(file), oracle_(oracle), chance_(chance) {}

  bool is_kind = false;  // nothing goes wrong any more

  // An engine begins; what was posted to the one before is lost with it.
  void serve(Inbox& inbox, const Journal& journal) {
    inbox_ = &inbox;
    journal_ = &journal;
    waits_ = 0;
    has_supervisor_ = true;
    looks_.clear();
  }
  // The engine is gone. Steps run on under their supervisor, or come to their end.
  void left_alone() {
    for (auto& [n, process] : processes_) {
      process.is_attached = false;
      if (process.is_alive && chance_.of(40)) end(process);
    }
  }
  std::int64_t greatest_n() const { return greatest_n_; }
  bool fails(int percent) { return !is_kind && chance_.of(percent); }
  bool fails_once_in(std::size_t count) { return !is_kind && chance_.one_in(count); }

  // Performer

  void start(const Launch& launch) override {
    if (journal_->has_uncommitted()) broken_ = "2: nothing is launched while an event is uncommitted";
    oracle_.launches(launch);
    greatest_n_ = std::max(greatest_n_, launch.n);
    if (fails(2)) interrupt();
    if (launch.takes_up) return take_up(launch);
    if (fails_once_in(60)) throw Crash();
    if (!has_supervisor_) return tell(launch, is_not_started());
    if (launch.role != Role::act) return look(launch);
    if (fails(4)) return tell(launch, is_not_started());
    Process& process = begin(launch);
    if (fails_once_in(60)) throw Crash();
    if (chance_.of(60)) finish(process);
    if (fails_once_in(60)) throw Crash();
  }
  void cancel(std::int64_t n) override {
    if (auto look = looks_.find(n); look != looks_.end()) {
      tell(look->second, is_stopped());
      looks_.erase(look);
    }
    auto found = processes_.find(n);
    if (found == processes_.end() || !found->second.is_alive) return;
    if (chance_.of(70)) found->second.outcome = is_stopped();
    finish(found->second);
  }
  void acknowledge(std::int64_t n) override {
    if (journal_->has_uncommitted()) broken_ = "an outcome is acknowledged when it is committed";
    processes_.erase(n);
  }
  std::vector<std::string> end_left() override {
    if (journal_->has_uncommitted()) broken_ = "2: nothing is waited for while an event is uncommitted";
    return {};
  }
  std::string keep_secret(const std::filesystem::path& file, std::string_view secret) override {
    if (fails(10)) return "the disk is full";
    kept_[file.string()] = secret;
    return {};
  }
  Recalled recall_secret(const std::filesystem::path& file) override {
    auto found = kept_.find(file.string());
    if (found == kept_.end() || fails(10)) return {std::nullopt, "no such file"};
    return {found->second, {}};
  }
  Recalled recall_secret(const std::vector<std::string>&, const std::filesystem::path&) override {
    if (fails(10)) return {std::nullopt, "it does not answer"};
    return {"v-of-the-safe", {}};
  }

  // Clock

  std::int64_t now_ms() const override {
    now_ms_ += static_cast<std::int64_t>(chance_.below(20));
    if (is_kind || !chance_.one_in(300)) return now_ms_;
    return now_ms_ += chance_.of(50) ? -hour_ms : year_ms;
  }
  // Nothing is slept through: something happens, or time passes.
  void about_to_wait(std::optional<std::int64_t> until_ms) const override {
    inbox_->post(Ticked{"none", 0, "time"});
    const_cast<FaultyWorld*>(this)->live_on(until_ms);
  }

  // People

  void is_done_by_hand(const std::string& instance) { is_done_.insert(instance); }
  // To a question that is open, or was, or to none.
  Answer some_answer() {
    const RunState& state = file_.state;
    Answer given{"none", "done", chance_.of(50) ? "ada" : "bob", fails(10) ? "" : "looked", fails(50) ? 0 : now_ms_, {}};
    if (state.questions.empty()) return given;
    auto at = state.questions.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(chance_.below(state.questions.size())));
    return answer_to(at->second);
  }
  Answer answer_to(const Question& question) {
    Answer given{question.id, chance_.among(question.choices), chance_.of(50) ? "ada" : "bob", "looked", now_ms_, {}};
    if (is_kind && question.about != "doubt" && question.about != "overdue") given.choice = question.choices.front();
    if (is_kind && question.about == "overdue") given.choice = "wait";
    if (fails(10)) given.choice = "perhaps";
    if (fails(10)) given.because.clear();
    if (question.about == "manual" && given.choice == "confirm" && (is_kind || chance_.of(80)))
      is_done_by_hand(question.instance);
    if (!fails(10)) given.fields = object({{"phrase", question.phrase}, {"outputs", object({{"name", "x"}})}});
    if (question.about == "doubt") given.fields = object({{"v", "v"}});
    return given;
  }

  const std::string& broken() const { return broken_; }

 private:
  static constexpr std::int64_t hour_ms = 3'600'000, year_ms = 365 * 24 * hour_ms;

  struct Process {
    Launch launch;
    Outcome outcome;  // how it will end
    bool takes_effect_at_end = false, is_alive = true, is_attached = true;
  };

  Process& begin(const Launch& launch) {
    Process& process = processes_[launch.n];
    process.launch = launch;
    process.outcome = fails(10)  ? exits(1)
                      : fails(6) ? is_lost()
                      : fails(6) ? times_out()
                                 : exits(0, launch.step->gives_secrets() ? "v-of-the-step" : "v");
    const bool takes_effect =
        process.outcome.kind == Outcome::Kind::succeeded || (process.outcome.kind != Outcome::Kind::failed && chance_.of(50));
    process.takes_effect_at_end = takes_effect && chance_.of(50);
    if (takes_effect && !process.takes_effect_at_end) take_effect(launch);
    return process;
  }
  void take_effect(const Launch& launch) {
    oracle_.happens(launch.step.id, launch.n);
    const std::string undone = name_of_undone(launch.step);
    if (undone.empty()) is_done_.insert(launch.step.id);
    else is_done_.erase(undone);
  }
  void end(Process& process) {
    if (!process.is_alive) return;
    process.is_alive = false;
    const bool was_stopped = process.outcome.kind == Outcome::Kind::cancelled;
    if (process.takes_effect_at_end && (!was_stopped || chance_.of(50))) take_effect(process.launch);
  }
  void finish(Process& process) {
    end(process);
    tell(process.launch, process.outcome);
  }
  void take_up(const Launch& launch) {
    auto found = processes_.find(launch.n);
    if (found == processes_.end()) return tell(launch, is_not_started());
    Process& process = found->second;
    process.launch = launch;
    process.is_attached = true;
    if (process.is_alive && chance_.of(50)) return;
    end(process);
    if (fails(15)) process.outcome = is_lost();  // its supervisor died before it could say
    tell(launch, process.outcome);
  }
  void look(const Launch& launch) {
    if (chance_.of(15)) looks_[launch.n] = launch;
    else tell(launch, seen(launch));
  }
  Outcome seen(const Launch& launch) {
    if (fails(5)) return chance_.of(50) ? cannot_tell() : is_lost();
    if (launch.role == Role::before) return yes("before");
    if (launch.role == Role::watch) return fails(8) ? no() : yes();
    const bool holds = launch.step->probe ? is_kind || chance_.of(40) : is_done_.count(launch.step.id) > 0;
    return holds ? yes("v") : no();
  }
  void tell(const Launch& launch, const Outcome& outcome) {
    if (launch.role == Role::watch) oracle_.saw(launch, outcome.kind == Outcome::Kind::succeeded);
    inbox_->post(Ended{launch, outcome});
  }

  void live_on(std::optional<std::int64_t> until_ms) {
    if (++waits_ > 200) return inbox_->post(Interrupt{Interrupt::Kind::detach, "somebody who has enough"});
    if (fails(3)) interrupt();
    if (fails(5)) inbox_->post(some_answer());
    if (fails(5)) file_.add(some_answer());
    if (fails_once_in(100)) throw Crash();
    if (!looks_.empty()) {
      tell(looks_.begin()->second, seen(looks_.begin()->second));
      looks_.erase(looks_.begin());
    }
    Process* running = some_running();
    if (is_kind && chance_.of(20))
      return inbox_->post(an_open_answer());  // where a watch looks on, there is always something to wait for
    if (until_ms && (!running || chance_.of(40))) now_ms_ = std::max(now_ms_, *until_ms - (fails(20) ? 1 : 0));
    else if (running) finish(*running);
    else inbox_->post(an_open_answer());
  }
  Answer an_open_answer() {
    const RunState& state = file_.state;
    for (const auto& [id, question] : state.questions) {
      if (question.is_open) return answer_to(question);
    }
    return some_answer();
  }
  Process* some_running() {
    for (auto& [n, process] : processes_) {
      if (process.is_alive && process.is_attached) return &process;
    }
    return nullptr;
  }
  void interrupt() {
    using Kind = Interrupt::Kind;
    static const std::vector<Kind> kinds = {Kind::pause, Kind::pause, Kind::detach, Kind::lost};
    const Kind kind = chance_.among(kinds);
    inbox_->post(Interrupt{kind, "chance"});
    if (kind == Kind::lost) has_supervisor_ = false;
    if (chance_.of(50)) inbox_->post(Interrupt{kind, "chance"});
  }

  FaultyFile& file_;
  Oracle& oracle_;
  Chance& chance_;
  Inbox* inbox_ = nullptr;
  const Journal* journal_ = nullptr;
  mutable std::int64_t now_ms_ = 1'767'225'600'000;
  int waits_ = 0;
  bool has_supervisor_ = true;
  std::int64_t greatest_n_ = 0;
  std::map<std::int64_t, Process> processes_;  // until their end is acknowledged
  std::map<std::int64_t, Launch> looks_;       // that take their time
  std::set<std::string> is_done_;
  std::map<std::string, std::string> kept_;
  std::string broken_;
};

}  // namespace runbook::testing
