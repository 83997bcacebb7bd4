#pragma once
// SQLite in three types. Every failure is an Error (exit 6) that names the file and the way on. SQLITE_BUSY is no failure: it is
// waited for. One connection per thread, and none across a fork.
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace runbook {

class Statement;

class Database {
 public:
  enum class Access {
    ordinary,   // the file must exist
    immutable,  // nothing is locked and no -wal is read: for a file in a folder that can't be written
    memory,     // the path is only a name
  };
  Database(std::string path, Access access);
  ~Database();
  Database(const Database&) = delete;

  const std::string& path() const { return path_; }
  sqlite3* handle() const { return handle_; }
  void execute(const std::string& sql);          // statements without rows, or whose rows don't matter
  std::int64_t integer(const std::string& sql);  // the first column of the first row, or 0
  std::int64_t last_row() const;                 // the integer key of the last INSERT
  std::int64_t changes() const;                  // rows that the last INSERT, UPDATE or DELETE touched
  bool is_read_only() const;
  // Prepared at its first use and kept: what every commit needs. `sql` is a literal.
  Statement& standing(const char* sql);
  // Writes the -wal into the file and leaves it empty. false: readers were in the way for so long.
  bool empty_wal(std::chrono::milliseconds at_most);
  // For readers: the last one to close would otherwise write the -wal back into the file.
  void keep_wal_on_close();
  // doing: "writing", "opening"; for what SQLite has no words of its own.
  [[noreturn]] void fail(std::string_view doing) const;

 private:
  std::string path_;
  sqlite3* handle_ = nullptr;
  std::map<std::string_view, std::unique_ptr<Statement>> standing_;
};

class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;

  // The next parameter. The bytes must live until the statement has run.
  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view text);
  Statement& bind_bytes(std::string_view bytes);
  Statement& bind_null();
  // The value of another statement's row, of whatever type.
  Statement& bind_column(const Statement& row, int column);
  // true: there is a row. false: it is done, and can be bound anew.
  bool step();
  // Runs to its end.
  void run();

  std::int64_t integer(int column) const;
  std::string text(int column) const;  // text or bytes, as stored
  bool is_null(int column) const;

 private:
  void expect_bound(int code);
  int step_patiently();

  Database& database_;
  sqlite3_stmt* handle_ = nullptr;
  int bound_ = 0;
};

// Rolled back by the destructor unless committed.
class Transaction {
 public:
  enum class Kind {
    read,   // one unchanging view
    write,  // BEGIN IMMEDIATE
  };
  Transaction(Database& database, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
};

}  // namespace runbook
