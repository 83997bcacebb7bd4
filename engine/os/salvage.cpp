#include "os/salvage.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/digest.h"
#include "os/files.h"
#include "os/remains.h"
#include "os/supervised.h"
#include "os/supervisor_loop.h"

namespace runbook {

namespace {

Exit with_reason(Exit::Kind kind, std::string why) {
  Exit exit;
  exit.kind = kind;
  exit.why = std::move(why);
  return exit;
}

Exit from_log(const LoggedAttempt& attempt) {
  Exit exit;
  exit.kind = attempt.ended_by_signal ? Exit::Kind::signal : Exit::Kind::code;
  exit.number = attempt.status;
  exit.has_timed_out = attempt.has_timed_out;
  exit.was_cancelled = attempt.was_cancelled;
  exit.output_total = attempt.output_total;
  exit.output_sha256 = attempt.output_sha256;
  return exit;
}

// Where the supervisor died before it wrote down which process it had started: that one leads a group in the supervisor's session, and
// what is left behind by `&`, `nohup` or `setsid` does not.
bool may_be_the_step(const ProcessId& process) {
  return ::getpgid(process.pid) == process.pid && ::getsid(process.pid) != process.pid;
}

// A process without its supervisor: its two FIFOs are read, or it would block.
class Orphan {
 public:
  Orphan(const Wreck& wreck, const LoggedAttempt& attempt)
      : wreck_(wreck),
        process_(attempt.process),
        leaves_(attempt.leaves),
        files_(wreck.n),
        sink_(wreck.had_secrets ? SpoolWriter() : SpoolWriter::open(wreck.folder / files_.spool), {}, false),
        out_(open_fifo_for_reading(wreck.folder / files_.out_fifo)),
        err_(open_fifo_for_reading(wreck.folder / files_.err_fifo)) {}

  // The wait status if this process is its parent by adoption.
  std::optional<siginfo_t> outlive(std::stop_token stop) {
    while (true) {
      pollfd fds[] = {{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}};
      ::poll(fds, 2, 50);
      if (is_leaving()) return std::nullopt;
      drain();
      if (stop.stop_requested() && !is_leaving()) ask_to_end();  // who leaves says so before it stops what it waits for
      // Twice: one that forks and ends while the list of processes is read may hide what it leaves.
      if (!is_anything_alive() && !is_anything_alive()) break;
    }
    drain();
    sink_.finish();
    await_adoption();
    return collect();
  }

  bool was_cancelled() const { return asked_at_ms_.has_value(); }

 private:
  void drain() {
    const bool had_any = sink_.total() > 0;
    if (out_) drain_fifo(out_.get(), Stream::out, sink_, 1 << 20);
    if (err_) drain_fifo(err_.get(), Stream::err, sink_, 1 << 20);
    if (wreck_.had_secrets && !had_any && sink_.total() > 0) say_that_it_is_not_kept();
  }

  void say_that_it_is_not_kept() const {
    const auto spool = wreck_.folder / files_.spool;
    const std::string before = read_spool(spool).text();
    SpoolWriter::open(spool).append(
        Stream::err, fmt::format("{}[its supervisor died; what it wrote since is not kept, for it may hold a secret]\n",
                                 before.empty() || before.back() == '\n' ? "" : "\n"));
  }

  // A dying process closes what it had open before its children are given on.
  void await_adoption() const {
    while (wreck_.supervisor != 0 && parent_of(process_) == wreck_.supervisor && !is_leaving()) ::usleep(1'000);
  }
  bool is_leaving() const { return wreck_.is_leaving && wreck_.is_leaving(); }

  std::optional<siginfo_t> collect() const {
    siginfo_t info{};
    if (process_.pid == 0) return std::nullopt;
    if (::waitid(P_PID, static_cast<id_t>(process_.pid), &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
      return std::nullopt;
    return info;
  }

  std::vector<ProcessId> everything_alive() const {
    auto alive = processes_marked(fmt::format("{}/{}", wreck_.run, wreck_.n));
    if (process_.pid != 0 && is_alive(process_)) alive.push_back(process_);
    return alive;
  }
  bool is_anything_alive() const {
    if (process_.pid != 0 && is_alive(process_)) return true;
    const auto alive = everything_alive();
    if (!leaves_) return !alive.empty();
    return process_.pid == 0 && std::any_of(alive.begin(), alive.end(), may_be_the_step);
  }

  void log_stop() const try {
    AttemptLogWriter(wreck_.folder, tells_of_none).append(fmt::format("C {}", wreck_.n));
  } catch (const Error&) {
    // A full disk is no reason to leave it running; who stopped it still remembers.
  }

  void ask_to_end() {
    std::int64_t now = boot_time_ms();
    bool is_late = asked_at_ms_ && now - *asked_at_ms_ > 5'000;
    if (asked_at_ms_ && !is_late) return;
    if (!asked_at_ms_) {
      log_stop();
      asked_at_ms_ = now;
    }
    for (const auto& process : everything_alive()) ::kill(process.pid, is_late ? SIGKILL : SIGTERM);
  }

  const Wreck& wreck_;
  ProcessId process_;
  bool leaves_;  // what it leaves behind is meant to live
  AttemptFiles files_;
  OutputSink sink_;
  Fd out_, err_;
  std::optional<std::int64_t> asked_at_ms_;
};

Exit outlive(const Wreck& wreck, const LoggedAttempt& attempt, std::stop_token stop) {
  Orphan orphan(wreck, attempt);
  auto status = orphan.outlive(stop);
  // The log may have got its last word while we watched.
  AttemptLog log = read_attempt_log(wreck.folder);
  auto now = log.attempts.find(wreck.n);
  if (now != log.attempts.end() && now->second.state == LoggedAttempt::State::ended) return from_log(now->second);
  if (!status) return with_reason(Exit::Kind::lost, "its supervisor died, and nobody saw how it ended");
  Exit exit;
  exit.kind = status->si_code == CLD_EXITED ? Exit::Kind::code : Exit::Kind::signal;
  exit.number = status->si_status;
  exit.has_timed_out = attempt.has_timed_out;
  exit.was_cancelled = orphan.was_cancelled() || attempt.was_cancelled;
  return exit;
}

// Its number means nothing here. What can be seen of it from here shows itself by its mark, and is waited for.
Exit outlive_elsewhere(const Wreck& wreck, LoggedAttempt attempt, std::stop_token stop) {
  if (processes_marked(fmt::format("{}/{}", wreck.run, wreck.n)).empty())
    return with_reason(Exit::Kind::lost, "it was started in another PID namespace, where it can't be seen from here");
  attempt.process = {};
  return outlive(wreck, attempt, stop);
}

// The log does not tell of it, or there is none: it may live all the same, and then nothing is decided before its end.
Exit unnamed(const Wreck& wreck, const AttemptLog& log, std::stop_token stop) {
  Exit exit = outlive(wreck, LoggedAttempt(), stop);
  if (exit.kind != Exit::Kind::lost) return exit;
  exit.why = !log.exists                      ? "the supervisor's log is gone"
             : log.last_world != this_world() ? "the machine was restarted, and the supervisor's log does not name it"
             : log.is_damaged                 ? "the supervisor's log is damaged, and what is left of it does not name it"
                                              : "the supervisor's log is gone, and the one begun since does not name it";
  return exit;
}

}  // namespace

void read_leftovers(const Wreck& wreck, Exit& exit) {
  AttemptFiles files(wreck.n);
  SpoolText spool = read_spool(wreck.folder / files.spool);
  exit.output = spool.text();
  if (exit.output_total == 0) exit.output_total = spool.total;
  // What its supervisor had read and not yet written is in no file: only the digest proves that nothing is missing.
  exit.result_is_missing = !spool.is_whole() || sha256_hex(spool.head) != exit.output_sha256;
  exit.out = spool.out;
  exit.err = spool.err;
  auto named = try_read_file(wreck.folder / files.named_outputs);
  exit.named_outputs_are_missing = !named;
  exit.named_outputs = named.value_or("");
}

Exit salvage(const Wreck& wreck, const AttemptLog& log, std::stop_token stop) {
  ProcessWorld here = this_world();
  auto found = log.attempts.find(wreck.n);
  if (found == log.attempts.end()) {
    if (log.proves_not_started(wreck.n)) return with_reason(Exit::Kind::not_started, "the supervisor never got to it");
    return unnamed(wreck, log, stop);
  }
  const LoggedAttempt& attempt = found->second;
  Exit exit;
  switch (attempt.state) {
    case LoggedAttempt::State::not_started: return with_reason(Exit::Kind::not_started, "it could not be started");
    case LoggedAttempt::State::ended: exit = from_log(attempt); break;
    case LoggedAttempt::State::announced:
    case LoggedAttempt::State::running:
      if (attempt.world == here) exit = outlive(wreck, attempt, stop);
      else if (attempt.world.boot_id != here.boot_id)
        exit = with_reason(Exit::Kind::lost, "the machine was restarted while it ran");
      else exit = outlive_elsewhere(wreck, attempt, stop);
      break;
  }
  read_leftovers(wreck, exit);
  for (const Child& left : remains_of(attempt, fmt::format("{}/{}", wreck.run, wreck.n)))
    exit.left.push_back(wreck.had_secrets ? named(left) : shown(left));
  return exit;
}

}  // namespace runbook
