#pragma once
// The tables of the journal. A file carries the version of its schema; another one is refused, never guessed at.
#include <string>

#include "state/sqlite.h"

namespace runbook {

inline constexpr int schema_version = 2;
inline constexpr int schema_application_id = 0x726e626b;  // "rnbk"

// Whether there is nothing in the file yet.
bool is_blank(Database& database);
// In one transaction; leaves alone what another process has made in the meantime.
void create_schema(Database& database);
// Throws Error (exit 6): another program's file, or another schema.
void require_schema(Database& database);
// What differs from the schema as this engine writes it, one sentence, or "".
std::string schema_difference(Database& database);

}  // namespace runbook
