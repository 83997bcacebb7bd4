#include "os/attempt_log.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <sstream>

#include "base/digest.h"
#include "os/files.h"

namespace runbook {

namespace {

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

void read_line(const std::string& text, AttemptLog& log) {
  std::istringstream fields(text);
  char kind = 0;
  fields >> kind;
  if (kind == 'H') {
    fields >> log.last_world.boot_id >> log.last_world.pid_namespace;
    return;
  }
  std::int64_t n = 0;
  fields >> n;
  LoggedAttempt& attempt = log.attempts[n];
  switch (kind) {
    case 'S':
      attempt.world = log.last_world;
      fields >> log.last_seq >> log.last_hash;
      break;
    case 'N': attempt.state = LoggedAttempt::State::not_started; break;
    case 'P':
      attempt.state = LoggedAttempt::State::running;
      fields >> attempt.process.pid >> attempt.process.start_time;
      break;
    case 'T': attempt.has_timed_out = true; break;
    case 'C': attempt.was_cancelled = true; break;
    case 'E': read_end(fields, attempt); break;
    default: break;
  }
}

}  // namespace

AttemptLog read_attempt_log(const std::filesystem::path& run_folder) {
  AttemptLog log;
  auto bytes = try_read_file(run_folder / "log");
  if (!bytes) return log;
  log.exists = true;
  std::istringstream lines(*bytes);
  for (std::string line; std::getline(lines, line);) {
    if (auto text = checked(line)) read_line(*text, log);
  }
  return log;
}

AttemptLogWriter::AttemptLogWriter(const std::filesystem::path& run_folder) {
  auto path = run_folder / "log";
  bool is_torn = false;
  if (auto bytes = try_read_file(path)) is_torn = !bytes->empty() && bytes->back() != '\n';
  fd_ = Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd_) throw_system(ExitCode::journal, "opening " + path.string(), errno);
  if (is_torn) write_all(fd_.get(), "\n");
  ProcessWorld world = this_world();
  append(fmt::format("H {} {}", world.boot_id, world.pid_namespace));
}

bool AttemptLogWriter::append(std::string_view line) {
  return write_all(fd_.get(), fmt::format("{} {:08x}\n", line, crc32(line)));
}

bool AttemptLogWriter::sync() { return ::fdatasync(fd_.get()) == 0; }

}  // namespace runbook
