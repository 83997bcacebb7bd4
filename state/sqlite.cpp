#include "state/sqlite.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/error.h"

namespace runbook {
namespace {

constexpr const char* begin_write = "BEGIN IMMEDIATE";
constexpr const char* commit_transaction = "COMMIT";

int wait_and_try_again(void*, int tries) {
  std::this_thread::sleep_for(std::chrono::microseconds(std::min(20'000, 100 * (tries + 1))));
  return 1;
}

// immutable=1 can be said in a URI only.
std::string immutable_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

struct Complaint {
  std::string what;
  std::string hint;
};

// SQLite names the deed only by a number.
std::string_view deed_of(int code, std::string_view doing) {
  switch (code) {
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ: return "reading";
    case SQLITE_IOERR_WRITE: return "writing";
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC: return "syncing";
    case SQLITE_IOERR_SHMOPEN:
    case SQLITE_IOERR_SHMSIZE:
    case SQLITE_IOERR_SHMMAP: return "sharing memory through its -shm";
    default: return doing;
  }
}

Complaint complaint(int code, const std::string& path, std::string_view doing, const std::string& detail) {
  switch (code & 0xff) {
    case SQLITE_NOTADB:
      return {fmt::format("{} is not a journal: it is no SQLite file", path),
              "name the journal with `--journal` or RUNBOOK_JOURNAL, or put back the newest copy of it"};
    case SQLITE_CORRUPT:
      return {
          fmt::format("the journal {} is damaged: {}", path, detail),
          fmt::format("copy {0} and {0}-wal away first, then put back the newest copy that `runbook verify` accepts", path)};
    case SQLITE_READONLY:
      return {fmt::format("the journal {} is read-only: {}", path, detail),
              "make the file and its folder writable, or name another journal with `--journal`"};
    case SQLITE_FULL:
      return {fmt::format("the journal {} can't be written: no space left on its disk", path),
              "make room, then go on with `runbook run --resume`"};
    case SQLITE_IOERR:
      return {fmt::format("the journal {} can't be used, its disk failed: {}: {}", path, deed_of(code, doing), detail),
              "see that the disk is healthy and has room, then go on with `runbook run --resume`"};
    default:
      return {fmt::format("the journal {} can't be used: {}: {}", path, doing, detail),
              "see that its folder and disk are there and healthy, then try again"};
  }
}

}  // namespace

Database::Database(std::string path, Access access) : path_(std::move(path)) {
  const bool is_immutable = access == Access::immutable;
  const std::string name = is_immutable ? immutable_uri(path_) : access == Access::memory ? ":memory:" : path_;
  const int flags = is_immutable ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE;
  const int code = sqlite3_open_v2(name.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (code == SQLITE_OK) {
    sqlite3_busy_handler(handle_, wait_and_try_again, nullptr);
    return;
  }
  std::string detail = sqlite3_errstr(code);
  if (const int number = sqlite3_system_errno(handle_); number != 0) detail = system_message(detail, number);
  const Complaint said = complaint(code, path_, "opening", detail);
  sqlite3_close(handle_);
  throw Error(ExitCode::journal, said.what, said.hint);
}

Database::~Database() {
  standing_.clear();
  sqlite3_close_v2(handle_);
}

Statement& Database::standing(const char* sql) {
  auto& statement = standing_[sql];
  if (!statement) statement = std::make_unique<Statement>(*this, sql);
  return *statement;
}

void Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail("writing");
}

std::int64_t Database::integer(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::int64_t Database::last_row() const { return sqlite3_last_insert_rowid(handle_); }

std::int64_t Database::changes() const { return sqlite3_changes64(handle_); }

bool Database::is_read_only() const { return sqlite3_db_readonly(handle_, "main") == 1; }

bool Database::empty_wal(std::chrono::milliseconds at_most) {
  sqlite3_busy_timeout(handle_, static_cast<int>(at_most.count()));
  const int code = sqlite3_wal_checkpoint_v2(handle_, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_handler(handle_, wait_and_try_again, nullptr);
  const bool is_hindered = (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
  if (code != SQLITE_OK && !is_hindered) fail("writing");
  return code == SQLITE_OK;
}

void Database::keep_wal_on_close() { sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr); }

void Database::fail(std::string_view doing) const {
  std::string detail = sqlite3_errmsg(handle_);
  if (const int number = sqlite3_system_errno(handle_); number != 0) detail = system_message(detail, number);
  const Complaint said = complaint(sqlite3_extended_errcode(handle_), path_, doing, detail);
  throw Error(ExitCode::journal, said.what, said.hint);
}

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  const auto size = static_cast<int>(sql.size());
  const int code = sqlite3_prepare_v3(database.handle(), sql.data(), size, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  if (code != SQLITE_OK) database_.fail("reading");
}

Statement::~Statement() { sqlite3_finalize(handle_); }

void Statement::expect_bound(int code) {
  if (code != SQLITE_OK) database_.fail("binding");
}

Statement& Statement::bind(std::int64_t value) {
  expect_bound(sqlite3_bind_int64(handle_, ++bound_, value));
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  expect_bound(sqlite3_bind_text64(handle_, ++bound_, text.data() ? text.data() : "", text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_bytes(std::string_view bytes) {
  expect_bound(sqlite3_bind_blob64(handle_, ++bound_, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_STATIC));
  return *this;
}

Statement& Statement::bind_null() {
  expect_bound(sqlite3_bind_null(handle_, ++bound_));
  return *this;
}

Statement& Statement::bind_column(const Statement& row, int column) {
  expect_bound(sqlite3_bind_value(handle_, ++bound_, sqlite3_column_value(row.handle_, column)));
  return *this;
}

// The busy handler waits for nearly every lock; SQLite returns without asking it where it fears a deadlock. A stale view is not
// cured by waiting.
int Statement::step_patiently() {
  for (int tries = 0;; ++tries) {
    const int code = sqlite3_step(handle_);
    if ((code & 0xff) != SQLITE_BUSY || code == SQLITE_BUSY_SNAPSHOT) return code;
    sqlite3_reset(handle_);
    wait_and_try_again(nullptr, tries);
  }
}

bool Statement::step() {
  const int code = step_patiently();
  if (code == SQLITE_ROW) return true;
  bound_ = 0;
  const int result = sqlite3_reset(handle_);
  if (code != SQLITE_DONE || result != SQLITE_OK) database_.fail("reading or writing");
  return false;
}

void Statement::run() {
  while (step()) {
  }
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }

std::string Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(handle_, column);
  if (bytes == nullptr) return {};
  return std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column)));
}

bool Statement::is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

Transaction::Transaction(Database& database, Kind kind) : database_(database) {
  if (kind == Kind::write) database_.standing(begin_write).run();
  else Statement(database_, "BEGIN").run();
}

Transaction::~Transaction() {
  if (sqlite3_get_autocommit(database_.handle()) != 0) return;
  sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() { database_.standing(commit_transaction).run(); }

}  // namespace runbook
