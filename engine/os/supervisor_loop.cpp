#include "os/supervisor_loop.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/error.h"
#include "os/files.h"

namespace runbook {

namespace {
constexpr std::chrono::milliseconds between_steps(2);  // while an engine commits one and asks for the next
constexpr std::int64_t patience_ms = 1'000;            // how long it waits for an engine when nothing is left to do
constexpr std::int64_t ring_pause_ms = 50;
constexpr int most_waiting = 64;                 // engines that came while it was stopped
constexpr std::int64_t folder_look_ms = 60'000;  // how often one that only waits sees whether its run is still there
constexpr std::int64_t send_pause_ms = 20;       // until it tries again to tell an engine that does not read

// The run's folder, in which a supervisor works. A removed one has no link and nothing in it; a moved one keeps both.
bool was_folder_removed() {
  struct stat here = {}, lock = {};
  const bool has_no_link = ::stat(".", &here) == 0 ? here.st_nlink == 0 : errno == ESTALE;
  return has_no_link && ::stat("sup.lock", &lock) != 0;
}

std::set<std::int64_t> attempts_in(const AttemptLog& log) {
  std::set<std::int64_t> numbers;
  for (const auto& [n, attempt] : log.attempts) numbers.insert(n);
  return numbers;
}
}  // namespace

std::int64_t boot_time_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1'000 + now.tv_nsec / 1'000'000;
}

SupervisorLoop::SupervisorLoop(std::filesystem::path folder, std::int64_t known)
    : folder_(std::move(folder)),
      past_(attempts_in(read_attempt_log(folder_))),
      log_(folder_, known),
      seen_(past_),
      lonely_since_ms_(boot_time_ms()) {
  read_on_for_the_past();
  ::umask(077);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (::chdir(folder_.c_str()) != 0) throw_system(ExitCode::step_failed, "entering " + folder_.string(), errno);
  sigset_t mask;
  sigemptyset(&mask);
  for (int number : {SIGCHLD, SIGTERM, SIGHUP, SIGINT}) sigaddset(&mask, number);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  for (int number : {SIGPIPE, SIGXFSZ}) ::signal(number, SIG_IGN);
  signals_ = Fd(::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
  listen();
}

void SupervisorLoop::listen() {
  ::unlink("sock");
  listener_ = Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, "sock");
  bool listens = listener_ && ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                 ::listen(listener_.get(), most_waiting) == 0;
  if (!listens) throw_system(ExitCode::step_failed, "listening in " + folder_.string(), errno);
}

void SupervisorLoop::serve() {
  while (!may_go()) {
    wait_for_events();
    watch_times();
    send_refusals();
    send_terminals();
    send_exits();
    send_end_of_leftovers();
    tidy();
  }
}

void SupervisorLoop::run(Fd first) {
  ::fcntl(first.get(), F_SETFL, O_NONBLOCK);
  newcomers_.push_back(std::move(first));
  while (true) {
    serve();
    // Who connects now finds no socket; who has just connected is heard.
    ::unlink("sock");
    accept_newcomers();
    if (newcomers_.empty()) break;
    listen();
  }
  if (was_folder_removed()) return;  // another one may be in its place
  for (const AttemptFiles& files : spares_) files.remove_from(folder_);
  if (prepared_) AttemptFiles(prepared_->n).remove_from(folder_);
}

// A status that nobody has acknowledged keeps it alive, while it can be asked for, and what a step left behind.
bool SupervisorLoop::may_go() const {
  if (!newcomers_.empty() || !leftovers_.empty()) return false;
  if (keeps_only_statuses() && was_folder_removed()) return true;  // none can find it any more
  if (!attempts_.empty()) return false;
  if (was_told_bye_) return true;
  return !engine_ && boot_time_ms() - lonely_since_ms_ >= patience_ms;
}

bool SupervisorLoop::keeps_only_statuses() const {
  return !engine_ && !attempts_.empty() &&
         std::all_of(attempts_.begin(), attempts_.end(), [](const auto& entry) { return entry.second->has_ended; });
}

int SupervisorLoop::poll_timeout_ms() const {
  std::int64_t next = -1;
  auto consider = [&](std::int64_t at_ms) { next = next < 0 ? at_ms : std::min(next, at_ms); };
  for (const auto& [n, attempt] : attempts_) {
    if (!attempt->has_ended && attempt->deadline_ms) consider(*attempt->deadline_ms);
    if (!attempt->has_ended && attempt->kill_at_ms) consider(*attempt->kill_at_ms);
    if (!attempt->has_ended && attempt->hang_up_at_ms) consider(*attempt->hang_up_at_ms);
    if (attempt->is_leaving || (!attempt->has_ended && !attempt->is_process_named) ||
        (attempt->has_ended && !attempt->is_exit_sent && engine_))
      consider(boot_time_ms() + send_pause_ms);
    if (engine_ && !attempt->has_ended && attempt->output().total() > attempt->rung_total)
      consider(attempt->rung_at_ms + ring_pause_ms);
  }
  if (engine_ && (!refusals_.empty() || !terminals_asked_.empty())) consider(boot_time_ms() + send_pause_ms);
  if (leftovers_.is_ending() || is_end_of_leftovers_asked_) consider(boot_time_ms() + send_pause_ms);
  if (attempts_.empty() && leftovers_.empty() && !engine_ && newcomers_.empty()) consider(lonely_since_ms_ + patience_ms);
  if (keeps_only_statuses()) consider(boot_time_ms() + folder_look_ms);
  return next < 0 ? -1 : static_cast<int>(std::clamp<std::int64_t>(next - boot_time_ms(), 0, 60'000));
}

void SupervisorLoop::wait_for_events() {
  std::vector<pollfd> fds = {{signals_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
  fds.push_back({engine_.get(), POLLIN, 0});
  std::vector<Supervised*> writers;
  for (auto& [n, attempt] : attempts_) {
    if (attempt->has_ended) continue;
    fds.push_back({attempt->out_fd(), POLLIN, 0});
    fds.push_back({attempt->err_fd(), POLLIN, 0});
    writers.push_back(attempt.get());
  }
  std::size_t first_leftover = fds.size();
  for (int fd : leftovers_.fifos()) fds.push_back({fd, POLLIN, 0});
  std::size_t first_newcomer = fds.size();
  for (const Fd& newcomer : newcomers_) fds.push_back({newcomer.get(), POLLIN, 0});
  std::size_t first_terminal = fds.size();
  const std::vector<AttemptTerminal*> terminals = unread_terminals();
  for (const AttemptTerminal* terminal : terminals) fds.push_back({terminal->device().master(), POLLIN, 0});
  int ready = 0;
  look_out_.until(awake_until_, [&] { return (ready = ::poll(fds.data(), fds.size(), 0)) != 0; });
  if (ready == 0) ready = ::poll(fds.data(), fds.size(), poll_timeout_ms());
  if (ready < 0) return;
  bool has_a_leftover_written =
      std::any_of(fds.begin() + static_cast<std::ptrdiff_t>(first_leftover),
                  fds.begin() + static_cast<std::ptrdiff_t>(first_newcomer), [](const pollfd& fd) { return fd.revents != 0; });
  if (has_a_leftover_written) leftovers_.drain();
  for (std::size_t i = 0; i < terminals.size(); ++i) {
    if (fds[first_terminal + i].revents) terminals[i]->read();
  }
  // A new engine's HELLO comes before what an older one may still have said.
  if (fds[1].revents) accept_newcomers();
  hear_newcomers();
  if (fds[2].revents && engine_) hear_engine();
  for (std::size_t i = 0; i < writers.size(); ++i) {
    if (!fds[3 + 2 * i].revents && !fds[4 + 2 * i].revents) continue;
    writers[i]->drain();
    ring(*writers[i]);
  }
  if (fds[0].revents) handle_signals();
}

void SupervisorLoop::handle_signals() {
  signalfd_siginfo info{};
  bool has_child_ended = false;
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGCHLD) has_child_ended = true;
    if (info.ssi_signo == SIGTERM) must_sync_ = true;  // the session or the machine is going down; the steps' statuses stay
  }
  if (must_sync_) log_.sync();
  if (has_child_ended) reap();
}

void SupervisorLoop::log(const std::string& line) { log_.append(line); }

void SupervisorLoop::accept_newcomers() {
  while (Fd connection{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)})
    newcomers_.push_back(std::move(connection));
}

namespace {

constexpr const char* ask_again = "go on with `runbook run --resume`";

}  // namespace

void SupervisorLoop::hear_newcomers() {
  std::erase_if(newcomers_, [this](Fd& newcomer) { return hear_newcomer(newcomer) == Wanted::no; });
}

SupervisorLoop::Wanted SupervisorLoop::hear_newcomer(Fd& newcomer) {
  Message message;
  Received received = receive_message(newcomer.get(), message);
  if (received == Received::nothing) return Wanted::yes;
  if (received == Received::closed) return Wanted::no;
  if (message.is_cut)
    return turn_away(newcomer, "too many files are open in the supervisor of this run", ask_again), Wanted::no;
  WireReader reader(message.bytes);
  if (protocol::read_kind(reader) != protocol::Kind::hello) return Wanted::no;
  protocol::Hello hello;
  std::int64_t spoken = protocol::read_hello(reader, hello);
  if (spoken != protocol::version)
    turn_away(
        newcomer, fmt::format("the supervisor of this run speaks protocol {}, this engine {}", protocol::version, spoken),
        fmt::format("go on with the version of runbook that began the step; or, when that has ended, `kill -KILL {}`: how it "
                    "ended stands in the log that any version reads",
                    ::getpid()));
  else if (!reader.ok()) turn_away(newcomer, "what this engine told the supervisor of this run was damaged", ask_again);
  else if (hello.epoch <= epoch_)
    turn_away(newcomer, fmt::format("an engine with epoch {} was here after this one with {}", epoch_, hello.epoch),
              "leave the run to that engine, or end it with `--take-over`");
  else greet(newcomer, hello);
  return Wanted::no;
}

void SupervisorLoop::turn_away(const Fd& newcomer, const std::string& why, const std::string& hint) {
  protocol::Table answer;
  answer.refusal = why;
  answer.hint = hint;
  send_message(newcomer.get(), protocol::table(answer), {}, SendMode::if_room);
}

void SupervisorLoop::greet(Fd& newcomer, const protocol::Hello& hello) {
  epoch_ = hello.epoch;
  take_back_all();
  engine_ = std::move(newcomer);  // the older connection is dropped unread
  was_told_bye_ = false;
  is_end_of_leftovers_asked_ = false;
  refusals_.clear();  // the table tells them
  if (send_message(engine_.get(), protocol::table(table_for(hello)), {}, SendMode::if_room)) return;
  turn_away(engine_, system_message("the supervisor of this run can't tell what runs", errno), ask_again);
  engine_gone();
}

protocol::Table SupervisorLoop::table_for(const protocol::Hello& hello) {
  using State = protocol::Entry::State;
  protocol::Table answer;
  answer.greatest = seen_.empty() ? 0 : *seen_.rbegin();
  answer.secrets.assign(secrets_.begin(), secrets_.end());
  std::set<std::int64_t> open(hello.open.begin(), hello.open.end());
  std::vector<std::int64_t> acked;
  for (auto& [n, attempt] : attempts_) {
    attempt->is_exit_sent = false;
    if (open.count(n)) continue;
    // Not an open attempt of the journal: a probe, which is asked anew, or an outcome that is committed already.
    if (!attempt->has_ended) cancel(n);
    acked.push_back(n);
  }
  for (std::int64_t n : open) {
    protocol::Entry entry{n, State::unknown};
    auto mine = attempts_.find(n);
    if (mine != attempts_.end()) {
      entry.state = mine->second->has_ended ? State::ended : State::running;
      entry.has_terminal = !mine->second->has_ended && mine->second->terminal();
    } else if (past_.count(n)) {
      entry.state = State::lost;  // the engine reads the log itself
    } else if (seen_.count(n)) {
      entry.state = State::not_started;
    }
    answer.entries.push_back(entry);
  }
  forget(acked);
  return answer;
}

void SupervisorLoop::hear_engine() {
  Message message;
  while (engine_) {
    Received received = receive_message(engine_.get(), message);
    if (received == Received::nothing) return;
    if (received == Received::closed) return engine_gone();
    WireReader reader(message.bytes);
    switch (protocol::read_kind(reader)) {
      case protocol::Kind::spawn: {
        std::int64_t epoch = reader.number();
        std::int64_t n = reader.number();
        spawn(epoch, n, reader, message);
        break;
      }
      case protocol::Kind::cancel: cancel(reader.number()); break;
      case protocol::Kind::acked: forget(protocol::read_numbers(reader)); break;
      case protocol::Kind::bye: forget_all(); break;
      case protocol::Kind::end_left: end_leftovers(); break;
      case protocol::Kind::lend: lend(reader.number(), message); break;
      case protocol::Kind::given_back: take_back(reader.number()); break;
      default: return engine_gone();
    }
  }
}

void SupervisorLoop::engine_gone() {
  engine_.reset();
  take_back_all();
  lonely_since_ms_ = boot_time_ms();
  log_.sync();
}

void SupervisorLoop::ring(Supervised& attempt) {
  if (!engine_ || attempt.output().total() == attempt.rung_total) return;
  if (boot_time_ms() - attempt.rung_at_ms < ring_pause_ms) return;
  attempt.rung_at_ms = boot_time_ms();
  attempt.rung_total = attempt.output().total();
  send_message(engine_.get(), protocol::ring(attempt.n(), attempt.rung_total), {}, SendMode::if_room);
}

void SupervisorLoop::send_exits() {
  if (!engine_) return;
  for (auto& [n, attempt] : attempts_) {
    if (terminals_asked_.count(n)) continue;  // what it wrote last is to be seen
    if (!attempt->has_ended || attempt->is_exit_sent || attempt->is_unwanted) continue;
    attempt->is_exit_sent = send_exit(*attempt);
    if (attempt->is_exit_sent && !has_others_running(*attempt)) awake_until_ = LookOut::Clock::now() + between_steps;
  }
}

// What can't be sent now (the engine does not read, no descriptor is free) is sent later.
bool SupervisorLoop::send_exit(const Supervised& attempt) {
  std::vector<int> fds;
  Fd result;
  try {
    if (attempt.ended.has_result) result = memory_file(attempt.result, "result");
  } catch (const Error&) {
    return false;
  }
  if (result) fds.push_back(result.get());
  if (attempt.ended.has_named_outputs) fds.push_back(attempt.named_outputs_fd());
  return send_message(engine_.get(), protocol::exit(attempt.ended), fds, SendMode::if_room);
}

void SupervisorLoop::send_end_of_leftovers() {
  if (!engine_ || !is_end_of_leftovers_asked_ || !leftovers_.empty()) return;
  is_end_of_leftovers_asked_ =
      !send_message(engine_.get(), protocol::left_ended(leftovers_.take_ended()), {}, SendMode::if_room);
}

void SupervisorLoop::refuse(std::int64_t n, const std::string& why) { refusals_[n] = why; }

void SupervisorLoop::send_refusals() {
  if (!engine_) return;
  std::erase_if(refusals_, [&](const auto& refusal) {
    return send_message(engine_.get(), protocol::not_started(refusal.first, refusal.second), {}, SendMode::if_room);
  });
}

}  // namespace runbook
