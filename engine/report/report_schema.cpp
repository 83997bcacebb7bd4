#include "report/audit_json.h"

namespace runbook {

namespace {

// Every member is always there: what does not apply is null, an empty list or an empty text.
constexpr std::string_view schema = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "https://runbook.invalid/schema/report-1.json",
  "title": "Audit report of a run, format runbook-report/1",
  "type": "object",
  "required": ["format", "proof", "run", "summary", "deviations", "doubts", "undos", "undone", "left_out", "pauses", "sessions", "handoffs",
               "watches", "coverage", "timeline", "steps", "steps_left_out"],
  "additionalProperties": false,
  "properties": {
    "format": {"const": "runbook-report/1"},
    "proof": {"$ref": "#/$defs/proof"},
    "run": {"$ref": "#/$defs/run"},
    "summary": {"description": "A few sentences for who reads nothing else.", "type": "array", "items": {"type": "string"}},
    "deviations": {"description": "What was different from the plan.", "type": "array", "items": {"$ref": "#/$defs/deviation"}},
    "doubts": {
      "description": "Steps of which it was not known whether they had their effect, and what was decided.",
      "type": "array", "items": {"$ref": "#/$defs/doubt"}
    },
    "undos": {
      "description": "Decisions to take back what was done.", "type": "array",
      "items": {
        "type": "object", "required": ["event", "at", "to", "who", "because"], "additionalProperties": false,
        "properties": {
          "event": {"$ref": "#/$defs/event"}, "at": {"$ref": "#/$defs/time"},
          "to": {"description": "The last step to be undone; null: all.", "$ref": "#/$defs/text_or_null"},
          "who": {"type": "string"}, "because": {"type": "string"}
        }
      }
    },
    "undone": {"description": "Instances of steps that were taken back.", "type": "array", "items": {"type": "string"}},
    "left_out": {
      "description": "Steps that were skipped.", "type": "array",
      "items": {
        "type": "object", "required": ["step", "why", "because"], "additionalProperties": false,
        "properties": {
          "step": {"type": "string"}, "why": {"type": "string"},
          "because": {"description": "The reason that a person gave.", "type": ["string", "null"]}
        }
      }
    },
    "pauses": {"description": "While no engine drove it.", "type": "array", "items": {"$ref": "#/$defs/pause"}},
    "sessions": {"description": "Who drove it, or wrote to it by a command.", "type": "array", "items": {"$ref": "#/$defs/session"}},
    "handoffs": {"type": "array", "items": {"$ref": "#/$defs/handoff"}},
    "watches": {"description": "As they stood at the end.", "type": "array", "items": {"$ref": "#/$defs/watch"}},
    "coverage": {"$ref": "#/$defs/coverage"},
    "timeline": {"type": "array", "items": {"$ref": "#/$defs/entry"}},
    "steps": {
      "description": "In written order; what a loop made of a step item by item; an undo behind its step.",
      "type": "array", "items": {"$ref": "#/$defs/step"}
    },
    "steps_left_out": {"description": "So many steps this report does not tell of, since it was asked for a part.", "type": "integer", "minimum": 0}
  },
  "$defs": {
    "time": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"},
    "time_or_null": {"anyOf": [{"$ref": "#/$defs/time"}, {"type": "null"}]},
    "milliseconds": {"type": ["integer", "null"], "minimum": 0},
    "text_or_null": {"type": ["string", "null"]},
    "event": {"description": "The number of an event of the run.", "type": "integer", "minimum": 1},
    "event_or_null": {"type": ["integer", "null"], "minimum": 1},
    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "state": {"enum": ["pending", "waiting", "running", "succeeded", "satisfied", "skipped", "failed", "cancelled", "in_doubt", "undone"]},
    "proof": {
      "description": "By which `runbook verify --report` checks the report against a journal.",
      "type": "object",
      "required": ["run", "runbook", "state", "definition_sha256", "events", "head", "made_by", "zone", "scope"],
      "additionalProperties": false,
      "properties": {
        "run": {"type": "string"},
        "runbook": {"type": "string"},
        "state": {"type": "string"},
        "definition_sha256": {"type": "string"},
        "events": {"description": "It tells of the run up to this event.", "type": "integer", "minimum": 1},
        "head": {"description": "Hash of that event in the run's chain.", "$ref": "#/$defs/sha256"},
        "made_by": {"description": "Version of the engine.", "type": "string"},
        "zone": {"description": "The time zone of local times.", "type": "string"},
        "scope": {
          "type": "object", "required": ["from_ms", "to_ms", "steps", "output"], "additionalProperties": false,
          "properties": {
            "from_ms": {"type": ["integer", "null"]},
            "to_ms": {"type": ["integer", "null"]},
            "steps": {"description": "Empty: all.", "type": "array", "items": {"type": "string"}},
            "output": {"description": "Whether what the steps wrote is in it.", "type": "boolean"}
          }
        }
      }
    },
    "run": {
      "type": "object",
      "required": ["run", "runbook", "title", "version", "state", "why", "is_rehearsal", "file", "definition_sha256", "document", "purpose",
                   "operator", "host", "engine", "lock", "targets", "files", "inputs", "outputs", "began_at", "ended_at", "duration_ms", "at_rest_ms"],
      "additionalProperties": false,
      "properties": {
        "run": {"type": "string"},
        "runbook": {"type": "string"},
        "title": {"type": "string"},
        "version": {"type": "string"},
        "state": {"enum": ["running", "waiting", "failed", "in_doubt", "interrupted", "succeeded", "cancelled", "undone"]},
        "why": {"type": "string"},
        "is_rehearsal": {"description": "The world was a scenario: nothing outside was touched.", "type": "boolean"},
        "file": {"type": "string"},
        "definition_sha256": {"description": "Of the runbook's text, as it was last adopted.", "type": "string"},
        "document": {"description": "The document that the runbook encodes.", "type": "string"},
        "purpose": {"description": "The runbook's own summary.", "type": "string"},
        "operator": {"type": "string"},
        "host": {"type": "string"},
        "engine": {"type": "string"},
        "lock": {"$ref": "#/$defs/text_or_null"},
        "targets": {
          "type": "object",
          "additionalProperties": {
            "type": "object", "required": ["is", "identity"], "additionalProperties": false,
            "properties": {"is": {"type": "string"}, "identity": true}
          }
        },
        "files": {
          "description": "That steps name: path and SHA-256, as they were last taken.", "type": "object", "additionalProperties": {"$ref": "#/$defs/sha256"}
        },
        "inputs": {"description": "Without secrets.", "type": "object"},
        "outputs": {"type": "object"},
        "began_at": {"$ref": "#/$defs/time"},
        "ended_at": {"description": "null: it has not been left.", "$ref": "#/$defs/time_or_null"},
        "duration_ms": {"description": "From its beginning to its end, or to its last event.", "type": "integer", "minimum": 0},
        "at_rest_ms": {"description": "So long of it no engine drove it.", "type": "integer", "minimum": 0}
      }
    },
    "deviation": {
      "type": "object", "required": ["event", "at", "step", "what", "who", "because"], "additionalProperties": false,
      "properties": {
        "event": {"$ref": "#/$defs/event"},
        "at": {"$ref": "#/$defs/time"},
        "step": {"$ref": "#/$defs/text_or_null"},
        "what": {"type": "string"},
        "who": {"type": "string"},
        "because": {"type": "string"}
      }
    },
    "question": {
      "type": "object",
      "required": ["question", "about", "text", "form", "choices", "ticked", "asked_event", "asked_at", "answered_event", "answered_at",
                   "choice", "who", "because", "sha256", "approver", "evidence"],
      "additionalProperties": false,
      "properties": {
        "question": {"type": "string"},
        "about": {"enum": ["approval", "doubt", "overdue", "manual", "files", "code", "failed"]},
        "text": {"type": "string"},
        "form": {"description": "Of a manual step: instructions, checklist, collect, evidence.", "type": ["object", "null"]},
        "choices": {"type": "array", "items": {"type": "string"}},
        "ticked": {"description": "Items of the checklist, from 0.", "type": "array", "items": {"type": "integer", "minimum": 0}},
        "asked_event": {"$ref": "#/$defs/event"},
        "asked_at": {"$ref": "#/$defs/time"},
        "answered_event": {"$ref": "#/$defs/event_or_null"},
        "answered_at": {"$ref": "#/$defs/time_or_null"},
        "choice": {"$ref": "#/$defs/text_or_null"},
        "who": {"$ref": "#/$defs/text_or_null"},
        "because": {"$ref": "#/$defs/text_or_null"},
        "sha256": {"description": "Of what an approval by others is of.", "anyOf": [{"$ref": "#/$defs/sha256"}, {"type": "null"}]},
        "approver": {"description": "Whose approval it counts as: an account, or the principal of a signature.", "$ref": "#/$defs/text_or_null"},
        "evidence": {"$ref": "#/$defs/evidence"}
      }
    },
    "evidence": {
      "type": "array",
      "items": {
        "type": "object", "additionalProperties": false, "minProperties": 1,
        "properties": {
          "note": {"type": "string"}, "url": {"type": "string"},
          "file": {"type": "string"}, "size": {"type": "integer", "minimum": 0}, "sha256": {"$ref": "#/$defs/sha256"}
        }
      }
    },
    "doubt": {
      "type": "object",
      "required": ["step", "event", "at", "attempt", "why", "settled_event", "settled_at", "how", "choice", "who", "because"],
      "additionalProperties": false,
      "properties": {
        "step": {"type": "string"},
        "event": {"$ref": "#/$defs/event"},
        "at": {"$ref": "#/$defs/time"},
        "attempt": {"description": "null: of a manual step.", "type": ["integer", "null"], "minimum": 1},
        "why": {"type": "string"},
        "settled_event": {"description": "null: it is in doubt still.", "$ref": "#/$defs/event_or_null"},
        "settled_at": {"$ref": "#/$defs/time_or_null"},
        "how": {"description": "What settled it, as a sentence.", "$ref": "#/$defs/text_or_null"},
        "choice": {"description": "Of a person; null: none was needed.", "$ref": "#/$defs/text_or_null"},
        "who": {"$ref": "#/$defs/text_or_null"},
        "because": {"$ref": "#/$defs/text_or_null"}
      }
    },
    "pause": {
      "type": "object", "required": ["event", "from", "to", "duration_ms", "state", "why", "resumed_by"], "additionalProperties": false,
      "properties": {
        "event": {"$ref": "#/$defs/event"},
        "from": {"$ref": "#/$defs/time"},
        "to": {"description": "null: it still rests.", "$ref": "#/$defs/time_or_null"},
        "duration_ms": {"$ref": "#/$defs/milliseconds"},
        "state": {"description": "crashed: the engine ended without a word; ended: between its end and what began then.", "enum": ["failed", "waiting", "in_doubt", "interrupted", "crashed", "ended"]},
        "why": {"type": "string"},
        "resumed_by": {"$ref": "#/$defs/text_or_null"}
      }
    },
    "session": {
      "type": "object", "required": ["event", "at", "who", "how", "engine", "host"], "additionalProperties": false,
      "properties": {
        "event": {"$ref": "#/$defs/event"},
        "at": {"$ref": "#/$defs/time"},
        "who": {"type": "string"},
        "how": {"enum": ["begin", "resume", "take-over", "undo", "cancel", "command"]},
        "engine": {"type": "string"},
        "host": {"$ref": "#/$defs/text_or_null"}
      }
    },
    "handoff": {
      "type": "object", "required": ["event", "at", "who", "note", "taken_by", "taken_at"], "additionalProperties": false,
      "properties": {
        "event": {"$ref": "#/$defs/event"},
        "at": {"$ref": "#/$defs/time"},
        "who": {"type": "string"},
        "note": {"type": "string"},
        "taken_by": {"$ref": "#/$defs/text_or_null"},
        "taken_at": {"$ref": "#/$defs/time_or_null"}
      }
    },
    "watch": {
      "type": "object", "required": ["watch", "state", "why", "since"], "additionalProperties": false,
      "properties": {
        "watch": {"type": "string"},
        "state": {"enum": ["good", "bad", "tripped"]},
        "why": {"type": "string"},
        "since": {"$ref": "#/$defs/time"}
      }
    },
    "coverage": {
      "description": "Which parts of the document the steps stand for.",
      "type": "object", "required": ["document", "parts", "not_encoded", "not_automated"], "additionalProperties": false,
      "properties": {
        "document": {"type": "string"},
        "parts": {
          "type": "array",
          "items": {
            "type": "object", "required": ["source", "steps", "done", "left_out", "undone", "failed", "open"], "additionalProperties": false,
            "properties": {
              "source": {"description": "The heading; null: the step names none.", "$ref": "#/$defs/text_or_null"},
              "steps": {"type": "integer", "minimum": 1},
              "done": {"type": "integer", "minimum": 0},
              "left_out": {"type": "integer", "minimum": 0},
              "undone": {"type": "integer", "minimum": 0},
              "failed": {"type": "integer", "minimum": 0},
              "open": {"type": "integer", "minimum": 0}
            }
          }
        },
        "not_encoded": {"$ref": "#/$defs/not_covered"},
        "not_automated": {"$ref": "#/$defs/not_covered"}
      }
    },
    "not_covered": {
      "type": "array",
      "items": {
        "type": "object", "required": ["what", "because"], "additionalProperties": false,
        "properties": {"what": {"type": "string"}, "because": {"type": "string"}}
      }
    },
    "entry": {
      "type": "object", "required": ["event", "at", "kind", "step", "attempt", "text", "who"], "additionalProperties": false,
      "properties": {
        "event": {"$ref": "#/$defs/event"},
        "at": {"$ref": "#/$defs/time"},
        "kind": {"enum": ["run", "attempt", "wait", "question", "answer", "pause", "decision", "deviation", "watch", "section", "other"]},
        "step": {"description": "Of a step, a section or a watch; null: of the run.", "$ref": "#/$defs/text_or_null"},
        "attempt": {"type": ["integer", "null"], "minimum": 1},
        "text": {"type": "string"},
        "who": {"description": "null: the engine.", "$ref": "#/$defs/text_or_null"}
      }
    },
    "output": {
      "type": "object", "required": ["total", "sha256", "scrubbed", "head", "left_out", "tail"], "additionalProperties": false,
      "properties": {
        "total": {"description": "Bytes that it wrote.", "type": "integer", "minimum": 0},
        "sha256": {"description": "Of all that it wrote, after secrets were masked.", "anyOf": [{"$ref": "#/$defs/sha256"}, {"type": "null"}]},
        "scrubbed": {"description": "Something was taken out of it since: total and sha256 are of what stood there.", "type": "boolean"},
        "head": {"description": "null: it wrote nothing, or the report was asked for without output.", "$ref": "#/$defs/text_or_null"},
        "left_out": {"description": "Bytes between head and tail that stand in this report nowhere.", "type": ["integer", "null"], "minimum": 0},
        "tail": {"$ref": "#/$defs/text_or_null"}
      }
    },
    "attempt": {
      "type": "object",
      "required": ["attempt", "number", "group", "began_event", "began_at", "ended_event", "ended_at", "duration_ms", "was_in_doubt", "result", "why",
                   "effect", "definition", "exit_code", "command", "request", "before", "outputs", "output", "findings", "had_terminal", "strays", "left"],
      "additionalProperties": false,
      "properties": {
        "attempt": {"description": "Unique within the run; looks have numbers too.", "type": "integer", "minimum": 1},
        "number": {"type": "integer", "minimum": 1},
        "group": {"description": "A new one with every decision to do it anew.", "type": "integer", "minimum": 1},
        "began_event": {"$ref": "#/$defs/event"},
        "began_at": {"$ref": "#/$defs/time"},
        "ended_event": {"$ref": "#/$defs/event_or_null"},
        "ended_at": {"$ref": "#/$defs/time_or_null"},
        "duration_ms": {"$ref": "#/$defs/milliseconds"},
        "was_in_doubt": {"description": "Nobody saw when it ended: its duration is not known.", "type": "boolean"},
        "result": {"enum": ["running", "succeeded", "failed", "not_started", "timed_out", "cancelled", "unknown", "in_doubt"]},
        "why": {"type": "string"},
        "effect": {"enum": ["read", "idempotent", "once", "irreversible"]},
        "definition": {"description": "The first digits of the definition's SHA-256.", "$ref": "#/$defs/text_or_null"},
        "exit_code": {"type": ["integer", "null"]},
        "command": {"description": "The exact command with its values, secrets masked.", "type": "string"},
        "request": {"type": ["object", "null"]},
        "before": {"description": "What stood before.", "type": ["object", "null"]},
        "outputs": {"type": ["object", "null"]},
        "output": {"$ref": "#/$defs/output"},
        "findings": {"description": "What stood there when it had gone wrong.", "$ref": "#/$defs/text_or_null"},
        "had_terminal": {"description": "What passed at its terminal is not recorded.", "type": "boolean"},
        "strays": {"description": "Processes that it left behind, and that were ended.", "type": "array", "items": {"type": "string"}},
        "left": {"description": "Processes that it left behind on purpose.", "type": "array", "items": {"type": "string"}}
      }
    },
    "step": {
      "type": "object",
      "required": ["instance", "id", "title", "type", "section", "source", "note", "effect", "effect_because", "when", "includes", "done_when",
                   "verify", "is_removed", "state", "why", "started_at", "ended_at", "duration_ms", "command", "request", "outputs", "findings",
                   "answered_by", "evidence", "attempts", "questions"],
      "additionalProperties": false,
      "properties": {
        "instance": {"type": "string"},
        "id": {"type": "string"},
        "title": {"type": "string"},
        "type": {"type": "string"},
        "section": {"type": "string"},
        "source": {"type": "string"},
        "note": {"$ref": "#/$defs/text_or_null"},
        "effect": {"enum": ["read", "idempotent", "once", "irreversible"]},
        "effect_because": {"$ref": "#/$defs/text_or_null"},
        "when": {"description": "As it is written.", "$ref": "#/$defs/text_or_null"},
        "includes": {"$ref": "#/$defs/text_or_null"},
        "done_when": {"description": "As it is written.", "type": ["object", "null"]},
        "verify": {"description": "As it is written.", "type": ["object", "null"]},
        "is_removed": {"description": "It is no longer in the runbook.", "type": "boolean"},
        "state": {"$ref": "#/$defs/state"},
        "why": {"type": "string"},
        "started_at": {"$ref": "#/$defs/time_or_null"},
        "ended_at": {"$ref": "#/$defs/time_or_null"},
        "duration_ms": {"$ref": "#/$defs/milliseconds"},
        "command": {"description": "Of its last attempt; as it is written if there was none.", "type": "string"},
        "request": {"type": ["object", "null"]},
        "outputs": {"description": "Without secrets.", "type": ["object", "null"]},
        "findings": {"$ref": "#/$defs/text_or_null"},
        "answered_by": {"$ref": "#/$defs/text_or_null"},
        "evidence": {"$ref": "#/$defs/evidence"},
        "attempts": {"type": "array", "items": {"$ref": "#/$defs/attempt"}},
        "questions": {"type": "array", "items": {"$ref": "#/$defs/question"}}
      }
    }
  }
}
)json";

}  // namespace

std::string_view report_schema() { return schema; }

}  // namespace runbook
