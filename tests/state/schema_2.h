#pragma once
// The tables of a journal as engines wrote them with schema 2.

namespace runbook::testing {

inline constexpr const char* schema_2 = R"sql(
-- The truth. Each event is chained to the one before it in its run:
--   hash = SHA-256(hash before, or 32 zero bytes | run | 0x00 | seq | epoch | text), numbers as 8 bytes, big-endian.
-- The key is one number, so that a commit appends to one page: SQLite splits the last page of a table with an integer key without
-- touching the pages beside it.
CREATE TABLE events(
  id    INTEGER PRIMARY KEY,    -- n * 2^32 + seq
  n     INTEGER GENERATED ALWAYS AS (id >> 32) VIRTUAL,         -- of the run, in the table of runs
  seq   INTEGER GENERATED ALWAYS AS (id & 4294967295) VIRTUAL,  -- 1, 2, 3 ... within the run
  epoch INTEGER NOT NULL,       -- of the engine that wrote it
  text  TEXT    NOT NULL,       -- JSON: kind, instance, attempt, at_ms, body; what is empty is left out
  hash  BLOB    NOT NULL
);

-- Bytes from outside, named in events by their digest.
CREATE TABLE blobs(
  digest TEXT NOT NULL PRIMARY KEY,   -- hex SHA-256(salt | bytes)
  run    TEXT NOT NULL,
  salt   BLOB NOT NULL,               -- 16 random bytes
  bytes  BLOB NOT NULL
) WITHOUT ROWID;

-- Written by anyone who may; the first answer to a question counts.
CREATE TABLE answers(
  run      TEXT    NOT NULL,
  question TEXT    NOT NULL,
  choice   TEXT    NOT NULL,
  who      TEXT    NOT NULL,
  because  TEXT    NOT NULL,
  at_ms    INTEGER NOT NULL,
  fields   TEXT,                      -- JSON, or null
  PRIMARY KEY(run, question)
) WITHOUT ROWID;

-- The only projection: what the events of a run come to. `verify` computes it anew.
CREATE TABLE runs(
  n           INTEGER PRIMARY KEY,    -- in the order in which they began
  run         TEXT    NOT NULL UNIQUE,
  runbook     TEXT    NOT NULL,
  title       TEXT    NOT NULL,
  file        TEXT    NOT NULL,
  state       TEXT    NOT NULL,
  began_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER NOT NULL,
  epoch       INTEGER NOT NULL,
  seq         INTEGER NOT NULL,
  hash        TEXT    NOT NULL        -- of the last event, hex
);

-- Runs whose events, blobs and answers may be deleted.
CREATE TABLE pruned(
  run   TEXT    NOT NULL PRIMARY KEY,
  at_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- The journal's own chain, over the beginning and the end of every run, so that a run that is gone as a whole is missed:
--   hash = SHA-256(hash before | n | run | 0x00 | kind | 0x00 | run_seq | run_hash | at_ms).
CREATE TABLE register(
  n        INTEGER PRIMARY KEY,       -- 1, 2, 3 ...
  run      TEXT    NOT NULL,
  kind     TEXT    NOT NULL,          -- run_began, left, pruned
  run_seq  INTEGER NOT NULL,
  run_hash BLOB    NOT NULL,          -- of that event
  at_ms    INTEGER NOT NULL,
  hash     BLOB    NOT NULL
);

-- History never changes. The triggers on INSERT also stop INSERT OR REPLACE, which deletes without asking a DELETE trigger.
CREATE TRIGGER events_follow BEFORE INSERT ON events
  WHEN NEW.id >> 32 NOT IN (SELECT n FROM runs)
    OR NEW.id IS NOT 1 + (SELECT max(NEW.id >> 32 << 32, coalesce(max(id), 0)) FROM events WHERE id < (NEW.id >> 32) + 1 << 32)
  BEGIN SELECT RAISE(ABORT, 'history never changes: an event follows the last one of its run'); END;
CREATE TRIGGER events_stay BEFORE UPDATE ON events
  BEGIN SELECT RAISE(ABORT, 'history never changes: events are not updated'); END;
CREATE TRIGGER events_remain BEFORE DELETE ON events
  WHEN NOT EXISTS (SELECT 1 FROM runs JOIN pruned USING(run) WHERE n = OLD.id >> 32)
  BEGIN SELECT RAISE(ABORT, 'history never changes: only events of pruned runs are deleted'); END;

CREATE TRIGGER blobs_follow BEFORE INSERT ON blobs WHEN EXISTS (SELECT 1 FROM blobs WHERE digest = NEW.digest)
  BEGIN SELECT RAISE(ABORT, 'history never changes: blobs are not replaced'); END;
CREATE TRIGGER blobs_stay BEFORE UPDATE ON blobs
  BEGIN SELECT RAISE(ABORT, 'history never changes: blobs are not updated'); END;
CREATE TRIGGER blobs_remain BEFORE DELETE ON blobs WHEN NOT EXISTS (SELECT 1 FROM pruned WHERE run = OLD.run)
  BEGIN SELECT RAISE(ABORT, 'history never changes: only blobs of pruned runs are deleted'); END;

CREATE TRIGGER answers_follow BEFORE INSERT ON answers
  WHEN EXISTS (SELECT 1 FROM answers WHERE run = NEW.run AND question = NEW.question)
  BEGIN SELECT RAISE(ABORT, 'this question has been answered'); END;
CREATE TRIGGER answers_stay BEFORE UPDATE ON answers
  BEGIN SELECT RAISE(ABORT, 'history never changes: answers are not updated'); END;
CREATE TRIGGER answers_remain BEFORE DELETE ON answers WHEN NOT EXISTS (SELECT 1 FROM pruned WHERE run = OLD.run)
  BEGIN SELECT RAISE(ABORT, 'history never changes: only answers of pruned runs are deleted'); END;

CREATE TRIGGER register_follows BEFORE INSERT ON register WHEN NEW.n IS NOT 1 + (SELECT coalesce(max(n), 0) FROM register)
  BEGIN SELECT RAISE(ABORT, 'history never changes: an entry follows the last one of the register'); END;
CREATE TRIGGER register_stays BEFORE UPDATE ON register
  BEGIN SELECT RAISE(ABORT, 'history never changes: the register is not updated'); END;
CREATE TRIGGER register_remains BEFORE DELETE ON register
  BEGIN SELECT RAISE(ABORT, 'history never changes: nothing is deleted from the register'); END;

CREATE TRIGGER pruned_stays BEFORE UPDATE ON pruned
  BEGIN SELECT RAISE(ABORT, 'history never changes: what was pruned stays pruned'); END;
CREATE TRIGGER pruned_remains BEFORE DELETE ON pruned
  BEGIN SELECT RAISE(ABORT, 'history never changes: what was pruned stays pruned'); END;
)sql";

}  // namespace runbook::testing
