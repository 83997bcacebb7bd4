#include "os/supervised.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "os/files.h"

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

OutputSink::OutputSink(SpoolWriter spool, const std::vector<std::string>& secrets, bool keeps_result)
    : spool_(std::move(spool)), out_redactor_(secrets), err_redactor_(secrets), keeps_result_(keeps_result) {}

void OutputSink::feed(Stream stream, std::string_view bytes) {
  Redactor& redactor = stream == Stream::out ? out_redactor_ : err_redactor_;
  if (redactor.idle()) return keep(stream, bytes);
  keep(stream, redactor.feed(bytes));
}

void OutputSink::keep(Stream stream, std::string_view shown) {
  if (shown.empty()) return;
  spool_.append(stream, shown);
  sha_.update(shown);
  total_ += static_cast<std::int64_t>(shown.size());
  if (!keeps_result_) return;
  std::string& kept = stream == Stream::out ? out_ : err_;
  if (static_cast<std::int64_t>(kept.size() + shown.size()) > result_limit) {
    is_too_large_ = true;
    return;
  }
  kept += shown;
}

void OutputSink::finish() {
  keep(Stream::out, out_redactor_.finish());
  keep(Stream::err, err_redactor_.finish());
  SpoolWriter closed = std::move(spool_);
}

std::string OutputSink::sha256_hex() { return to_hex(sha_.finish()); }

std::string OutputSink::take_result() {
  std::string bytes = protocol::result_bytes(out_, err_, is_too_large_);
  out_ = err_ = std::string();
  return bytes;
}

Fd open_fifo_for_reading(const std::filesystem::path& path) {
  return Fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
}

void drain_fifo(int fd, Stream stream, OutputSink& sink, std::size_t at_most) {
  char buffer[1 << 16];
  std::size_t drained = 0;
  while (drained < at_most) {
    ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    sink.feed(stream, std::string_view(buffer, static_cast<std::size_t>(count)));
    drained += static_cast<std::size_t>(count);
  }
}

namespace {

struct Fifo {
  Fd reader, writer;
};

// The child's end is opened read-write: should the supervisor die, the child is not killed by SIGPIPE but waits for the next reader.
Fifo make_fifo(const std::filesystem::path& path) {
  if (::mkfifo(path.c_str(), 0600) != 0 && errno != EEXIST)
    throw_system(ExitCode::step_failed, "making " + path.string(), errno);
  Fifo fifo;
  fifo.reader = open_fifo_for_reading(path);
  fifo.writer = Fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fifo.reader || !fifo.writer) throw_system(ExitCode::step_failed, "opening " + path.string(), errno);
  return fifo;
}

Fd named_outputs_file(const protocol::Spawn& body, const std::filesystem::path& path) {
  if (body.named_outputs_in_memory) {
    ::unlink(path.c_str());  // that of the attempt whose files these were
    return memory_file("", "outputs");
  }
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd) throw_system(ExitCode::step_failed, "making " + path.string(), errno);
  return fd;
}

// Replaces what the engine itself may have inherited: it may run inside another run's step.
void set_variable(std::vector<std::string>& env, std::string_view name, const std::string& value) {
  std::string beginning = fmt::format("{}=", name);
  std::erase_if(env, [&](const std::string& entry) { return entry.rfind(beginning, 0) == 0; });
  env.push_back(beginning + value);
}

// What the supervisor or the engine's parent ignores; a step begins as a shell would begin it. (Handlers don't survive exec.)
sigset_t ignored_signals() {
  static const sigset_t ignored = [] {
    sigset_t set;
    sigemptyset(&set);
    for (int number = 1; number < NSIG; ++number) {
      struct sigaction action {};
      if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) sigaddset(&set, number);
    }
    return set;
  }();
  return ignored;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

Supervised::Supervised(std::int64_t n, protocol::Spawn body, Fd input, const std::filesystem::path& folder)
    : n_(n), body_(std::move(body)), input_(std::move(input)), sink_(SpoolWriter(), {}, false) {
  AttemptFiles files(n);
  try {
    const Command& command = body_.command;
    sink_ = OutputSink(SpoolWriter::create(folder / files.spool, {command.output_head, command.output_tail}), command.secrets,
                       command.keeps_result);
    Fifo out = make_fifo(folder / files.out_fifo), err = make_fifo(folder / files.err_fifo);
    named_outputs_ = named_outputs_file(body_, folder / files.named_outputs);
    out_ = std::move(out.reader), child_out_ = std::move(out.writer);
    err_ = std::move(err.reader), child_err_ = std::move(err.writer);
  } catch (...) {
    files.remove_from(folder);
    throw;
  }
  std::string named = body_.named_outputs_in_memory ? fmt::format("/proc/{}/fd/{}", ::getpid(), named_outputs_.get())
                                                    : (folder / files.named_outputs).string();
  set_variable(body_.command.env, "RUNBOOK_OUTPUT", named);
  set_variable(body_.command.env, attempt_marker, body_.marker);
  if (!body_.named_outputs_in_memory) named_outputs_.reset();
}

int Supervised::start() {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (input_) {
    posix_spawn_file_actions_adddup2(&actions, input_.get(), 0);
  } else {
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_adddup2(&actions, child_out_.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, child_err_.get(), 2);
  posix_spawn_file_actions_addchdir_np(&actions, body_.command.dir.c_str());

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t ignored = ignored_signals(), none;
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &ignored);
  posix_spawnattr_setsigmask(&attributes, &none);

  auto argv = pointers(body_.command.argv);
  auto env = pointers(body_.command.env);
  mode_t own_mask = ::umask(static_cast<mode_t>(body_.mask));
  int error = ::posix_spawn(&pid_, body_.program.c_str(), &actions, &attributes, argv.data(), env.data());
  ::umask(own_mask);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  input_.reset();
  child_out_.reset();
  child_err_.reset();
  if (error != 0) return error;
  if (body_.command.timeout_ms) deadline_ms = *body_.command.timeout_ms;  // made absolute by the supervisor
  body_.command.argv.clear();
  body_.command.env.clear();
  return 0;
}

void Supervised::drain(std::size_t at_most) {
  if (out_) drain_fifo(out_.get(), Stream::out, sink_, at_most);
  if (err_) drain_fifo(err_.get(), Stream::err, sink_, at_most);
}

void Supervised::close_output() {
  sink_.finish();
  out_.reset();
  err_.reset();
}

void Supervised::signal_group(int signal) const {
  if (pid_ > 0) ::kill(-pid_, signal);
}

}  // namespace runbook
