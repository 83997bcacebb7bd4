#include "os/supervisor_client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "os/attempt_pipes.h"
#include "os/core_dumps.h"
#include "os/files.h"
#include "os/program.h"
#include "os/remains.h"
#include "os/salvage.h"
#include "os/spool.h"
#include "os/thread.h"

namespace runbook {

namespace {

constexpr int greeting_patience_ms = 10'000;

Exit with_reason(Exit::Kind kind, std::string why) {
  Exit exit;
  exit.kind = kind;
  exit.why = std::move(why);
  return exit;
}
Exit lost(std::string why) { return with_reason(Exit::Kind::lost, std::move(why)); }

// Asked of the kernel, because umask() can only be asked by setting it, and other threads make files.
std::int64_t current_umask() {
  std::string status = try_read_file("/proc/self/status").value_or("");
  auto at = status.find("\nUmask:\t");
  return at == std::string::npos ? 0022 : std::strtol(status.c_str() + at + 8, nullptr, 8);
}

bool holds_nul(const std::vector<std::string>& texts) {
  return std::any_of(texts.begin(), texts.end(), [](const auto& text) { return text.find('\0') != std::string::npos; });
}

std::string why_not_runnable(const Command& command, const std::string& program) {
  if (holds_nul(command.argv) || holds_nul(command.env))
    return "an argument or a variable holds a NUL byte, which no program can be given";
  struct stat info {};
  if (::stat(command.dir.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return fmt::format("the folder {} does not exist", command.dir);
  if (!program.empty()) return {};
  const std::string& name = command.argv[0];
  if (name.find('/') == std::string::npos) return fmt::format("there is no program `{}` in PATH", name);
  bool is_there = ::stat((name[0] == '/' ? name : command.dir + "/" + name).c_str(), &info) == 0;
  if (!is_there) return fmt::format("there is no program `{}`", name);
  return fmt::format("`{}` {}", name, S_ISDIR(info.st_mode) ? "is a folder, not a program" : "is not executable");
}

// Who listens, or listened when it connected (unix(7), SO_PEERCRED).
pid_t pid_of_peer(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

Error no_answer(pid_t supervisor) {
  return {ExitCode::interrupted, fmt::format("the supervisor of this run (pid {}) does not answer", supervisor),
          fmt::format("if it was stopped, `kill -CONT {}` lets it go on; then go on with `runbook run --resume`", supervisor)};
}

// What is not there whole would say of some steps that nobody knows them.
protocol::Table table_in(const Message& message, pid_t supervisor) {
  WireReader reader(message.bytes);
  const bool is_table = protocol::read_kind(reader) == protocol::Kind::table;
  protocol::Table table = protocol::read_table(reader);
  if (is_table && reader.ok() && !message.is_cut) return table;
  throw Error(ExitCode::interrupted,
              fmt::format("what the supervisor of this run (pid {}) tells of its steps did not arrive whole", supervisor),
              "too many files may be open (`ulimit -n`); go on with `runbook run --resume`");
}

}  // namespace

Exit not_begun(std::string why) { return with_reason(Exit::Kind::not_started, std::move(why)); }

SupervisorClient::SupervisorClient(Config config, Fd connection)
    : config_(std::move(config)), connection_(std::move(connection)), mask_(current_umask()) {}

SupervisorClient::~SupervisorClient() {
  {
    std::lock_guard lock(mutex_);
    is_leaving_ = true;
  }
  if (connection_) ::shutdown(connection_.get(), SHUT_RDWR);
  if (watcher_.joinable()) watcher_.join();
}

void SupervisorClient::greet(std::int64_t epoch, const std::vector<std::int64_t>& open_attempts) {
  epoch_ = epoch;
  const bool is_asked = send_message(connection_.get(), protocol::hello({epoch, open_attempts}), {}, SendMode::wait);
  if (!is_asked && errno != EPIPE && errno != ECONNRESET)
    throw_system(ExitCode::interrupted, "asking the supervisor what runs", errno, "go on with `runbook run --resume`");
  Message message;
  if (!has_answer(connection_.get(), greeting_patience_ms)) throw no_answer(pid_of_peer(connection_.get()));
  if (receive_message(connection_.get(), message) != Received::message)
    throw Error(ExitCode::interrupted, "the supervisor of this run died as this engine came",
                "go on with `runbook run --resume`");
  protocol::Table table = table_in(message, pid_of_peer(connection_.get()));
  if (!table.refusal.empty()) throw Error(ExitCode::driven, table.refusal, table.hint);
  log_ = read_attempt_log(config_.folder);
  greatest_ = std::max(table.greatest, log_.greatest());
  may_have_left_ = log_.names_one_that_leaves();
  secrets_ = std::move(table.secrets);
  for (const auto& entry : table.entries) {
    at_greeting_[entry.n] = entry.state;
    if (entry.has_terminal) terminals_.insert(entry.n);
  }
  watcher_ = begin_thread([this] { watch_for_the_end(); });
}

// Sleeps until the other side is closed: what it says is read by those who wait for it, so that an end wakes nobody else.
void SupervisorClient::watch_for_the_end() {
  pollfd end{connection_.get(), POLLRDHUP, 0};
  while (::poll(&end, 1, -1) < 0 && errno == EINTR) {
  }
  std::unique_lock lock(mutex_);
  while (read_one(lock)) {
  }
  changed_.wait(lock, [this] { return !is_read_; });  // what the last reader got counts
  if (is_leaving_) return;
  lock.unlock();
  // Before those who wait come back: what was not begun for the lack of a supervisor is no failure of a step.
  if (config_.on_lost) config_.on_lost();
  lock.lock();
  is_lost_ = true;
  wake_all();
}

// False: there is nothing more to be read.
bool SupervisorClient::read_one(std::unique_lock<std::mutex>& lock, SteadyClock::time_point awake_until) {
  const bool is_for_the_only_one = waiting_.size() == 1 && awake_until != SteadyClock::time_point();
  lock.unlock();
  if (is_for_the_only_one) look_out_.until(awake_until, [this] { return has_answer(connection_.get(), 0); });
  Message message;
  bool is_message = receive_message(connection_.get(), message) == Received::message;
  lock.lock();
  if (is_message) hear(message);
  if (is_message) wake_those_concerned();
  return is_message;
}

void SupervisorClient::wake_those_concerned() {
  for (Sleeper* sleeper : sleepers_) {
    if (sleeper->is_so()) sleeper->woken.notify_one();
  }
}

void SupervisorClient::wake_all() {
  changed_.notify_all();
  for (Sleeper* sleeper : sleepers_) sleeper->woken.notify_one();
}

// Who gets the word and finds that it is over passes it on.
void SupervisorClient::let_another_read() {
  changed_.notify_all();
  if (!sleepers_.empty()) sleepers_.front()->woken.notify_one();
}

void SupervisorClient::sleep(std::unique_lock<std::mutex>& lock, const std::function<bool()>& is_so) {
  Sleeper me{is_so};
  sleepers_.push_back(&me);
  me.woken.wait(lock);  // woken for nothing: the caller looks again
  std::erase(sleepers_, &me);
}

void SupervisorClient::hear(Message& message) {
  WireReader reader(message.bytes);
  switch (protocol::read_kind(reader)) {
    case protocol::Kind::not_started: {
      Waiting& waiting = waiting_[reader.number()];
      waiting.exit = not_begun(reader.text());
      waiting.is_done = true;
      break;
    }
    case protocol::Kind::ring: {
      std::int64_t n = reader.number();
      auto found = waiting_.find(n);
      if (found != waiting_.end()) show(n, found->second);
      break;
    }
    case protocol::Kind::exit: hear_exit(reader, message); break;
    case protocol::Kind::terminal: hear_terminal(reader, message); break;
    case protocol::Kind::left_ended: left_ended_ = reader.texts(); break;
    case protocol::Kind::stays: stays_ = true; break;
    default: break;
  }
}

void SupervisorClient::hear_exit(WireReader& reader, const Message& message) {
  protocol::Ended ended = protocol::read_exit(reader);
  Waiting& waiting = waiting_[ended.n];
  if (waiting.is_done) return;
  std::size_t next = 0;
  if (message.is_cut) ended.exit.result_is_missing = ended.exit.named_outputs_are_missing = true;
  if (ended.exit.output_total > 0) ended.exit.output = read_spool(config_.folder / AttemptFiles(ended.n).spool).text();
  if (ended.has_result && next < message.fds.size()) protocol::read_result(read_all(message.fds[next++].get()), ended.exit);
  if (ended.has_named_outputs && next < message.fds.size()) {
    ended.exit.named_outputs = read_all(message.fds[next].get());
  } else if (!ended.has_named_outputs) {
    auto named = try_read_file(config_.folder / AttemptFiles(ended.n).named_outputs);
    ended.exit.named_outputs_are_missing = !named;
    ended.exit.named_outputs = std::move(named).value_or("");
  }
  show(ended.n, waiting);
  waiting.exit = std::move(ended.exit);
  waiting.is_done = true;
}

void SupervisorClient::hear_terminal(WireReader& reader, Message& message) {
  protocol::Lent lent = protocol::read_terminal(reader);
  const auto found = waiting_.find(lent.n);
  if (found == waiting_.end()) return;
  found->second.is_lent = true;
  found->second.lent = std::move(lent);
  if (!message.fds.empty()) found->second.terminal = std::move(message.fds[0]);
}

void SupervisorClient::show(std::int64_t n, Waiting& waiting) {
  if (!waiting.sink || !*waiting.sink) return;
  std::string fresh = read_spool_since(config_.folder / AttemptFiles(n).spool, waiting.shown);
  if (!fresh.empty()) (*waiting.sink)(fresh);
}

// A dead supervisor is noticed by the watcher.
bool SupervisorClient::send(const std::string& bytes, const std::vector<int>& fds) {
  return send_message(connection_.get(), bytes, fds, SendMode::wait);
}

protocol::Spawn SupervisorClient::spawn_body(std::int64_t n, Command command, std::string program) {
  protocol::Spawn body;
  body.named_outputs_in_memory = !command.secrets.empty() || command.hides_output;
  body.has_input = command.input.has_value();
  body.has_out = command.out != nullptr;
  body.command = std::move(command);
  body.program = std::move(program);
  body.marker = fmt::format("{}/{}", config_.run, n);
  body.mask = mask_;
  body.core_limit = static_cast<std::int64_t>(core_limit_before());
  return body;
}

// "", or why it was not sent: then nothing was started.
std::string SupervisorClient::send_spawn(std::int64_t n, protocol::Spawn body, const Sink& sink) try {
  Fd input;
  if (body.command.input) input = memory_file(*body.command.input, "stdin");
  std::unique_lock lock(mutex_);
  if (is_lost_ || is_leaving_) return "its supervisor is gone";
  body.acked = acknowledged_;
  may_have_left_ = may_have_left_ || body.command.leaves;
  std::string bytes = protocol::spawn_body(body);
  bool travels_alone = !input && !body.has_out && body.command.secrets.empty() && bytes.size() <= protocol::largest_inline_body;
  Fd file;
  std::vector<int> fds;
  if (!travels_alone) {
    file = memory_file(bytes, "spawn");
    fds.push_back(file.get());
    bytes.clear();
  }
  if (input) fds.push_back(input.get());
  if (body.has_out) fds.push_back(body.command.out->get());
  waiting_[n].sink = &sink;  // before anything is told of it
  if (!send(protocol::spawn(epoch_, n) + bytes, fds)) {
    const int number = errno;
    std::string why = system_message("asking the supervisor", number);
    waiting_.erase(n);
    if (number == EPIPE || number == ECONNRESET) changed_.wait(lock, [this] { return is_lost_ || is_leaving_; });
    return why;
  }
  acknowledged_.clear();
  return {};
} catch (const Error& error) {
  return error.what();
}

Exit SupervisorClient::run(std::int64_t n, Command command, const Sink& sink, std::stop_token stop) {
  if (command.argv.empty()) return not_begun("there is no program to run");
  std::string program = find_program(command.argv[0], command.env, command.dir);
  std::string why = why_not_runnable(command, program);
  if (why.empty() && stop.stop_requested()) why = "it was stopped before it began";
  if (!why.empty()) return not_begun(why);
  const bool had_secrets = !command.secrets.empty() || command.hides_output;
  if (command.tty) return run_at_terminal(n, spawn_body(n, std::move(command), std::move(program)), sink, stop);
  why = send_spawn(n, spawn_body(n, std::move(command), std::move(program)), sink);
  if (!why.empty()) return not_begun(why);
  return await(n, had_secrets, stop);
}

Exit SupervisorClient::attach(std::int64_t n, bool had_secrets, const Sink& sink, std::stop_token stop) {
  using State = protocol::Entry::State;
  auto found = at_greeting_.find(n);
  State state = found == at_greeting_.end() ? State::unknown : found->second;
  if (state == State::not_started) return not_begun("it could not be started");
  if (state == State::unknown || state == State::lost) return salvage(wreck(n, had_secrets), log_, stop);
  if (config_.lender && had_terminal(n)) return attach_at_terminal(n, had_secrets, stop);
  {
    std::lock_guard lock(mutex_);
    waiting_[n].sink = &sink;
    show(n, waiting_[n]);  // what it wrote before
  }
  return await(n, had_secrets, stop);
}

// Reads, or lets another one read, until it is so or nothing more comes.
void SupervisorClient::hear_until(std::unique_lock<std::mutex>& lock, const std::function<bool()>& is_so,
                                  SteadyClock::time_point awake_until) {
  while (!is_so()) {
    if (is_read_) {
      sleep(lock, is_so);
      continue;
    }
    is_read_ = true;
    bool is_message = read_one(lock, awake_until);
    is_read_ = false;
    if (!is_message) break;
  }
  let_another_read();
}

Exit SupervisorClient::await(std::int64_t n, bool had_secrets, std::stop_token stop) {
  std::stop_callback on_stop(stop, [this, n] {
    std::lock_guard lock(mutex_);
    if (!is_leaving_) send(protocol::cancel(n));
  });
  std::unique_lock lock(mutex_);
  auto is_over = [&] { return waiting_[n].is_done || is_lost_ || is_leaving_; };
  constexpr std::chrono::milliseconds moment(2);
  hear_until(lock, is_over, SteadyClock::now() + moment);
  changed_.wait(lock, is_over);  // the watcher says what the end of the connection means
  Waiting waiting = std::move(waiting_[n]);
  waiting_.erase(n);
  bool is_supervised = !is_lost_;
  lock.unlock();
  if (waiting.is_done) return std::move(waiting.exit);
  if (is_supervised) return lost("it runs on under its supervisor, and this engine leaves");  // its output is not ours to read
  return salvage(wreck(n, had_secrets), read_attempt_log(config_.folder), stop);
}

void SupervisorClient::acknowledge(std::int64_t n) {
  std::lock_guard lock(mutex_);
  acknowledged_.push_back(n);
}

Wreck SupervisorClient::wreck(std::int64_t n, bool had_secrets) {
  auto is_leaving = [this] {
    std::lock_guard lock(mutex_);
    return is_leaving_;
  };
  return {config_.folder, config_.run, n, had_secrets, is_leaving, config_.supervisor};
}

std::vector<std::string> SupervisorClient::end_left() {
  std::unique_lock lock(mutex_);
  send(protocol::acked(std::exchange(acknowledged_, {})));
  if (!may_have_left_) return {};
  left_ended_.reset();
  send(protocol::end_left());
  hear_until(lock, [this] { return left_ended_.has_value(); });
  std::vector<std::string> ended = left_ended_.value_or(std::vector<std::string>());
  lock.unlock();
  for (std::string& one : end_remains(config_.folder, config_.run, Command().grace_ms)) ended.push_back(std::move(one));
  return ended;
}

void SupervisorClient::leave(Leaving how) {
  {
    std::lock_guard lock(mutex_);
    is_leaving_ = true;
    wake_all();
    send(protocol::acked(std::exchange(acknowledged_, {})));
    if (how == Leaving::all_ended) send(protocol::bye());
    else ::shutdown(connection_.get(), SHUT_RD);  // who reads it comes back
  }
  std::unique_lock lock(mutex_);
  await_absence(lock);
  if (how == Leaving::steps_run_on) return;
  hear_until(lock, [this] { return stays_; });
  bool it_goes = !stays_;
  lock.unlock();
  if (it_goes && config_.supervisor > 0) ::waitpid(config_.supervisor, nullptr, 0);
}

}  // namespace runbook
