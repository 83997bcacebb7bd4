#pragma once
// The fold: what a run's events add up to. Executor, resume, show, logs and every report use this one. It knows every event
// ever written, passes over what it does not know, and never throws. Values from outside stay in their blobs: the state holds digests.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "state/event.h"

namespace runbook {

enum class StepState { pending, waiting, running, succeeded, satisfied, skipped, failed, cancelled, in_doubt, undone };
std::string_view step_state_name(StepState state);
// succeeded, satisfied or skipped: what comes after it may begin.
bool is_done(StepState state);

// The choice in the record of an answer that did not count: the matter is asked anew.
inline constexpr std::string_view turned_away = "turned away";
// What closes a doubt about a step that has exited: what it did can be looked at after all, or what is needed for that is to come.
inline constexpr std::string_view looks_again = "looks again";

struct InstanceState {
  StepState state = StepState::pending;
  std::string why;           // the reason of this state, for a person; may be empty
  std::int64_t attempt = 0;  // number of the last attempt, unique in the run; 0: none yet
  int attempts = 0;          // of this group, as retry counts them
  int all_attempts = 0;
  int group = 1;                    // a new one begins with every decision to do it anew
  bool is_open = false;             // an intent without an outcome
  bool has_exited = false;          // its process ended well, looks follow
  bool is_verifying = false;        // after has_exited: done_when held, verify is looked at
  std::int64_t looks_until_ms = 0;  // after has_exited, or in doubt
  std::optional<std::int64_t> retry_at_ms;
  std::optional<std::int64_t> deadline_ms;  // of a wait, or of the open attempt
  bool is_overdue = false;
  bool must_stop = false;                                  // somebody chose to stop the overdue attempt
  bool is_approved = false;                                // the typed phrase was given, for this group
  std::string phrase_sha256;                               // and for what; "": an earlier build did not say
  bool is_given_up = false;                                // skipped, since what is around it failed
  std::string question;                                    // the open one, or ""
  std::string before, outputs, output, findings, request;  // digests of blobs, or ""
  std::string inputs;                                      // of an included runbook: a digest
  std::int64_t acted_seq = 0;         // the event of the last intent, or of what a person did; 0: none that counts
  bool had_secrets = false;           // some were known when the last intent was written
  std::string token, boot_id;         // of the last intent, of a type that acts in the engine's own process
  std::string before_first;           // `before` of the first attempt that counts: what an undo goes back to; a digest, or ""
  std::int64_t acted_before_seq = 0;  // the same before that: an earlier attempt may have done half
  std::string approved_sha256;        // what was approved in this group, and by whom
  std::vector<std::string> approved_by;
  std::string evidence, answered_by;  // of a manual step: a digest, and who said that it is done
  std::string answer;                 // what they said
  std::optional<std::int64_t> exit_code;
  std::vector<std::string> left;  // processes that it left behind on purpose, of all its attempts: "pid 12 sleep 60"
  std::int64_t output_total = 0;
  std::int64_t started_at_ms = 0, ended_at_ms = 0;
};

struct Question {
  std::string id, instance;
  std::string about;  // approval, doubt, overdue, manual, files, code, failed
  std::string text;
  std::vector<std::string> choices;
  std::string phrase;  // approval: what must be typed
  std::string form;    // manual: digest of {instructions, checklist, collect, evidence}
  std::int64_t form_size = 0;
  std::string phrase_sha256;  // and what it approves; "" if an earlier build asked
  // Of an approval by others: digest of what is approved, who may, how many of how many, and whether the operator may not.
  std::string sha256;
  std::vector<std::string> by;
  std::int64_t number = 0, count = 0;
  bool not_operator = false;
  std::map<std::string, std::string> files;  // of files: what they are now, path → SHA-256; "": gone
  std::vector<std::string> changed;          // and in words
  Value details;                             // the form itself, for who is asked; the fold leaves it null
  std::set<std::int64_t> ticked;             // items of the checklist
  std::string choice, answered_by;           // once it is answered
  std::int64_t asked_at_ms = 0;
  bool is_open = true;
};

// An instance of a section that has something to remember.
struct SectionState {
  enum class Phase {
    entered,
    skipped,  // its `when` was false
    failed,   // given up: its rescue follows, or what is around it bears the failure
    left,     // its steps are done, and its watches saw it end well
  };
  Phase phase = Phase::entered;
  std::string why;   // skipped, failed
  std::string step;  // whose failure it was
  std::string list;  // of a loop: digest of [{key, item}]
  std::vector<std::int64_t> batches;
};

struct WatchState {
  enum class Sight { good, bad, tripped };
  Sight sight = Sight::good;
  std::string why;
  std::int64_t since_ms = 0;
};

// What a target is, for this run.
struct PinnedTarget {
  Value identity;
  std::string text;
};

struct Deviation {
  std::int64_t seq = 0, at_ms = 0;
  std::string instance, what, who, because;
};

// A run was released for whoever goes on with it.
struct Handoff {
  std::int64_t seq = 0, at_ms = 0;
  std::string who, note;
  std::string taken_by;  // whose engine drove it next; "": nobody's yet
  std::int64_t taken_at_ms = 0;
};

// A step that a changed runbook calls by another name: what happened before `seq` stands under the former one.
struct Renaming {
  std::int64_t seq = 0;
  std::string from, to;
};

struct RunState {
  std::string runbook, title, version, file, dir, operator_name, host, engine;
  std::string definition, outline, about, inputs, outputs;  // digests of blobs
  std::string definition_sha256;
  std::string file_sha256;  // of the runbook's file, which the definition is unless the run was edited
  std::string included;     // digest of the texts that the definition includes, a map by path from its folder; or ""
  std::string lock;         // which it has until it is left; ""
  std::string state;        // running waiting failed in_doubt interrupted succeeded cancelled undone
  std::string why;
  std::int64_t began_at_ms = 0, ended_at_ms = 0;  // ended: left
  std::int64_t paused_at_ms = 0;                  // since when it rests, whatever was decided meanwhile; 0: it does not
  std::int64_t seq = 0, epoch = 0;
  std::int64_t last_attempt = 0;  // the greatest number given so far
  std::unordered_map<std::string, InstanceState> instances;
  std::map<std::string, SectionState> sections;  // by path and keys: "2", "2.1[eu-1]", "cluster/1"
  std::map<std::string, WatchState> watches;     // by instance
  std::map<std::string, PinnedTarget> targets;   // by name and type: "main.host"
  bool is_scripted = false;                      // the world was a scenario: nothing outside was touched
  bool is_cancelling = false;                    // it is being left: `finally` comes first
  std::string leaves_as;                         // with that: "" (cancelled) or undone
  bool is_undoing = false;
  std::int64_t undo_began_at_ms = 0;
  std::string undo_to;           // the step at which the undo ends, undone too; "": all
  std::int64_t undo_border = 0;  // the event from which on is undone
  bool was_left_before = false;  // the undo began after the run had been left
  std::map<std::string, Question> questions;
  std::vector<Deviation> deviations;
  std::vector<Handoff> handoffs;
  std::set<std::string> drivers;  // who began the run or drove it
  std::vector<Renaming> renamings;
  std::map<std::string, std::string> files;  // that steps name: path → SHA-256, as they were when the run began or last paused
  std::set<std::string> scrubbed;            // digests of blobs that something else stands in place of

  void apply(const Event& event);
  bool was_left() const { return ended_at_ms != 0; }
  // The name that the instance of an event has now.
  std::string name_now(const Event& event) const;
  // A default one if nothing happened to it yet.
  const InstanceState& of(const std::string& instance) const;
  const Question* open_question(const std::string& instance) const;
  // What nobody has taken over yet, or nullptr.
  const Handoff* open_handoff() const;
  // nullptr: nothing has happened to it.
  const SectionState* section(const std::string& name) const;
  const WatchState& watch(const std::string& instance) const;
};

}  // namespace runbook
