#pragma once
// One fact of a run. Events are appended, never changed, and never migrated: readers know every kind ever written and pass
// over kinds they don't know.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/value.h"

namespace runbook {

struct Event {
  std::int64_t seq = 0;  // 1, 2, 3 ... within the run; given by the journal
  std::string kind;
  std::string instance;      // "" : of the run as a whole
  std::int64_t attempt = 0;  // unique within the run; 0: none
  std::int64_t at_ms = 0;    // for people; nothing is decided by it
  Value body;                // a map of our own facts; bytes from outside stand here as {"blob": digest, "size": n}
};

namespace event {
// Of a run.
inline constexpr std::string_view run_began =
    "run_began";  // definition, included, outline, about, inputs, file, operator, host, engine, lock, aws_models, scripted (the scenario)
inline constexpr std::string_view driven =
    "driven";  // an engine took the run: epoch, pid, who, how (begin, resume, take-over, command), engine, aws_models; because; from (who
               // handed it off), handed_off_seq
inline constexpr std::string_view accepted = "accepted";  // a person takes what is not as required: what, who, because
// The run goes on with a changed runbook: definition, outline, about, inputs, renamed, sections, who, because; edited for this run
// alone: what, file_sha256.
inline constexpr std::string_view adopted = "adopted";
inline constexpr std::string_view paused = "paused";  // state (failed waiting in_doubt interrupted), why
inline constexpr std::string_view left = "left";      // state (succeeded cancelled), outputs
inline constexpr std::string_view pinned = "pinned";  // what a target is, seen for the first time: target, identity, text
inline constexpr std::string_view cancelling = "cancelling";  // the run is given up, `finally` comes first: who, because
inline constexpr std::string_view undoing = "undoing";        // an undo began: to, border, who, because
inline constexpr std::string_view undo_ended = "undo_ended";  // as far as was wanted; the run can go on: why
inline constexpr std::string_view handed_off = "handed_off";  // released for somebody else: who, note
inline constexpr std::string_view scrubbed =
    "scrubbed";  // recorded bytes were replaced: blobs ({from, to}: digests), answers (how many), who, because
// Of a section's instance: "2", "2[eu-1]" (an item of its loop).
inline constexpr std::string_view section_entered = "section_entered";  // of a loop: list, batches (sizes)
inline constexpr std::string_view section_skipped = "section_skipped";  // why
inline constexpr std::string_view section_failed =
    "section_failed";                                             // given up, `rescue` follows or the loop bears it: why, step
inline constexpr std::string_view section_left = "section_left";  // all of it is done, and its watches saw it end well
// Of a watch.
inline constexpr std::string_view watched = "watched";  // what it sees has changed: state (good, bad, tripped), why
// Of a step instance.
inline constexpr std::string_view satisfied = "satisfied";  // done_when held already: why, outputs
inline constexpr std::string_view skipped = "skipped";  // why; by a person: who, because; given_up: what is around it failed
inline constexpr std::string_view waiting = "waiting";  // a wait began: deadline_ms; request (what it looks at)
inline constexpr std::string_view intent =
    "intent";  // effect, group, before, request, definition, files (first seen), token, boot, secrets (some are to be masked); the effect may follow
inline constexpr std::string_view exited = "exited";        // status; looks or extraction follow
inline constexpr std::string_view verifying = "verifying";  // done_when held, verify is looked at: looks_until_ms
inline constexpr std::string_view ended =
    "ended";  // result (succeeded failed not_started timed_out cancelled unknown), why, outputs, retry_at_ms, had_no_effect
inline constexpr std::string_view refused = "refused";        // stopped before any effect: why
inline constexpr std::string_view doubted = "doubted";        // in doubt: why
inline constexpr std::string_view sent_again = "sent_again";  // in doubt, and whoever was called knows its token: why
inline constexpr std::string_view overdue = "overdue";        // its timeout passed, it runs on
inline constexpr std::string_view asked = "asked";            // question, about, choices, text; form, before, why
inline constexpr std::string_view ticked = "ticked";          // question, item (of its checklist), who
inline constexpr std::string_view answered = "answered";      // question, choice, who, because; evidence, file_1 ...
inline constexpr std::string_view rescheduled =
    "rescheduled";  // the clock was set back: deadline_ms, looks_until_ms or retry_at_ms, counted anew from then
inline constexpr std::string_view renewed =
    "renewed";  // a person decided to do it anew: who, because, how (resume, redo, retry, undo)
inline constexpr std::string_view included = "included";          // an included runbook began: inputs
inline constexpr std::string_view shell_opened = "shell_opened";  // with the step's environment, by a person: who, because
inline constexpr std::string_view shell_closed = "shell_closed";  // opened (the event), lasted_ms, status
inline constexpr std::string_view undone =
    "undone";  // by (the instance of its undo), reopens (sections and includes around it)
}  // namespace event

// {"blob": digest, "size": n}
Value blob_reference(std::string_view digest, std::size_t size);
// The digest of such a map, or "".
std::string blob_digest(const Value& reference);

// The bytes that the journal stores: one line of JSON.
std::string event_text(const Event& event);
// nullopt: these bytes are no event.
std::optional<Event> read_event(std::int64_t seq, std::string_view text);
// "ended of step `copy`", "run_began": for messages.
std::string describe(const Event& event);

}  // namespace runbook
