#pragma once
// The tables of the journal. A file carries the version of its schema; one that is not known is refused, never guessed at.
#include <string>

#include "state/sqlite.h"

namespace runbook {

inline constexpr int schema_version = 3;
inline constexpr int oldest_schema_version = 2;           // read as it is; opened for writing it becomes the newest
inline constexpr int schema_application_id = 0x726e626b;  // "rnbk"

// Whether there is nothing in the file yet.
bool is_blank(Database& database);
// In one transaction; leaves alone what another process has made in the meantime.
void create_schema(Database& database);
// Throws Error (exit 6): another program's file, or a schema that is not known.
void require_schema(Database& database);
std::int64_t schema_version_of(Database& database);
// Of a known schema. In one transaction; no event, blob or answer changes.
void upgrade_schema(Database& database);
// What differs from the schema of the file's version as an engine writes it, one sentence, or "".
std::string schema_difference(Database& database);

}  // namespace runbook
