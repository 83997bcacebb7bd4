#pragma once
// What must hold of every run, judged by the stream of its committed events and by what happens in the world. It folds nothing with
// the engine's own code: states and transitions are written down here a second time, as state/journal.h draws them.
#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "book/runbook.h"
#include "run/launch.h"
#include "state/event.h"
#include "state/run_state.h"
#include "tests/run/tree.h"

namespace runbook::testing {

class Oracle {
 public:
  explicit Oracle(const Runbook& runbook) : runbook_(runbook), tree_(runbook) {}

  // The first broken promise, or "".
  const std::string& broken() const { return broken_; }
  std::int64_t broken_at() const { return broken_at_; }  // the last event by then; 0: none

  // A committed event, and the epoch of who wrote it.
  void see(std::int64_t epoch, const Event& event) {
    event_ = &event;
    must(event.seq == ++seq_, "the numbers of events follow each other");
    const bool may_follow = event.kind == event::driven || event.kind == event::undoing;
    must(!is_left_ || may_follow, "nothing but an undo is recorded once the run was left");
    see_epoch(epoch, event);
    tree_.note_seq(seq_);
    if (const std::string why = tree_.see(event); !why.empty()) must(false, why);
    if (event.kind == event::left) leave(event);
    if (event.kind == event::undoing) begin_undo(event);
    if (event.kind == event::undo_ended) {
      is_undoing_ = false;
      leaves_undone_ = event.body.text_or("leaves", "") == "undone";
      if (leaves_undone_) require_all_undone();
    }
    if (!event.instance.empty() && !is_of_tree(event)) {
      see_instance(event);
      tree_.note_change(event.instance);
    }
    event_ = nullptr;
    is_behind_answer_of_ = event.kind == event::answered ? event.instance : "";
  }

  // What was seen since the last time was committed together.
  void committed() { tree_.committed(); }

  // It is about to be performed; everything committed was seen.
  void launches(const Launch& launch) {
    if (launch.role == Role::watch) return tree_.looks(launch.step.id, launch.n);
    Instance& it = at(launch.step.id);
    must(!is_left_, launch.step.id + " is not launched once the run was left");
    if (!launch.takes_up) must(numbers_.insert(launch.n).second, "a number is used once");
    if (launch.role == Role::act) {
      const bool is_intended = it.state == State::running && it.open == launch.n && !it.has_exited;
      return must(is_intended,
                  fmt::format("1: attempt {} of {} has a committed intent and is not in doubt", launch.n, launch.step.id));
    }
    if (it.state != State::in_doubt && !it.has_exited) must_be_next(it);
    const bool is_idle = it.state == State::pending || it.state == State::waiting || it.state == State::cancelled;
    const bool is_looked_at = it.state == State::in_doubt || (it.state == State::running && it.has_exited);
    must(is_idle || (is_looked_at && launch.role == Role::look), "a look has its place: " + launch.step.id);
  }

  // The attempt takes effect, now.
  void happens(const std::string& instance, std::int64_t n) {
    Instance& it = at(instance);
    must(it.open == n && it.state == State::running,
         fmt::format("1, 6: attempt {} of {} takes effect while it is open and nobody has judged it", n, instance));
    if (++it.effects > 1 && !is_repeatable(it))
      must(false, fmt::format("9: {} takes effect once in group {}", instance, it.group));
  }

  // A look of a watch has ended.
  void saw(const Launch& launch, bool is_good) { tree_.saw(launch.step.id, launch.n, is_good); }

  bool was_left() const { return is_left_; }
  const Tree& tree() const { return tree_; }
  std::int64_t events() const { return seq_; }

 private:
  enum class State { pending, waiting, running, succeeded, satisfied, skipped, failed, cancelled, in_doubt };
  struct Instance {
    const Step* step = nullptr;
    std::string name;
    std::int64_t acted = 0, acted_before = 0;  // the event of its last intent, or of what somebody did
    State state = State::pending;
    std::int64_t open = 0;  // the attempt without an outcome
    bool has_exited = false, is_retried = false;
    int group = 1, effects = 0;
    std::string question, doubt_answer, manual_answer;
    std::map<std::string, std::set<std::string>> approvers;  // by what they approved
    bool is_approved = false;                                // by a typed phrase
    bool is_done() const { return state == State::succeeded || state == State::satisfied || state == State::skipped; }
  };
  struct Question {
    std::string instance, about, sha256;
    bool is_open = true;
  };

  void must(bool holds, const std::string& what) {
    if (holds || !broken_.empty()) return;
    broken_ = "broken: " + what;
    broken_at_ = seq_;
    if (event_) broken_ += fmt::format(" (event {}, {})", event_->seq, describe(*event_));
  }
  void must_be_in(const Instance& it, std::initializer_list<State> states) {
    must(std::find(states.begin(), states.end(), it.state) != states.end(),
         fmt::format("the transition is drawn (from state {})", static_cast<int>(it.state)));
  }
  // Also behind its own stop, which an engine that takes it up learns of.
  void must_be_about_to_begin(const Instance& it) {
    must_be_in(it, {State::pending, State::waiting, State::cancelled});
    const bool is_act = it.step->kind == Step::Kind::act;
    if (it.state == State::cancelled && is_act) must(is_repeatable(it), "only what may run again is begun behind its own stop");
  }
  Instance& at(const std::string& name) {
    Instance& it = instances_[name];
    if (it.step) return it;
    const Tree::Name parts = Tree::read(name);
    it.step = runbook_.find(parts.id);
    if (parts.is_undo) it.step = it.step->undo.get();
    it.name = name;
    return it;
  }
  static std::string undo_of(const std::string& name) {
    const std::size_t end = std::min(name.find('['), name.size());
    return name.substr(0, end) + ":undo" + name.substr(end);
  }
  static bool is_undo(const Instance& it) { return Tree::read(it.name).is_undo; }
  static bool is_of_tree(const Event& event) {
    return event.kind == event::section_entered || event.kind == event::section_skipped || event.kind == event::section_left ||
           event.kind == event::section_failed || event.kind == event::watched;
  }
  void must_hold(const std::string& why_not) {
    if (!why_not.empty()) must(false, why_not);
  }
  // It is looked at, or left out; but what a person's answer sets in motion does not wait for what was redone meanwhile.
  void must_be_next(const Instance& it) {
    if (event_ && is_behind_answer_of_ == it.name) return;
    const bool is_settled_first = is_undoing_ && it.state == State::in_doubt;  // left by a run that was cancelled
    if (is_settled_first) return;
    if (is_undoing_ || is_undo(it)) return must_be_next_to_undo(it);
    must_hold(tree_.why_not_next(it.name));
  }
  void must_begin(const Instance& it) {
    if (event_ && is_behind_answer_of_ == it.name) return;
    if (is_undoing_ || is_undo(it)) return must_be_next_to_undo(it);
    must_hold(is_waited_for(it) ? tree_.why_not_next(it.name) : tree_.why_not_begun(it.name));
  }
  // It is done anew for its secret: what has run can't be looked at without.
  bool is_waited_for(const Instance& giver) const {
    if (giver.group == 1 || !giver.step->gives_secrets()) return false;
    return std::any_of(instances_.begin(), instances_.end(), [&](const auto& each) {
      const Instance& other = each.second;
      if (other.state != State::running || !other.has_exited) return false;
      const std::vector<Reference> taken = other.step->references_to_values();
      return std::any_of(taken.begin(), taken.end(), [&](const Reference& reference) {
        return reference.root == "steps" && !reference.path.empty() && reference.path[0] == giver.step->id;
      });
    });
  }
  bool is_to_be_undone(const Instance& it) {
    const bool has_effect = it.step->kind == Step::Kind::act || it.step->kind == Step::Kind::manual;
    if (is_undo(it) || it.acted == 0 || it.acted < undo_border_ || !has_effect || it.step->effect == Effect::read) return false;
    const bool can_be = it.step->undo && it.step->effect != Effect::irreversible;
    return can_be && at(undo_of(it.name)).state != State::skipped;
  }
  // What was done last is undone first.
  void must_be_next_to_undo(const Instance& it) {
    must(is_undoing_ && is_undo(it), "while it is undone nothing else begins, and otherwise no undo: " + it.name);
    const Tree::Name parts = Tree::read(it.name);
    const Instance& undone = at(Tree::written(parts.id, parts.keys, parts.keys.size()));
    must(is_to_be_undone(undone), undone.name + " really ran");
    for (auto& [name, other] : std::map<std::string, Instance>(instances_))
      must(!is_to_be_undone(other) || other.acted <= undone.acted, fmt::format("{} is undone before {}", name, undone.name));
  }
  void begin_undo(const Event& event) {
    const bool was_left = std::exchange(is_left_, false);
    is_undoing_ = true;
    undo_border_ = event.body.int_or("border", 0);
    for (const auto& [name, it] : instances_) {
      // A run that was cancelled may have left that behind: the undo settles it, or takes it back as it is.
      const bool was_left_so = was_left && (it.state == State::in_doubt || it.has_exited);
      must(it.open == 0 || was_left_so, "nothing is open when an undo begins: " + name);
    }
  }
  void undone(Instance& it, const Event& event) {
    Instance& by = at(undo_of(it.name));
    must(is_undoing_ && by.is_done() && event.body.text_or("by", "") == by.name, it.name + " is undone when its undo is done");
    for (Instance* each : {&it, &by}) {
      settle(*each, State::pending);
      begin_group(*each);
      each->acted = each->acted_before = 0;
    }
  }
  void begin_group(Instance& it) {
    it.group += 1;
    it.effects = 0;
    it.approvers.clear();
    it.is_approved = false;
    it.doubt_answer.clear();
    it.manual_answer.clear();
  }
  Tree::Mark mark_of(const Instance& it) const {
    using Mark = Tree::Mark;
    switch (it.state) {
      case State::pending: return Mark::untouched;
      case State::waiting: return Mark::waiting;
      case State::running: return it.has_exited ? Mark::exited : Mark::running;
      case State::failed: return Mark::failed;
      case State::cancelled: return Mark::stopped;
      case State::in_doubt: return Mark::doubted;
      default: return Mark::done;
    }
  }

  void see_epoch(std::int64_t epoch, const Event& event) {
    if (event.kind == event::driven || event.kind == event::run_began) {
      must(epoch > epoch_, "4: who takes the run raises the epoch");
      epoch_ = epoch;
    }
    must(epoch == epoch_, "4: only the driver writes, with its epoch");
  }

  void leave(const Event& event) {
    is_left_ = true;
    const std::string state = event.body.text_or("state", "");
    for (const auto& [id, it] : instances_) {
      const bool is_running = it.open != 0 && it.state == State::running && !it.has_exited;
      must(!is_running, id + " has ended when the run is left");
    }
    must(state != "undone" || is_undoing_ || leaves_undone_, "a run is left as undone by an undo");
    must(state != "succeeded" || !is_undoing_, "an undo is no success");
    if (state == "succeeded") must(tree_.is_over(), "all is done when the run has succeeded");
    if (state == "cancelled" || leaves_undone_) must_hold(tree_.why_not_cancelled());
    if (state == "undone" && is_undoing_) require_all_undone();
    is_undoing_ = leaves_undone_ = false;
  }

  void require_all_undone() {
    for (auto& [id, it] : std::map<std::string, Instance>(instances_)) must(!is_to_be_undone(it), id + " is undone");
  }

  void see_instance(const Event& event) {
    using See = void (Oracle::*)(Instance&, const Event&);
    static const std::map<std::string_view, See> each = {
        {event::satisfied, &Oracle::satisfied}, {event::skipped, &Oracle::skipped}, {event::waiting, &Oracle::waiting},
        {event::intent, &Oracle::intent},       {event::exited, &Oracle::exited},   {event::verifying, &Oracle::verifying},
        {event::ended, &Oracle::ended},         {event::refused, &Oracle::refused}, {event::doubted, &Oracle::doubted},
        {event::overdue, &Oracle::overdue},     {event::asked, &Oracle::asked},     {event::ticked, &Oracle::ticked},
        {event::answered, &Oracle::answered},   {event::renewed, &Oracle::renewed}, {event::rescheduled, &Oracle::rescheduled},
        {event::undone, &Oracle::undone},
    };
    Instance& it = at(event.instance);
    if (it.step->kind == Step::Kind::watch) return;
    // What fails by itself is known to all that is decided then; what is decided to have failed, only to what is decided later.
    const bool is_outcome = it.state == State::running && !it.has_exited;
    (this->*each.at(event.kind))(it, event);
    if (!is_undo(it)) tree_.mark(it.name, mark_of(it), is_outcome ? Tree::Seen::at_once : Tree::Seen::with_its_commit);
  }

  void satisfied(Instance& it, const Event&) {
    must_be_about_to_begin(it);
    must_be_next(it);
    must(it.step->done_when != nullptr && it.open == 0, "only a look before it says that a step holds already");
    settle(it, State::satisfied);
  }
  void skipped(Instance& it, const Event& event) {
    if (event.body.bool_or("given_up", false)) {
      must_be_in(it, {State::pending, State::cancelled});
      must(tree_.is_given_up(it.name), "what is left out so was given up: " + it.name);
      return settle(it, State::skipped);
    }
    const bool is_by_person = event.body.find("who") != nullptr;
    const bool is_by_hand = it.step->kind == Step::Kind::manual && it.state == State::running;
    if (is_by_person) tree_.leave_out(it.name);
    if (!is_by_person) must_be_in(it, {State::pending});
    else if (!is_by_hand) must_be_in(it, {State::pending, State::waiting, State::failed, State::cancelled});
    if (!is_by_person) must_be_next(it);
    must(it.open == 0, "what has begun is not left out");
    settle(it, State::skipped);
  }
  void waiting(Instance& it, const Event&) {
    must_be_in(it, {State::pending, State::cancelled});
    must_begin(it);
    it.state = State::waiting;
  }
  void intent(Instance& it, const Event& event) {
    must(it.open == 0, "3: one open attempt");
    must_be_about_to_begin(it);
    if (it.state == State::waiting) must(it.is_retried, "only a retry begins from waiting");
    must_begin(it);
    must(intents_.insert(event.attempt).second, "an attempt's number is new");
    must(event.body.int_or("group", 0) == it.group, "9: the intent names its group");
    if (it.step->effect == Effect::irreversible) must(it.is_approved, it.step->id + " begins when its phrase was typed");
    must_be_approved(it);
    it.state = State::running;
    it.open = event.attempt;
    it.has_exited = it.is_retried = false;
    it.acted_before = std::exchange(it.acted, event.seq);
  }
  void must_be_approved(const Instance& it) {
    if (!it.step->approval) return;
    std::size_t most = 0;
    for (const auto& [sha256, approvers] : it.approvers) most = std::max(most, approvers.size());
    must(static_cast<std::int64_t>(most) >= it.step->approval->count, it.step->id + " begins when enough have approved it");
  }
  void exited(Instance& it, const Event& event) {
    must(!it.has_exited, "5: a process ends once");
    if (it.step->kind == Step::Kind::manual) {
      must_be_in(it, {State::waiting});
      must(it.manual_answer == "confirm", "a manual step is looked at when somebody said that it is done");
      it.state = State::running;
      it.acted_before = std::exchange(it.acted, event.seq);
    } else {
      must_be_in(it, {State::running});
      must_be_open(it, event);
    }
    it.has_exited = true;
    it.doubt_answer.clear();
  }
  void must_be_open(const Instance& it, const Event& event) {
    must(it.open != 0 && it.open == event.attempt, "5: an outcome is that of the open attempt");
  }
  void verifying(Instance& it, const Event&) {
    must_be_in(it, {State::running});
    must(it.has_exited && it.step->verify, "verify is looked at after the end");
  }
  void doubted(Instance& it, const Event& event) {
    must_be_in(it, {State::running});
    must_be_open(it, event);
    must(!it.has_exited, "5: what is known to have exited is not in doubt");
    it.state = State::in_doubt;
    it.doubt_answer.clear();
  }
  void overdue(Instance& it, const Event& event) {
    must_be_in(it, {State::running});
    must_be_open(it, event);
    must(!it.has_exited, "what has exited is not overdue");
  }
  void ended(Instance& it, const Event& event) {
    const std::string result = event.body.text_or("result", "");
    const bool again = event.body.bool_or("again", false), is_retried = event.body.find("retry_at_ms") != nullptr;
    if (it.state == State::in_doubt) must_be_resolved(it, result, again);
    else if (it.state == State::running && !it.has_exited) must_be_open(it, event);
    else if (it.state == State::running) must(event.attempt == it.open, "5: an outcome is that of the open attempt");
    else if (it.state == State::pending && it.step->kind == Step::Kind::assertion) must_be_next(it);
    else must_be_in(it, {State::waiting});
    if (it.state == State::waiting) must(event.attempt == 0 && it.open == 0, "5: a wait has no attempt");
    if (it.state == State::waiting && it.step->kind == Step::Kind::manual && result != "cancelled")
      must(it.manual_answer == (result == "succeeded" ? "confirm" : "reject"), "a manual step ends as somebody said");
    must(!(is_retried && again), "it is retried or begun again");
    if (it.has_exited && !it.doubt_answer.empty() && it.doubt_answer != looks_again)
      must(result == (it.doubt_answer == "done" ? "succeeded" : "failed"), "what can't be looked at ends as somebody said");
    if (it.has_exited) must(!again && !is_retried, "what has taken effect is not repeated by policy");
    const bool was_not_done = (it.state == State::in_doubt || it.has_exited) && it.doubt_answer == "not-done";
    if (result == "not_started" || was_not_done) it.acted = it.acted_before;
    if (it.state == State::waiting && it.manual_answer == "confirm" && result == "succeeded")
      it.acted_before = std::exchange(it.acted, event.seq);
    settle(it, result == "succeeded"   ? State::succeeded
               : result == "cancelled" ? State::cancelled
               : is_retried            ? State::waiting
               : again                 ? State::pending
                                       : State::failed);
    it.is_retried = is_retried;
  }
  static bool is_repeatable(const Instance& it) {
    return it.step->effect == Effect::read || it.step->effect == Effect::idempotent;
  }
  void must_be_resolved(const Instance& it, const std::string& result, bool again) {
    const bool can_look = it.step->done_when != nullptr;
    if (again)
      return must(is_repeatable(it) || (can_look && it.step->done_when->decides), "6: what is in doubt is not simply repeated");
    if (result == "succeeded")
      return must(can_look || it.doubt_answer == "done", "6: somebody, or a look, says that it is done");
    must(it.doubt_answer == "not-done" || it.doubt_answer == "retry", "6: somebody says that it is not done");
  }
  void refused(Instance& it, const Event&) {
    must_be_about_to_begin(it);
    must_be_next(it);
    must(it.open == 0, "refused is what has not begun");
    settle(it, State::failed);
  }
  void renewed(Instance& it, const Event& event) {
    // What waits for somebody is asked about anew.
    const bool is_by_undo = event.body.text_or("how", "") == "undo";
    if (!is_by_undo) must_be_in(it, {State::failed, State::cancelled, State::succeeded, State::satisfied, State::skipped});
    must(it.open == 0, "3: nothing is renewed while it is open");
    const bool is_by_resume = event.body.text_or("how", "") == "resume" && !is_undo(it);
    must(!is_by_resume || !tree_.is_left_behind(it.name), "a failure that was borne or rescued stays one: " + it.name);
    settle(it, State::pending);
    begin_group(it);
  }
  void rescheduled(Instance& it, const Event&) { must_be_in(it, {State::waiting, State::running, State::in_doubt}); }
  void settle(Instance& it, State state) {
    it.state = state;
    it.open = 0;
    it.has_exited = it.is_retried = false;
    if (!it.question.empty()) questions_[it.question].is_open = false;
    it.question.clear();
  }

  void asked(Instance& it, const Event& event) {
    const std::string id = event.body.text_or("question", ""), about = event.body.text_or("about", "");
    must(it.question.empty(), "one question at a time");
    must(!questions_.count(id), "a question's id is new, so that no answer reaches another one");
    const bool is_asked_again = it.state == State::waiting;  // the answer did not count
    if (about != "doubt" && about != "overdue" && !is_asked_again) must_begin(it);
    if (about == "doubt") must(it.state == State::in_doubt || it.has_exited, "a doubt is asked about where there is one");
    else if (about == "overdue") must_be_in(it, {State::running});
    else must_be_about_to_begin(it);
    if (about == "manual") {
      must_be_approved(it);
      it.state = State::waiting;
      it.manual_answer.clear();
    }
    it.question = id;
    questions_[id] = {it.name, about, event.body.text_or("sha256", "")};
  }
  void ticked(Instance&, const Event& event) {
    must(questions_[event.body.text_or("question", "")].is_open, "only an open question is ticked");
  }
  void answered(Instance& it, const Event& event) {
    const std::string id = event.body.text_or("question", ""), choice = event.body.text_or("choice", "");
    Question& question = questions_[id];
    must(question.is_open && it.question == id, "only an open question is answered");
    question.is_open = false;
    it.question.clear();
    if (question.about == "doubt") it.doubt_answer = choice;
    if (question.about == "manual") it.manual_answer = choice;
    if (question.about != "approval" || choice != "approve") return;
    if (question.sha256.empty()) it.is_approved = true;
    else it.approvers[question.sha256].insert(id);
  }

  const Runbook& runbook_;
  Tree tree_;
  std::map<std::string, Instance> instances_;
  std::map<std::string, Question> questions_;
  std::set<std::int64_t> numbers_, intents_;
  std::int64_t seq_ = 0, epoch_ = 0;
  bool is_left_ = false, is_undoing_ = false, leaves_undone_ = false;
  std::int64_t undo_border_ = 0, broken_at_ = 0;
  const Event* event_ = nullptr;
  std::string is_behind_answer_of_, broken_;
};

}  // namespace runbook::testing
