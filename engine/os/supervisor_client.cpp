#include "os/supervisor_client.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "os/files.h"
#include "os/salvage.h"
#include "os/spool.h"
#include "os/supervised.h"

namespace runbook {

namespace {

Exit not_started(std::string why) {
  Exit exit;
  exit.kind = Exit::Kind::not_started;
  exit.why = std::move(why);
  return exit;
}

mode_t current_umask() {
  mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

std::string why_not_runnable(const Command& command, const std::string& program) {
  struct stat info {};
  if (::stat(command.dir.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return fmt::format("the folder {} does not exist", command.dir);
  if (program.empty()) return fmt::format("there is no program `{}` in PATH", command.argv.at(0));
  return {};
}

}  // namespace

std::string find_program(const std::string& name, const std::vector<std::string>& env, const std::string& dir) {
  auto is_program = [](const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) {
    std::string path = name[0] == '/' ? name : dir + "/" + name;
    return is_program(path) ? path : "";
  }
  std::string folders = "/usr/local/bin:/usr/bin:/bin";
  for (const auto& entry : env) {
    if (entry.rfind("PATH=", 0) == 0) folders = entry.substr(5);
  }
  std::size_t at = 0;
  while (at <= folders.size()) {
    std::size_t end = std::min(folders.find(':', at), folders.size());
    std::string path = folders.substr(at, end - at) + "/" + name;
    if (path[0] == '/' && is_program(path)) return path;
    at = end + 1;
  }
  return "";
}

SupervisorClient::SupervisorClient(Config config, Fd connection) : config_(std::move(config)), connection_(std::move(connection)) {}

SupervisorClient::~SupervisorClient() {
  {
    std::lock_guard lock(mutex_);
    is_leaving_ = true;
  }
  if (connection_) ::shutdown(connection_.get(), SHUT_RDWR);
  if (listener_.joinable()) listener_.join();
}

void SupervisorClient::greet(std::int64_t epoch, const std::vector<std::int64_t>& open_attempts) {
  epoch_ = epoch;
  send_message(connection_.get(), protocol::hello({epoch, open_attempts}), {}, SendMode::wait);
  Message message;
  if (receive_message(connection_.get(), message) != Received::message)
    throw Error(ExitCode::step_failed, "the supervisor of this run does not answer", "try again: runbook run --resume");
  WireReader reader(message.bytes);
  protocol::read_kind(reader);
  protocol::Table table = protocol::read_table(reader);
  if (!table.refusal.empty()) throw Error(ExitCode::driven, table.refusal, "resume with the version of runbook that began the step, or wait until it has ended");
  greatest_ = std::max(table.greatest, config_.past.greatest());
  for (const auto& entry : table.entries) at_greeting_[entry.n] = entry.state;
  listener_ = std::thread([this] { listen(); });
}

void SupervisorClient::listen() {
  Message message;
  while (receive_message(connection_.get(), message) == Received::message) {
    std::lock_guard lock(mutex_);
    hear(message);
  }
  bool is_news = false;
  {
    std::lock_guard lock(mutex_);
    is_lost_ = true;
    is_news = !is_leaving_;
    changed_.notify_all();
  }
  if (is_news && config_.on_lost) config_.on_lost();
}

void SupervisorClient::hear(Message& message) {
  WireReader reader(message.bytes);
  switch (protocol::read_kind(reader)) {
    case protocol::Kind::not_started: {
      Waiting& waiting = waiting_[reader.number()];
      waiting.exit = not_started(reader.text());
      waiting.is_done = true;
      changed_.notify_all();
      break;
    }
    case protocol::Kind::ring: {
      std::int64_t n = reader.number();
      auto found = waiting_.find(n);
      if (found != waiting_.end()) show(n, found->second);
      break;
    }
    case protocol::Kind::exit: hear_exit(reader, message); break;
    default: break;
  }
}

void SupervisorClient::hear_exit(WireReader& reader, const Message& message) {
  protocol::Ended ended = protocol::read_exit(reader);
  Waiting& waiting = waiting_[ended.n];
  if (waiting.is_done) return;
  std::size_t next = 0;
  if (ended.exit.output_total > 0) ended.exit.output = read_spool(config_.folder / AttemptFiles(ended.n).spool).text();
  if (ended.has_result && next < message.fds.size()) protocol::read_result(read_all(message.fds[next++].get()), ended.exit);
  if (ended.has_named_outputs && next < message.fds.size()) {
    ended.exit.named_outputs = read_all(message.fds[next].get());
  } else if (!ended.has_named_outputs) {
    ended.exit.named_outputs = try_read_file(config_.folder / AttemptFiles(ended.n).named_outputs).value_or("");
  }
  show(ended.n, waiting);
  waiting.exit = std::move(ended.exit);
  waiting.is_done = true;
  changed_.notify_all();
}

void SupervisorClient::show(std::int64_t n, Waiting& waiting) {
  if (!waiting.sink || !*waiting.sink) return;
  std::string fresh = read_spool_since(config_.folder / AttemptFiles(n).spool, waiting.shown);
  if (!fresh.empty()) (*waiting.sink)(fresh);
}

void SupervisorClient::send(const std::string& bytes, const std::vector<int>& fds) {
  send_message(connection_.get(), bytes, fds, SendMode::wait);   // a dead supervisor is noticed by the listener
}

std::vector<std::int64_t> SupervisorClient::take_acknowledged() { return std::exchange(acknowledged_, {}); }

Exit SupervisorClient::run(std::int64_t n, const Command& command, const Sink& sink, std::stop_token stop) {
  protocol::Spawn body;
  body.command = command;
  std::string program = find_program(command.argv.at(0), command.env, command.dir);
  std::string why = why_not_runnable(command, program);
  if (!why.empty()) return not_started(why);
  if (stop.stop_requested()) return not_started("it was stopped before it began");
  body.program = program;
  body.marker = fmt::format("{}/{}", config_.run, n);
  body.named_outputs_in_memory = !command.secrets.empty();
  static const mode_t mask = current_umask();
  body.mask = static_cast<std::int64_t>(mask);
  Fd input;
  {
    std::lock_guard lock(mutex_);
    body.acked = take_acknowledged();
    Fd file = memory_file(protocol::spawn_body(body), "spawn");
    std::vector<int> fds = {file.get()};
    if (command.input) {
      input = memory_file(*command.input, "stdin");
      fds.push_back(input.get());
    }
    waiting_[n].sink = &sink;
    send(protocol::spawn(epoch_, n), fds);
  }
  return await(n, command.secrets, sink, stop);
}

Exit SupervisorClient::attach(std::int64_t n, const std::vector<std::string>& secrets, const Sink& sink, std::stop_token stop) {
  using State = protocol::Entry::State;
  auto found = at_greeting_.find(n);
  State state = found == at_greeting_.end() ? State::unknown : found->second;
  if (state == State::not_started) return not_started("it could not be started");
  if (state == State::unknown || state == State::lost) return salvage(wreck(n, secrets), config_.past, stop);
  return await(n, secrets, sink, stop);
}

Exit SupervisorClient::await(std::int64_t n, const std::vector<std::string>& secrets, const Sink& sink, std::stop_token stop) {
  std::stop_callback on_stop(stop, [this, n] {
    std::lock_guard lock(mutex_);
    if (!is_leaving_) send(protocol::cancel(n));
  });
  std::unique_lock lock(mutex_);
  waiting_[n].sink = &sink;
  changed_.wait(lock, [&] { return waiting_[n].is_done || is_lost_ || is_leaving_; });
  Waiting waiting = std::move(waiting_[n]);
  waiting_.erase(n);
  lock.unlock();
  if (waiting.is_done) return std::move(waiting.exit);
  return salvage(wreck(n, secrets), read_attempt_log(config_.folder), stop);
}

void SupervisorClient::acknowledge(std::int64_t n) {
  std::lock_guard lock(mutex_);
  acknowledged_.push_back(n);
}

Wreck SupervisorClient::wreck(std::int64_t n, const std::vector<std::string>& secrets) {
  return {config_.folder, config_.run, n, secrets, [this] {
            std::lock_guard lock(mutex_);
            return is_leaving_;
          }};
}

void SupervisorClient::leave(Leaving how) {
  {
    std::lock_guard lock(mutex_);
    is_leaving_ = true;
    changed_.notify_all();
    send(protocol::acked(take_acknowledged()));
    if (how == Leaving::all_ended) send(protocol::bye());
  }
  if (how == Leaving::all_ended && config_.supervisor > 0) ::waitpid(config_.supervisor, nullptr, 0);
}

}  // namespace runbook
