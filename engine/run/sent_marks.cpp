#include "run/sent_marks.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "base/error.h"
#include "base/lines.h"
#include "os/fd.h"
#include "os/files.h"
#include "os/process_id.h"

namespace runbook {

SentMarks::SentMarks(const std::filesystem::path& run_folder) : file_(run_folder.empty() ? run_folder : run_folder / "sent") {}

// It is there whole, or the attempt is not sent. Each begins a line of its own: where a full disk has cut the one before, that names an
// earlier attempt at worst, which is then in doubt and not lost.
void SentMarks::add(std::int64_t n) {
  std::lock_guard lock(mutex_);
  if (file_.empty() || !added_.insert(n).second) return;
  const Fd file(::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!file || !write_all(file.get(), fmt::format("\n{}\n", n))) {
    added_.erase(n);
    throw_system(ExitCode::step_failed, "recording that a request is about to be sent in " + file_.string(), errno);
  }
}

bool SentMarks::prove_unsent(std::int64_t n, const std::string& boot_id) const {
  if (file_.empty() || boot_id.empty() || boot_id != this_world().boot_id) return false;
  const std::string marks = try_read_file(file_).value_or("");
  std::error_code error;
  if (marks.empty() && (std::filesystem::exists(file_, error) || error)) return false;  // it can't be read
  for (const std::string_view line : lines_of(marks))
    if (line == std::to_string(n)) return false;
  return true;
}

}  // namespace runbook
