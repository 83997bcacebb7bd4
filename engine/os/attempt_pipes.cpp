#include "os/attempt_pipes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/error.h"

namespace runbook {

AttemptFiles::AttemptFiles(std::int64_t n)
    : out_fifo(fmt::format("{}.out", n)),
      err_fifo(fmt::format("{}.err", n)),
      spool(fmt::format("{}.spool", n)),
      named_outputs(fmt::format("{}.output", n)) {}

void AttemptFiles::remove_from(const std::filesystem::path& folder) const {
  for (const auto& name : {out_fifo, err_fifo, spool, named_outputs}) ::unlink((folder / name).c_str());
}

void AttemptFiles::rename_to(const AttemptFiles& other, const std::filesystem::path& folder) const {
  bool are_renamed = ::rename((folder / out_fifo).c_str(), (folder / other.out_fifo).c_str()) == 0 &&
                     ::rename((folder / err_fifo).c_str(), (folder / other.err_fifo).c_str()) == 0 &&
                     ::rename((folder / spool).c_str(), (folder / other.spool).c_str()) == 0;
  // There is none where outputs lay in memory.
  are_renamed = are_renamed &&
                (::rename((folder / named_outputs).c_str(), (folder / other.named_outputs).c_str()) == 0 || errno == ENOENT);
  if (are_renamed) return;
  remove_from(folder);
  other.remove_from(folder);
}

bool AttemptFiles::are_unused(const std::filesystem::path& folder) const {
  for (const auto& name : {out_fifo, err_fifo}) {
    Fd reader(::open((folder / name).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    char byte = 0;
    if (!reader || ::read(reader.get(), &byte, 1) != 0) return false;  // EAGAIN: somebody may still write
  }
  return true;
}

Fd open_fifo_for_reading(const std::filesystem::path& path) {
  return Fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
}

namespace {

void make_fifo(const std::filesystem::path& path, Fd& reader, Fd& writer) {
  if (::mkfifo(path.c_str(), 0600) != 0 && errno != EEXIST)
    throw_system(ExitCode::step_failed, "making " + path.string(), errno);
  reader = open_fifo_for_reading(path);
  writer = Fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!reader || !writer) throw_system(ExitCode::step_failed, "opening " + path.string(), errno);
}

}  // namespace

AttemptPipes AttemptPipes::make(std::int64_t n, SpoolWriter::Limits limits, const std::filesystem::path& folder) {
  AttemptFiles files(n);
  AttemptPipes pipes;
  pipes.n = n;
  pipes.limits = limits;
  try {
    pipes.spool = SpoolWriter::create(folder / files.spool, limits);
    make_fifo(folder / files.out_fifo, pipes.out, pipes.child_out);
    make_fifo(folder / files.err_fifo, pipes.err, pipes.child_err);
    auto named = folder / files.named_outputs;
    Fd emptied(::open(named.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!emptied) throw_system(ExitCode::step_failed, "making " + named.string(), errno);
  } catch (...) {
    files.remove_from(folder);
    throw;
  }
  return pipes;
}

}  // namespace runbook
