#include "os/supervised.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "os/core_dumps.h"
#include "os/files.h"

namespace runbook {

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
}

void OutputSink::let_spool_go() { SpoolWriter closed = std::move(spool_); }

std::string OutputSink::sha256_hex() { return to_hex(sha_.finish()); }

std::string OutputSink::take_result() {
  std::string bytes = protocol::result_bytes(out_, err_, is_too_large_);
  out_ = err_ = std::string();
  return bytes;
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

// Replaces what the engine itself may have inherited: it may run inside another run's step.
void set_variable(std::vector<std::string>& env, std::string_view name, const std::string& value) {
  std::string beginning = fmt::format("{}=", name);
  std::erase_if(env, [&](const std::string& entry) { return entry.rfind(beginning, 0) == 0; });
  env.push_back(beginning + value);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

Supervised::Supervised(AttemptPipes pipes, protocol::Spawn body, Fd input, Fd out, const std::filesystem::path& folder)
    : n_(pipes.n),
      body_(std::move(body)),
      input_(std::move(input)),
      direct_out_(std::move(out)),
      pipes_(std::move(pipes)),
      sink_(std::move(pipes_.spool), body_.command.secrets, body_.command.keeps_result) {
  if (body_.command.hides_output) {
    sink_.let_spool_go();
    ::unlink((folder / AttemptFiles(n_).spool).c_str());  // nor can who reads on for a dead supervisor write to it
  }
  std::string named = (folder / AttemptFiles(n_).named_outputs).string();
  if (body_.named_outputs_in_memory) {
    ::unlink(named.c_str());
    named_outputs_ = memory_file("", "outputs");
    named = fmt::format("/proc/{}/fd/{}", ::getpid(), named_outputs_.get());
  }
  if (body_.command.tty) make_terminal();
  set_variable(body_.command.env, "RUNBOOK_OUTPUT", named);
  set_variable(body_.command.env, attempt_marker, body_.marker);
}

// What names the person's terminal to programs that are asked through others (gpg's pinentry) names this one.
void Supervised::make_terminal() {
  terminal_ = std::make_unique<AttemptTerminal>(TerminalShape::from(body_.terminal).value_or(TerminalShape()));
  std::vector<std::string>& env = body_.command.env;
  const auto is_named = [](const std::string& entry) { return entry.rfind("GPG_TTY=", 0) == 0; };
  if (std::any_of(env.begin(), env.end(), is_named)) set_variable(env, "GPG_TTY", terminal_->device().path());
}

// Where its standard input, output and error go. A session leader that opens a terminal has it from then on.
void Supervised::add_standard_files(posix_spawn_file_actions_t& actions) const {
  if (terminal_) {
    posix_spawn_file_actions_addopen(&actions, 0, terminal_->device().path().c_str(), O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, 0, 1);
    posix_spawn_file_actions_adddup2(&actions, 0, 2);
    return;
  }
  if (input_) {
    posix_spawn_file_actions_adddup2(&actions, input_.get(), 0);
  } else {
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_adddup2(&actions, (direct_out_ ? direct_out_ : pipes_.child_out).get(), 1);
  posix_spawn_file_actions_adddup2(&actions, pipes_.child_err.get(), 2);
}

int Supervised::start() {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  add_standard_files(actions);
  posix_spawn_file_actions_addchdir_np(&actions, body_.command.dir.c_str());

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  const int own = terminal_ ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
  posix_spawnattr_setflags(&attributes, static_cast<short>(own | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);

  auto argv = pointers(body_.command.argv);
  auto env = pointers(body_.command.env);
  mode_t own_mask = ::umask(static_cast<mode_t>(body_.mask));
  set_core_limit(static_cast<rlim_t>(body_.core_limit));
  int error = ::posix_spawn(&pid_, body_.program.c_str(), &actions, &attributes, argv.data(), env.data());
  set_core_limit(0);
  ::umask(own_mask);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  input_.reset();
  direct_out_.reset();
  pipes_.child_out.reset();
  pipes_.child_err.reset();
  if (error != 0) return error;
  if (body_.command.timeout_ms) deadline_ms = *body_.command.timeout_ms;  // made absolute by the supervisor
  body_.command.argv.clear();
  body_.command.env.clear();
  return 0;
}

void Supervised::drain(std::size_t at_most) {
  if (pipes_.out) drain_fifo(pipes_.out.get(), Stream::out, sink_, at_most);
  if (pipes_.err) drain_fifo(pipes_.err.get(), Stream::err, sink_, at_most);
}

void Supervised::close_output() {
  sink_.let_spool_go();
  pipes_.out.reset();
  pipes_.err.reset();
  terminal_.reset();
}

void Supervised::signal_group(int signal) const {
  if (pid_ <= 0) return;
  if (terminal_) terminal_->device().signal_foreground(signal, pid_);
  ::kill(-pid_, signal);
}

}  // namespace runbook
