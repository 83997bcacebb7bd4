#pragma once
// What an auditor asks about a run: what was done, when, by whom, with which result, what was different from the plan, and how one knows.
// Made from the run's events alone, by one function; every format is written from it. Texts are as the journal has them: whoever shows
// them makes them harmless. Large texts stay in their blobs and are read when they are shown.
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/value.h"
#include "state/event.h"
#include "state/run_state.h"

namespace runbook {

// What part of a run is told, and how.
struct AuditScope {
  std::optional<std::int64_t> from_ms, to_ms;  // of the timeline, and steps to which something happened then; both ends count
  std::set<std::string> steps;                 // ids or instances; empty: all
  bool has_output = true;                      // what the steps wrote
  std::int64_t up_to_seq = std::numeric_limits<std::int64_t>::max();  // the run as it stood at that event
  // Of its times alone.
  bool covers(std::int64_t at_ms) const { return (!from_ms || at_ms >= *from_ms) && (!to_ms || at_ms <= *to_ms); }
  bool is_whole() const { return !from_ms && !to_ms && steps.empty() && has_output; }
};

// A text in the journal.
struct StoredText {
  std::string digest;  // "": there is none
  std::int64_t size = 0;
  explicit operator bool() const { return !digest.empty(); }
};
// Throws Error (exit 6) for one that is missing or changed.
using ReadStored = std::function<std::string(const std::string& digest)>;

struct AuditAttempt {
  std::int64_t n = 0;       // unique within the run; as `logs` and the supervisor call it
  std::int64_t number = 0;  // of the instance: 1, 2, 3 ...
  int group = 1;            // a new one with every decision to do it anew
  std::int64_t began_seq = 0, began_at_ms = 0;
  std::int64_t ended_seq = 0, ended_at_ms = 0;  // when that was recorded; 0: it has not ended
  bool was_in_doubt = false;                    // nobody saw when it ended
  std::string result;                           // succeeded failed not_started timed_out cancelled unknown in_doubt running
  std::string why;
  std::string effect, definition;  // definition: the first 12 digits of its SHA-256
  std::optional<std::int64_t> exit_code;
  StoredText request;  // {type, params, env, dir} with its values; none: there are no values in it
  Value does;  // without a request: as the step was written when this began, where that is not what it says now; or null
  StoredText before, outputs, findings;
  StoredText output;                      // what is kept of what it wrote, in which a line counts what is left out
  std::int64_t output_total = 0;          // bytes that it wrote
  std::string output_sha256;              // of all that it wrote, after secrets were masked; "": not known
  std::int64_t output_shown = 0;          // bytes of `output` that a report shows at most, first and last together
  bool had_terminal = false;              // what passed there is not recorded
  bool is_output_scrubbed = false;        // something was taken out of it since: size and digest are of what stood there
  std::vector<std::string> strays, left;  // processes that it left behind: ended; meant to live on
};

// A question to a person, with what came of it.
struct AuditQuestion {
  std::string id, instance, about;  // approval, doubt, overdue, manual, files, code, failed
  std::string text;
  StoredText form;  // manual: {instructions, checklist, collect, evidence}
  std::vector<std::string> choices;
  std::set<std::int64_t> ticked;
  std::int64_t asked_seq = 0, asked_at_ms = 0;
  std::int64_t answered_seq = 0, answered_at_ms = 0;  // 0: nobody answered it
  std::string choice, who, because;
  std::string sha256;    // approval by others: of what is approved; ""
  std::string approver;  // whose approval it counts as: an account, or the principal of a signature; ""
  StoredText evidence;   // a list: {note}, {url}, {file, size, sha256}
};

struct AuditStep {
  std::string instance;
  Value
      line;  // of the outline: id, title, type, effect, effect_because, section, source, note, when, does, includes, done_when, verify
  bool is_undo = false, is_watch = false, is_removed = false;  // removed: it is no longer in the runbook
  StepState state = StepState::pending;  // skipped also where the section around it was, or was not needed
  std::string why;
  std::int64_t started_at_ms = 0, ended_at_ms = 0;  // of the last attempt, wait or question; 0: not yet
  std::int64_t first_at_ms = 0;                     // when something first happened to it; 0: nothing has
  std::vector<AuditAttempt> attempts;
  std::vector<AuditQuestion> questions;
  StoredText request;   // of a wait: {type, params} with its values; none: as the step is written
  StoredText findings;  // of a wait that failed: what stood there
  StoredText outputs;   // a map, without secrets
  StoredText evidence;
  std::string answered_by;
  std::string because;  // of the person who left it out; ""
  std::string title() const { return line.text_or("title", instance); }
};

// One event, as a sentence.
struct AuditEntry {
  // decision: of a person, and as the plan foresees it.
  enum class Kind { run, attempt, wait, question, answer, pause, decision, deviation, watch, section, other };
  Kind kind = Kind::other;
  std::int64_t seq = 0, at_ms = 0, attempt = 0;
  std::string instance;  // of a step, a section or a watch, as it is called now; "": of the run
  std::string text;
  std::string who;  // "": the engine
};
std::string_view audit_kind_name(AuditEntry::Kind kind);

// A step of which it was not known whether it had its effect, and how that was settled.
struct AuditDoubt {
  std::string instance;
  std::int64_t seq = 0, at_ms = 0, attempt = 0;
  std::string why;
  std::int64_t settled_seq = 0, settled_at_ms = 0;  // 0: it is in doubt still
  std::string how;                                  // as a sentence; while it is open: what was tried
  std::string choice, who, because;                 // of a person's decision; "": none was needed
};

// While nobody drove it.
struct AuditPause {
  std::int64_t from_ms = 0, to_ms = 0;  // to: 0: it still rests
  std::int64_t seq = 0;                 // of `paused`, or of the last event that a dead engine wrote
  std::string
      state;  // failed waiting in_doubt interrupted; crashed: the engine ended without a word; ended: between its end and what began then
  std::string why;
  std::string resumed_by;
};

// An engine that drove it, or a command that wrote for a person.
struct AuditSession {
  std::int64_t from_seq = 0, at_ms = 0;
  std::string who, how, engine, host;  // how: begin resume take-over undo cancel command
};

// A decision to take back what was done.
struct AuditUndo {
  std::int64_t seq = 0, at_ms = 0;
  std::string to;  // the last step to be undone; "": all
  std::string who, because;
};

// Steps of one part of the source document.
struct AuditCoverage {
  std::string source;  // the heading that the steps name; "": none
  int steps = 0, done = 0, skipped = 0, undone = 0, failed = 0, open = 0;
};

struct AuditReport {
  std::string run;
  RunState state;  // the fold at the last event; its instances are those of `steps`
  std::string document, summary;
  Value not_encoded, not_automated;  // lists of {what, because}
  Value inputs, outputs;             // maps without secrets, or null
  std::vector<AuditStep> steps;  // in written order, loops item by item, an undo behind its step; those that the scope tells of
  int steps_left_out = 0;        // by the scope
  std::vector<AuditEntry> timeline;
  std::vector<AuditPause> pauses;
  std::vector<AuditSession> sessions;
  std::vector<AuditUndo> undos;
  std::vector<AuditDoubt> doubts;       // of those steps
  std::vector<AuditCoverage> coverage;  // of the whole run, whatever the scope is
  std::int64_t last_at_ms = 0;          // of the last event
  std::string head;                     // hash of that event, 64 hex digits
  AuditScope scope;

  std::int64_t duration_ms() const;  // so far, or in all
  std::int64_t paused_ms() const;
};

// One run's events in order, each checked against the chain before it is given on. Throws Error (exit 6) at the first that does not fit.
// Gives the hash of the last one, hex.
using ReadEvents = std::function<std::string(const std::function<void(const Event&)>& each)>;

// The one function. It reads the events twice: the second time it knows what steps are called now. Throws Error (exit 2) with "did you
// mean" for a step of the scope that the run has not.
AuditReport audit_run(const std::string& run, const ReadEvents& events, const ReadStored& stored, const AuditScope& scope);

// What a manager reads: a few sentences.
std::vector<std::string> audit_summary(const AuditReport& report);
// Why a step is where it is, in words, if that is not plain: skipped, failed, in doubt.
bool is_worth_a_reason(StepState state);

}  // namespace runbook
