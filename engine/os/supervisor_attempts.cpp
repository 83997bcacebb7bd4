// What the supervisor does to attempts: begins them, ends them, learns how they ended.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "os/files.h"
#include "os/supervisor_loop.h"

namespace runbook {

void SupervisorLoop::spawn(std::int64_t epoch, std::int64_t n, WireReader& rest, Message& message) {
  if (epoch != epoch_) return;
  if (!seen_.insert(n).second) return refuse(n, fmt::format("attempt {} was begun before", n));
  if (message.is_cut) return refuse(n, "too many files are open in the supervisor");
  std::string bytes = message.fds.empty() ? "" : read_all(message.fds[0].get());
  WireReader reader = message.fds.empty() ? rest : WireReader(bytes);
  protocol::Spawn body = protocol::read_spawn_body(reader);
  if (!reader.ok()) return refuse(n, "the request was damaged");
  forget(body.acked);
  secrets_.insert(body.command.secrets.begin(), body.command.secrets.end());
  std::size_t next = 1;
  const auto take = [&](bool is_there) {
    return is_there && next < message.fds.size() ? std::move(message.fds[next++]) : Fd();
  };
  Fd input = take(body.has_input), out = take(body.has_out);
  begin(n, std::move(body), std::move(input), std::move(out));
}

void SupervisorLoop::begin(std::int64_t n, protocol::Spawn body, Fd input, Fd out) {
  const std::string leaves = body.command.leaves ? fmt::format(" {}", leaves_word) : "";
  std::string announced = fmt::format("S {} {} {}{}", n, body.command.seq, body.command.hash, leaves);
  std::unique_ptr<Supervised> attempt;
  try {
    SpoolWriter::Limits limits{body.command.output_head, body.command.output_tail};
    attempt = std::make_unique<Supervised>(pipes_for(n, limits), std::move(body), std::move(input), std::move(out), folder_);
  } catch (const std::exception& error) {
    AttemptFiles(n).remove_from(folder_);
    return refuse(n, error.what());
  }
  std::string why = log_.append(announced) ? "" : system_message("writing " + (folder_ / "log").string(), errno);
  if (const int error = why.empty() ? attempt->start() : 0; error != 0) why = std::strerror(error);
  if (!why.empty()) {
    log(fmt::format("N {}", n));
    AttemptFiles(n).remove_from(folder_);
    return refuse(n, why);
  }
  name_process(*attempt);
  if (attempt->deadline_ms) attempt->deadline_ms = boot_time_ms() + *attempt->deadline_ms;
  attempts_[n] = std::move(attempt);
}

// Without its start time the number says nothing: where that can't be seen now, it is looked for again.
void SupervisorLoop::name_process(Supervised& attempt) {
  if (attempt.is_process_named || attempt.wait_status) return;
  const std::uint64_t start_time = start_time_of(attempt.pid());
  if (start_time == 0) return;
  log(fmt::format("P {} {} {}", attempt.n(), attempt.pid(), start_time));
  attempt.is_process_named = true;
}

AttemptPipes SupervisorLoop::pipes_for(std::int64_t n, SpoolWriter::Limits limits) {
  auto prepared = std::exchange(prepared_, std::nullopt);
  if (prepared && prepared->n == n && prepared->limits == limits) return *std::move(prepared);
  if (prepared && prepared->n != n) spares_.emplace_back(prepared->n);
  prepared.reset();
  if (!spares_.empty()) {
    spares_.back().rename_to(AttemptFiles(n), folder_);
    spares_.pop_back();
  }
  return AttemptPipes::make(n, limits, folder_);
}

void SupervisorLoop::cancel(std::int64_t n) {
  auto found = attempts_.find(n);
  if (found == attempts_.end() || found->second->was_cancelled) return;
  Supervised& attempt = *found->second;
  reap();  // what has ended by itself was not stopped
  if (attempt.wait_status) return;
  attempt.was_cancelled = true;
  log(fmt::format("C {}", n));
  tell_to_end(attempt);
}

void SupervisorLoop::tell_to_end(Supervised& attempt) {
  const std::int64_t now_ms = boot_time_ms(), grace_ms = attempt.body().command.grace_ms;
  attempt.signal_group(SIGTERM);
  attempt.kill_at_ms = now_ms + grace_ms;
  if (attempt.terminal()) attempt.hang_up_at_ms = now_ms + grace_ms / 5;
}

void SupervisorLoop::press(Supervised& attempt, std::int64_t now_ms) {
  if (attempt.hang_up_at_ms && *attempt.hang_up_at_ms <= now_ms) {
    attempt.hang_up_at_ms.reset();
    if (!attempt.is_leaving) attempt.signal_group(SIGHUP);
  }
  if (!attempt.kill_at_ms || *attempt.kill_at_ms > now_ms) return;
  attempt.kill_at_ms = now_ms + 100;
  if (!attempt.is_leaving) attempt.signal_group(SIGKILL);
  for (pid_t pid : attempt.stray_pids) ::kill(pid, SIGKILL);
}

void SupervisorLoop::time_out(Supervised& attempt) {
  attempt.deadline_ms.reset();
  reap();  // what has ended by itself was in time
  if (attempt.wait_status) return;
  attempt.has_timed_out = true;
  log(fmt::format("T {}", attempt.n()));
  tell_to_end(attempt);
}

void SupervisorLoop::forget(const std::vector<std::int64_t>& acked) {
  for (std::int64_t n : acked) {
    auto found = attempts_.find(n);
    if (found != attempts_.end()) {
      found->second->is_unwanted = true;
    } else if (!leftovers_.has(n) && !past_leftovers_.count(n)) {
      AttemptFiles(n).remove_from(folder_);
    }
  }
}

// Nobody will ask any more.
void SupervisorLoop::forget_all() {
  was_told_bye_ = true;
  for (auto& [n, attempt] : attempts_) {
    cancel(n);
    attempt->is_unwanted = true;
  }
  if (leftovers_.empty() || !engine_) return;
  send_message(engine_.get(), protocol::stays(), {}, SendMode::if_room);
  engine_gone();
}

void SupervisorLoop::watch_times() {
  std::int64_t now = boot_time_ms();
  for (auto& [n, attempt] : attempts_) {
    if (attempt->has_ended) continue;
    name_process(*attempt);
    if (attempt->deadline_ms && *attempt->deadline_ms <= now && !attempt->is_leaving) time_out(*attempt);
    press(*attempt, now);
    ring(*attempt);
  }
  for (auto& [n, attempt] : attempts_) {
    if (attempt->is_leaving && !attempt->has_ended) collect_strays(*attempt);
  }
  if (!leftovers_.is_ending()) return;
  forget_leftovers();
  leftovers_.press(now);
}

bool SupervisorLoop::has_others_running(const Supervised& but) const {
  return std::any_of(attempts_.begin(), attempts_.end(),
                     [&](const auto& entry) { return entry.second.get() != &but && !entry.second->has_ended; });
}

Supervised* SupervisorLoop::unreaped(pid_t pid) {
  for (auto& [n, attempt] : attempts_) {
    if (attempt->pid() == pid && !attempt->wait_status) return attempt.get();
  }
  return nullptr;
}

// All that have ended, orphans among them: one SIGCHLD may stand for many.
void SupervisorLoop::reap() {
  bool has_orphan_ended = false;
  while (true) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) break;
    Supervised* attempt = unreaped(info.si_pid);
    if (!attempt) {
      for (auto& entry : attempts_) std::erase(entry.second->stray_pids, info.si_pid);  // the number may be given away now
      leftovers_.forget(info.si_pid);
      has_orphan_ended = true;
      continue;
    }
    attempt->wait_status = info.si_status;
    attempt->ended_by_signal = info.si_code != CLD_EXITED;
    after_exit(*attempt);
  }
  if (has_orphan_ended) forget_leftovers();
}

// The end is the process's end, not the end of its output. What it left behind is ended with it.
void SupervisorLoop::after_exit(Supervised& attempt) {
  attempt.drain(std::size_t{64} << 20);
  attempt.deadline_ms.reset();
  siginfo_t info{};
  bool has_no_child = ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0;
  if (has_no_child) return end(attempt);
  if (may_leave(attempt)) return leave_behind(attempt);
  attempt.is_leaving = true;
  attempt.kill_at_ms = boot_time_ms() + attempt.body().command.grace_ms;
  collect_strays(attempt);
}

// What a failed attempt began is not what was meant, and would be in the way of the next one.
bool SupervisorLoop::may_leave(const Supervised& attempt) const {
  bool is_well = !attempt.ended_by_signal && *attempt.wait_status == 0 && !attempt.was_cancelled && !attempt.has_timed_out;
  return attempt.body().command.leaves && is_well;
}

namespace {

// A secret that it got by itself is known to nobody yet.
std::string as_told(const Supervised& attempt, const Child& child) {
  return attempt.body().command.hides_output ? named(child) : shown(child);
}

}  // namespace

void SupervisorLoop::leave_behind(Supervised& attempt) {
  std::vector<Child> left;
  for (const Child& child : strays_of(attempt)) {
    log(fmt::format("L {} {} {}", attempt.n(), child.pid, start_time_of(child.pid)));
    attempt.left.push_back(as_told(attempt, child));
    left.push_back(child);
  }
  attempt.drain(std::size_t{64} << 20);
  if (!left.empty()) {
    const protocol::Spawn& body = attempt.body();
    leftovers_.take({attempt.n(),
                     body.marker,
                     body.command.grace_ms,
                     attempt.give_out(),
                     attempt.give_err(),
                     left,
                     body.command.secrets,
                     body.command.hides_output,
                     {}});
  }
  end(attempt);
}

void SupervisorLoop::end_leftovers() {
  is_end_of_leftovers_asked_ = true;
  forget_leftovers();
  leftovers_.end(boot_time_ms());
  for (std::int64_t n : past_leftovers_) AttemptFiles(n).remove_from(folder_);
}

void SupervisorLoop::forget_leftovers() {
  for (std::int64_t n : leftovers_.look()) AttemptFiles(n).remove_from(folder_);
}

// What a step left behind under an earlier supervisor must not block when it has written much.
void SupervisorLoop::read_on_for_the_past() {
  ProcessWorld here = this_world();
  for (const auto& [n, attempt] : read_attempt_log(folder_).attempts) {
    if (attempt.left.empty() || attempt.state != LoggedAttempt::State::ended || !(attempt.world == here)) continue;
    AttemptFiles files(n);
    past_leftovers_.insert(n);
    for (const std::string& name : {files.out_fifo, files.err_fifo}) {
      if (Fd fifo = open_fifo_for_reading(folder_ / name); fifo) leftovers_.read_on(std::move(fifo));
    }
  }
}

// Children that no attempt began itself, and that this one left behind. Zombies are reaped by the loop.
std::vector<Child> SupervisorLoop::strays_of(const Supervised& attempt) const {
  // With many branches nearly all were begun here: nothing is read of them.
  std::vector<Child> strays = living_children([this](pid_t pid) { return is_begun_here(pid); });
  std::erase_if(strays, [&](const Child& child) { return !is_stray_of(attempt, child); });
  return strays;
}

bool SupervisorLoop::is_begun_here(pid_t pid) const {
  return std::any_of(attempts_.begin(), attempts_.end(),
                     [&](const auto& entry) { return entry.second->pid() == pid && !entry.second->wait_status; });
}

// An orphan belongs to the attempt whose group or marker it has. One that hid both is nobody's while another attempt runs.
bool SupervisorLoop::is_stray_of(const Supervised& attempt, const Child& child) const {
  std::string marker = marker_of(child.pid);
  auto owns = [&](const Supervised& one) { return child.group == one.pid() || marker == one.body().marker; };
  bool has_another_owner = std::any_of(attempts_.begin(), attempts_.end(), [&](const auto& entry) {
    return entry.second.get() != &attempt && !entry.second->has_ended && owns(*entry.second);
  });
  if (has_another_owner || leftovers_.owns(child, marker)) return false;
  return owns(attempt) || !has_others_running(attempt);
}

// Signals it once. False: not permitted (it has become another user's), so there is no point in waiting for its end.
bool SupervisorLoop::end_stray(Supervised& attempt, const Child& child) {
  if (std::find(attempt.stray_pids.begin(), attempt.stray_pids.end(), child.pid) != attempt.stray_pids.end()) return true;
  bool is_permitted = ::kill(child.pid, SIGTERM) == 0 || errno != EPERM;
  std::string told = is_permitted ? as_told(attempt, child) : not_to_be_ended(as_told(attempt, child));
  auto known = std::find(attempt.strays.begin(), attempt.strays.end(), told);
  if (known == attempt.strays.end()) attempt.strays.push_back(std::move(told));
  return is_permitted;
}

// Orphans become children of this process, so their numbers are not given away before they are reaped here.
void SupervisorLoop::collect_strays(Supervised& attempt) {
  std::vector<pid_t> alive;
  for (const Child& child : strays_of(attempt)) {
    if (end_stray(attempt, child)) alive.push_back(child.pid);
  }
  attempt.stray_pids = alive;
  attempt.drain(std::size_t{64} << 20);
  if (alive.empty()) end(attempt);
}

namespace {

std::vector<std::string> first_of(const std::vector<std::string>& processes) {
  constexpr std::size_t most = 20;
  return {processes.begin(), processes.begin() + static_cast<std::ptrdiff_t>(std::min(processes.size(), most))};
}

}  // namespace

void SupervisorLoop::end(Supervised& attempt) {
  OutputSink& output = attempt.output();
  attempt.finish_output();
  Exit& exit = attempt.ended.exit;
  attempt.ended.n = attempt.n();
  exit.kind = attempt.ended_by_signal ? Exit::Kind::signal : Exit::Kind::code;
  exit.number = *attempt.wait_status;
  exit.has_timed_out = attempt.has_timed_out;
  exit.was_cancelled = attempt.was_cancelled;
  if (attempt.body().command.hides_output) {
    exit.output_sha256 = no_digest;
  } else {
    exit.output_total = output.total();
    exit.output_sha256 = output.sha256_hex();
  }
  exit.strays = first_of(attempt.strays);
  exit.left = first_of(attempt.left);
  attempt.ended.has_result = attempt.body().command.keeps_result;
  if (attempt.ended.has_result) attempt.result = output.take_result();
  attempt.ended.has_named_outputs = attempt.named_outputs_fd() >= 0;
  attempt.is_leaving = false;
  attempt.has_ended = true;
  log(fmt::format("E {} {} {} {} {}", attempt.n(), attempt.ended_by_signal ? "signal" : "code", exit.number, exit.output_total,
                  exit.output_sha256));
  if (!engine_ || must_sync_) log_.sync();
}

// While a step runs the processor is the step's, unless too much piles up.
void SupervisorLoop::tidy() {
  constexpr std::size_t enough = 8;
  std::size_t running = 0;
  for (auto& [n, attempt] : attempts_) {
    if (!attempt->has_ended) ++running;
    else if (!terminals_asked_.count(n)) attempt->close_output();
  }
  if (running > 0 && attempts_.size() - running < enough) return;
  sweep();
  prepare();
}

void SupervisorLoop::sweep() {
  for (auto at = attempts_.begin(); at != attempts_.end();) {
    if (!at->second->has_ended || !at->second->is_unwanted) {
      ++at;
      continue;
    }
    std::int64_t n = at->first;
    at = attempts_.erase(at);
    if (!leftovers_.has(n)) retire(AttemptFiles(n));
  }
}

// The next attempt may have them.
void SupervisorLoop::retire(AttemptFiles files) {
  constexpr std::size_t most_spares = 32;  // as many as a run with that many branches takes up again at once
  if (spares_.size() < most_spares && files.are_unused(folder_)) spares_.push_back(std::move(files));
  else files.remove_from(folder_);
}

// In the time in which the engine commits: what the next attempt will most likely need.
void SupervisorLoop::prepare() {
  if (prepared_ || spares_.empty() || !engine_ || seen_.empty()) return;
  std::int64_t n = *seen_.rbegin() + 1;
  spares_.back().rename_to(AttemptFiles(n), folder_);
  spares_.pop_back();
  try {
    prepared_ = AttemptPipes::make(n, SpoolWriter::Limits(), folder_);
  } catch (const Error&) {
    // What is wrong will be said when an attempt needs it.
  }
}

}  // namespace runbook
