#include "os/attempt_log.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <sstream>

#include "base/digest.h"
#include "os/files.h"

namespace runbook {

namespace {

constexpr std::string_view torn_mark = " torn";
constexpr const char* way_on = "it tells what ran: see that it can be read, then go on with `runbook run --resume`";

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// "text crc" → text, if the CRC fits.
std::optional<std::string> checked(const std::string& line) {
  auto blank = line.rfind(' ');
  if (blank == std::string::npos) return std::nullopt;
  std::string text = line.substr(0, blank);
  if (line.substr(blank + 1) != fmt::format("{:08x}", crc32(text))) return std::nullopt;
  return text;
}

void read_end(std::istringstream& fields, LoggedAttempt& attempt) {
  std::string kind;
  fields >> kind >> attempt.status >> attempt.output_total >> attempt.output_sha256;
  attempt.ended_by_signal = kind == "signal";
  attempt.state = LoggedAttempt::State::ended;
}

// Several steps that begin at once may be announced in another order than their intents.
void read_start(std::istringstream& fields, AttemptLog& log, LoggedAttempt& attempt) {
  std::int64_t seq = 0;
  std::string hash, word;
  fields >> seq >> hash >> word;
  attempt.leaves = word == leaves_word;
  if (seq < log.last_seq) return;
  log.last_seq = seq;
  log.last_hash = hash;
}

void read_process(std::istringstream& fields, LoggedAttempt& attempt) {
  attempt.state = LoggedAttempt::State::running;
  fields >> attempt.process.pid >> attempt.process.start_time;
}

void read_left(std::istringstream& fields, LoggedAttempt& attempt) {
  ProcessId left;
  fields >> left.pid >> left.start_time;
  attempt.left.push_back(left);
}

// What was damaged, or lost when the machine died, stands before it.
void read_head(std::istringstream& fields, AttemptLog& log) {
  ProcessWorld world;
  std::int64_t known = tells_of_none;
  fields >> world.boot_id >> world.pid_namespace;
  if (!(fields >> known)) known = tells_of_none;
  const bool goes_on = world == log.last_world && !log.is_damaged;
  log.tells_all_above = goes_on ? std::min(log.tells_all_above, known) : known;
  log.last_world = world;
  log.is_damaged = false;
}

void read_line(const std::string& text, AttemptLog& log) {
  std::istringstream fields(text);
  char kind = 0;
  fields >> kind;
  if (kind == 'H') return read_head(fields, log);
  std::int64_t n = 0;
  fields >> n;
  auto [found, is_new] = log.attempts.try_emplace(n);
  LoggedAttempt& attempt = found->second;
  if (is_new) attempt.world = log.last_world;  // also when its S was damaged
  switch (kind) {
    case 'S': read_start(fields, log, attempt); break;
    case 'N': attempt.state = LoggedAttempt::State::not_started; break;
    case 'P': read_process(fields, attempt); break;
    case 'L': read_left(fields, attempt); break;
    case 'T': attempt.has_timed_out = true; break;
    case 'C': attempt.was_cancelled = true; break;
    case 'E': read_end(fields, attempt); break;
    default: break;
  }
}

}  // namespace

bool AttemptLog::names_one_that_leaves() const {
  return std::any_of(attempts.begin(), attempts.end(), [](const auto& entry) { return entry.second.leaves; });
}

bool AttemptLog::proves_not_started(std::int64_t n) const {
  return exists && last_world == this_world() && !is_damaged && n > tells_all_above && attempts.count(n) == 0;
}

AttemptLog read_attempt_log(const std::filesystem::path& run_folder) {
  AttemptLog log;
  const std::filesystem::path path = run_folder / "log";
  std::error_code ignored;
  const auto type = std::filesystem::status(path, ignored).type();
  if (type == std::filesystem::file_type::fifo) throw Error(ExitCode::journal, path.string() + " is not a file", way_on);
  auto bytes = try_read_file(path);
  if (!bytes && errno != ENOENT && errno != ENOTDIR) throw_system(ExitCode::journal, "reading " + path.string(), errno, way_on);
  if (!bytes) return log;
  log.exists = true;
  std::istringstream lines(*bytes);
  for (std::string line; std::getline(lines, line);) {
    if (auto text = checked(line)) read_line(*text, log);
    else if (!line.empty() && !lines.eof() && !ends_with(line, torn_mark)) log.is_damaged = true;
  }
  return log;
}

// A record that was glued to a torn one, or the missing name of a new world, would make of what follows something else.
AttemptLogWriter::AttemptLogWriter(const std::filesystem::path& run_folder, std::int64_t known) {
  auto path = run_folder / "log";
  fd_ = Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd_) throw_system(ExitCode::journal, "opening " + path.string(), errno);
  std::string bytes = read_file(path, ExitCode::journal);
  std::string last = bytes.substr(bytes.rfind('\n') + 1);
  bool is_whole = last.empty() || write_all(fd_.get(), fmt::format("{}\n", checked(last) ? "" : torn_mark));
  ProcessWorld world = this_world();
  if (!is_whole || !append(fmt::format("H {} {} {}", world.boot_id, world.pid_namespace, known)))
    throw_system(ExitCode::journal, "writing " + path.string(), errno);
}

bool AttemptLogWriter::append(std::string_view line) {
  if (is_torn_ && !write_all(fd_.get(), fmt::format("{}\n", torn_mark))) return false;
  is_torn_ = !write_all(fd_.get(), fmt::format("{} {:08x}\n", line, crc32(line)));
  return !is_torn_;
}

bool AttemptLogWriter::sync() { return ::fdatasync(fd_.get()) == 0; }

}  // namespace runbook
