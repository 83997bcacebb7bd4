#pragma once
// The one loop: decide, record, commit, then launch, ask, cancel; wait for what comes in; turn it into events. One thread at a time
// touches journal and state: the one that runs it, or while that one sleeps the one that brings an outcome.
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "run/approval.h"
#include "run/decide.h"
#include "run/instances.h"
#include "run/performer.h"
#include "run/recovery.h"
#include "run/secret_keeper.h"
#include "state/journal.h"

namespace runbook {

class Executor {
 public:
  struct Parts {
    const RunFacts& facts;
    Journal& journal;
    RunState& state;
    Performer& performer;
    Operator& person;
    Observer& observer;
    const Clock& clock;
    Inbox& inbox;
    // Whether an approval by others counts. Empty: every one does.
    std::function<Approver(const Question&, const Answer&)> approver = nullptr;
    // Digests of the files that steps name, asked when the run pauses; see named_files.h. Empty: nothing is recorded.
    std::function<Value(StoredValues&)> files = nullptr;
  };
  // first_n: the greatest attempt number that was ever given.
  Executor(Parts parts, std::int64_t first_n);

  // Records what was found out before the loop begins; committed before anything is taken up, or by run().
  void record(Proposal proposal);
  // Finds the kept secrets of steps that are done.
  void recall_secrets() { secrets_.recall_all(); }
  // Takes up an attempt that an earlier engine began.
  void take_up(Launch launch);
  // Both of what `recover` finds.
  void recover(const std::string& who, Purpose purpose);

  struct Conclusion {
    End end;
    bool has_running_steps = false;  // left to the supervisor
  };
  // Until the run is left or pauses; its last event says which. Where it is walked through, or somebody has something to do first, it
  // stops without one, and can be called again. Throws Error (exit 6) when the journal fails.
  Conclusion run(Limits limits);
  // Makes durable what was recorded between two runs.
  void commit();
  bool is_any_act_running() const;
  // Somebody ended the engine (SIGTERM, SIGHUP).
  bool is_detached() const { return detached_by_.has_value(); }

 private:
  Decision decide_until_settled();
  // Decides, commits, launches.
  Decision take_turn();
  bool is_over(const End& end) const;
  Conclusion stop_for_now(const End& end);
  Conclusion yield();
  void forget_looks(const Event& event);
  void launch(Launch launch);
  void cancel(std::int64_t n);
  void ask_what_is_open();
  Value details_of(const Question& question);
  bool is_any_question_open() const;
  // Whether or not somebody sits here who is asked. false: there are none.
  bool take_up_answers_of_others();
  // Those that fit an open question.
  std::vector<Answer> answers_of_others();
  // decided_meanwhile: set, and no signals, where an outcome was served; it is dealt with as what this thread decides itself.
  std::vector<Signal> wait(const std::optional<std::int64_t>& wake_ms, std::optional<Decision>& decided_meanwhile);
  void absorb(Signal& signal);
  void absorb_ended(const Ended& ended);
  void absorb_answer_to_doubt(const Instance& step, Ended ended);
  void absorb_end(const Instance& step, const Ended& ended);
  void close_question_about_its_timeout(const std::string& instance);
  void absorb_look(const Instance& step, LiveStep& live, const Ended& ended);
  bool is_waited_for(const Instance& step, const Probe& probe) const;
  void absorb_answer(Answer given);
  void hand_on_code(const std::string& instance, Answer& given);
  void absorb_tick(const Ticked& ticked);
  // The answer that counts: the first of all that were given to the question, wherever.
  Answer first_answer(Answer given);
  // "" if the answer can be taken.
  std::string why_not_taken(const Question& question, const Answer& given) const;
  Approver approver_of(const Question& question, const Answer& given) const;
  void turn_away(const Question& question, const Answer& given, const std::string& why);
  std::vector<Proposal> events_of(const Question& question, const Answer& given) const;
  void absorb_interrupt(const Interrupt& interrupt);
  void stop_what_runs();
  RunScope scope_for(const Instance& step);
  Conclusion conclude(const End& end);

  Parts parts_;
  StoredValues values_;
  Instances instances_;
  SecretKeeper secrets_;
  Live live_;
  Limits limits_;
  std::vector<Event> uncommitted_;
  std::vector<std::int64_t> to_acknowledge_;
  std::set<std::string> asked_;  // question ids the operator was asked
  std::optional<std::string> detached_by_;
  bool is_yielding_ = false;
  bool keeps_pausing_ = false;  // it paused when it yielded
};

}  // namespace runbook
