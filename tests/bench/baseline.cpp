// What a step costs at the least: spawn `sh -c true`, wait for it, and make one durable commit. Usage: baseline FILE STEPS
#include <spawn.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  sqlite3* db = nullptr;
  sqlite3_stmt* insert = nullptr;
  const char* schema =
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE events(seq INTEGER PRIMARY KEY, text TEXT)";
  const char* row =
      "INSERT INTO events(text) VALUES('{\"kind\":\"ended\",\"instance\":\"s1\",\"body\":{\"result\":\"succeeded\"}}')";
  if (sqlite3_open(argv[1], &db) != SQLITE_OK || sqlite3_exec(db, schema, nullptr, nullptr, nullptr) != SQLITE_OK) return 1;
  if (sqlite3_prepare_v2(db, row, -1, &insert, nullptr) != SQLITE_OK) return 1;
  for (int i = 0; i < std::atoi(argv[2]); ++i) {
    std::string words[] = {"sh", "-c", "true"};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    pid_t child = 0;
    int status = 0;
    if (posix_spawnp(&child, "sh", nullptr, nullptr, arguments, environ) != 0 || waitpid(child, &status, 0) != child) return 1;
    if (sqlite3_step(insert) != SQLITE_DONE || sqlite3_reset(insert) != SQLITE_OK) return 1;
  }
  sqlite3_finalize(insert);
  return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}
