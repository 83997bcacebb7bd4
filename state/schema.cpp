#include "state/schema.h"

#include <fmt/core.h>

#include <map>

#include "base/error.h"

namespace runbook {
namespace {

// What all versions have in common.
constexpr const char* tables_of_all = R"sql(
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

CREATE TRIGGER answers_follow BEFORE INSERT ON answers
  WHEN EXISTS (SELECT 1 FROM answers WHERE run = NEW.run AND question = NEW.question)
  BEGIN SELECT RAISE(ABORT, 'this question has been answered'); END;

CREATE TRIGGER register_follows BEFORE INSERT ON register WHEN NEW.n IS NOT 1 + (SELECT coalesce(max(n), 0) FROM register)
  BEGIN SELECT RAISE(ABORT, 'history never changes: an entry follows the last one of the register'); END;
CREATE TRIGGER register_stays BEFORE UPDATE ON register
  BEGIN SELECT RAISE(ABORT, 'history never changes: the register is not updated'); END;
CREATE TRIGGER register_remains BEFORE DELETE ON register
  BEGIN SELECT RAISE(ABORT, 'history never changes: nothing is deleted from the register'); END;

CREATE TRIGGER blobs_stay BEFORE UPDATE ON blobs
  BEGIN SELECT RAISE(ABORT, 'history never changes: blobs are not updated'); END;
)sql";

constexpr const char* tables_of_2 = R"sql(
-- Runs whose events, blobs and answers may be deleted.
CREATE TABLE pruned(
  run   TEXT    NOT NULL PRIMARY KEY,
  at_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER blobs_follow BEFORE INSERT ON blobs WHEN EXISTS (SELECT 1 FROM blobs WHERE digest = NEW.digest)
  BEGIN SELECT RAISE(ABORT, 'history never changes: blobs are not replaced'); END;
CREATE TRIGGER blobs_remain BEFORE DELETE ON blobs WHEN NOT EXISTS (SELECT 1 FROM pruned WHERE run = OLD.run)
  BEGIN SELECT RAISE(ABORT, 'history never changes: only blobs of pruned runs are deleted'); END;
CREATE TRIGGER answers_stay BEFORE UPDATE ON answers
  BEGIN SELECT RAISE(ABORT, 'history never changes: answers are not updated'); END;
CREATE TRIGGER answers_remain BEFORE DELETE ON answers WHEN NOT EXISTS (SELECT 1 FROM pruned WHERE run = OLD.run)
  BEGIN SELECT RAISE(ABORT, 'history never changes: only answers of pruned runs are deleted'); END;

CREATE TRIGGER pruned_stays BEFORE UPDATE ON pruned
  BEGIN SELECT RAISE(ABORT, 'history never changes: what was pruned stays pruned'); END;
CREATE TRIGGER pruned_remains BEFORE DELETE ON pruned
  BEGIN SELECT RAISE(ABORT, 'history never changes: what was pruned stays pruned'); END;
)sql";

constexpr const char* tables_of_3 = R"sql(
-- What stands in place of a blob since it was scrubbed: what the events `scrubbed` of its run come to. It may have been scrubbed in turn.
CREATE TABLE scrubbed(
  digest      TEXT    NOT NULL PRIMARY KEY,  -- as events name it; that blob is gone
  run         TEXT    NOT NULL,
  seq         INTEGER NOT NULL,              -- of the event
  replacement TEXT    NOT NULL               -- a digest
) WITHOUT ROWID;

-- Runs whose events, blobs and answers may be deleted.
CREATE TABLE pruned(
  run     TEXT    NOT NULL PRIMARY KEY,
  at_ms   INTEGER NOT NULL,
  who     TEXT    NOT NULL DEFAULT '',
  because TEXT    NOT NULL DEFAULT '',       -- of a run of which no archive was kept
  archive TEXT    NOT NULL DEFAULT ''        -- the file that it was exported to, or ''
) WITHOUT ROWID;

-- In an archive alone, whose register ends with `exported`: the journal in which the run goes on.
CREATE TABLE origin(
  host    TEXT NOT NULL,
  journal TEXT NOT NULL
);

-- A blob that was scrubbed does not come back; it alone is deleted, and only what an event tells of counts as scrubbed.
CREATE TRIGGER blobs_follow BEFORE INSERT ON blobs
  WHEN EXISTS (SELECT 1 FROM blobs WHERE digest = NEW.digest UNION ALL SELECT 1 FROM scrubbed WHERE digest = NEW.digest)
  BEGIN SELECT RAISE(ABORT, 'history never changes: blobs are not replaced'); END;
CREATE TRIGGER blobs_remain BEFORE DELETE ON blobs
  WHEN NOT EXISTS (SELECT 1 FROM pruned WHERE run = OLD.run)
    AND NOT EXISTS (SELECT 1 FROM scrubbed WHERE digest = OLD.digest AND run = OLD.run)
  BEGIN SELECT RAISE(ABORT, 'history never changes: only blobs of pruned runs, and scrubbed ones, are deleted'); END;
CREATE TRIGGER scrubbed_follow BEFORE INSERT ON scrubbed
  WHEN EXISTS (SELECT 1 FROM scrubbed WHERE digest = NEW.digest)
    OR NOT EXISTS (SELECT 1 FROM events JOIN runs ON events.id = (runs.n << 32 | NEW.seq)
                   WHERE runs.run = NEW.run AND text GLOB '{"kind":"scrubbed",*'
                     AND instr(text, '{"from":"' || NEW.digest || '","to":"' || NEW.replacement || '"}') > 0)
  BEGIN SELECT RAISE(ABORT, 'history never changes: a blob is scrubbed once, as an event tells'); END;
CREATE TRIGGER scrubbed_stays BEFORE UPDATE ON scrubbed
  BEGIN SELECT RAISE(ABORT, 'history never changes: what was scrubbed stays scrubbed'); END;
CREATE TRIGGER scrubbed_remains BEFORE DELETE ON scrubbed WHEN NOT EXISTS (SELECT 1 FROM pruned WHERE run = OLD.run)
  BEGIN SELECT RAISE(ABORT, 'history never changes: what was scrubbed stays scrubbed'); END;

-- What an answer says may be replaced, or it goes, while an event that tells of it is one of the last two of its run.
CREATE TRIGGER answers_stay BEFORE UPDATE ON answers
  WHEN NEW.run IS NOT OLD.run OR NEW.question IS NOT OLD.question OR NEW.at_ms IS NOT OLD.at_ms
    OR NOT EXISTS (SELECT 1 FROM runs JOIN events ON events.id BETWEEN (runs.n << 32 | runs.seq) - 1 AND (runs.n << 32 | runs.seq)
                   WHERE runs.run = OLD.run AND text GLOB '{"kind":"scrubbed",*,"answers":[1-9]*}}')
  BEGIN SELECT RAISE(ABORT, 'history never changes: answers are not updated'); END;
CREATE TRIGGER answers_remain BEFORE DELETE ON answers
  WHEN NOT EXISTS (SELECT 1 FROM pruned WHERE run = OLD.run)
   AND NOT EXISTS (SELECT 1 FROM runs JOIN events ON events.id BETWEEN (runs.n << 32 | runs.seq) - 1 AND (runs.n << 32 | runs.seq)
                   WHERE runs.run = OLD.run AND text GLOB '{"kind":"scrubbed",*,"answers":[1-9]*}}')
  BEGIN SELECT RAISE(ABORT, 'history never changes: only answers of pruned runs, and scrubbed ones, are deleted'); END;

CREATE TRIGGER pruned_stays BEFORE UPDATE ON pruned
  BEGIN SELECT RAISE(ABORT, 'history never changes: what was pruned stays pruned'); END;
CREATE TRIGGER pruned_remains BEFORE DELETE ON pruned
  BEGIN SELECT RAISE(ABORT, 'history never changes: what was pruned stays pruned'); END;
CREATE TRIGGER origin_stays BEFORE UPDATE ON origin
  BEGIN SELECT RAISE(ABORT, 'history never changes: an archive stays what it is'); END;
CREATE TRIGGER origin_remains BEFORE DELETE ON origin
  BEGIN SELECT RAISE(ABORT, 'history never changes: an archive stays what it is'); END;
)sql";

// What was pruned stays known; that tables and triggers go and come again is seen by nobody outside the transaction.
constexpr const char* upgrade_from_2 = R"sql(
DROP TRIGGER blobs_follow;
DROP TRIGGER blobs_remain;
DROP TRIGGER answers_stay;
DROP TRIGGER answers_remain;
CREATE TEMP TABLE kept AS SELECT run, at_ms FROM pruned;
DROP TABLE pruned;
)sql";

std::string schema_of(std::int64_t version) { return std::string(tables_of_all) + (version == 2 ? tables_of_2 : tables_of_3); }

std::map<std::string, std::string> definitions(Database& database) {
  std::map<std::string, std::string> found;
  Statement select(database, "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL");
  while (select.step()) found[select.text(0)] = select.text(1);
  return found;
}

}  // namespace

bool is_blank(Database& database) {
  return database.integer("PRAGMA application_id") == 0 && database.integer("PRAGMA user_version") == 0 &&
         database.integer("SELECT count(*) FROM sqlite_schema") == 0;
}

void create_schema(Database& database) {
  Transaction transaction(database, Transaction::Kind::write);
  if (!is_blank(database)) return;
  database.execute(schema_of(schema_version));
  database.execute(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", schema_application_id, schema_version));
  transaction.commit();
}

std::int64_t schema_version_of(Database& database) { return database.integer("PRAGMA user_version"); }

void upgrade_schema(Database& database) {
  if (schema_version_of(database) == schema_version) return;
  Transaction transaction(database, Transaction::Kind::write);
  if (schema_version_of(database) == schema_version) return;
  database.execute(upgrade_from_2);
  database.execute(tables_of_3);
  database.execute("INSERT INTO pruned(run, at_ms) SELECT run, at_ms FROM kept; DROP TABLE kept");
  database.execute(fmt::format("PRAGMA user_version={}", schema_version));
  transaction.commit();
}

void require_schema(Database& database) {
  if (database.integer("PRAGMA application_id") != schema_application_id) {
    throw Error(ExitCode::journal,
                fmt::format("{} is not a journal: it is the SQLite file of another program", database.path()),
                "name the journal with `--journal` or RUNBOOK_JOURNAL");
  }
  const auto version = schema_version_of(database);
  if (version >= oldest_schema_version && version <= schema_version) return;
  if (version < oldest_schema_version) {
    throw Error(ExitCode::journal,
                fmt::format("the journal {} was written by an engine before 1.0.0: its schema is {}, this engine knows {}",
                            database.path(), version, schema_version),
                "keep the file, and name another journal with `--journal`");
  }
  throw Error(ExitCode::journal,
              fmt::format("the journal {} was written by a newer engine: its schema is {}, this engine knows {}",
                          database.path(), version, schema_version),
              "use the newer engine, or name another journal with `--journal`");
}

std::string schema_difference(Database& database) {
  Database fresh("the schema", Database::Access::memory);
  fresh.execute(schema_of(schema_version_of(database)));
  const auto wanted = definitions(fresh);
  const auto found = definitions(database);
  for (const auto& [name, sql] : wanted) {
    const auto there = found.find(name);
    if (there == found.end()) return fmt::format("the {} is missing", name);
    if (there->second != sql) return fmt::format("the {} was changed", name);
  }
  for (const auto& [name, sql] : found) {
    if (!wanted.contains(name)) return fmt::format("the {} was added", name);
  }
  return {};
}

}  // namespace runbook
