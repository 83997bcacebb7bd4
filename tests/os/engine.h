#pragma once
// Engines of a run, as stories of the supervisor need them: one that is real, and one that says over the socket what it is told to.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "base/digest.h"
#include "os/attempt_log.h"
#include "os/files.h"
#include "os/protocol.h"
#include "os/spool.h"
#include "os/supervisor.h"
#include "os/supervisor_client.h"
#include "os/wire.h"
#include "world.h"

namespace runbook::testing {

inline const ProcessRunner::Sink no_sink;

inline Command shell(const fs::path& dir, const std::string& script) {
  Command command;
  command.argv = {"sh", "-c", script};
  command.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  command.dir = dir.string();
  command.grace_ms = 200;
  command.hash = "ab";
  return command;
}

// Made while there is one thread.
class Engine {
 public:
  explicit Engine(const fs::path& folder, std::int64_t epoch = 1, const std::vector<std::int64_t>& open = {})
      : folder_(folder), seed_(SupervisorSeed::plant()) {
    Fd connection = seed_.grow(folder, 0);
    client_.emplace(SupervisorClient::Config{folder, run_name, seed_.pid(), [this] { was_lost_ = true; }},
                    std::move(connection));
    client_->greet(epoch, open);
  }
  SupervisorClient& client() { return *client_; }
  pid_t supervisor() const { return seed_.pid(); }
  bool was_lost() const { return was_lost_; }

  Exit run(std::int64_t n, const Command& command, std::stop_token stop = {}) {
    return client_->run(n, command, no_sink, stop);
  }
  Exit run(std::int64_t n, const std::string& script) { return run(n, shell(folder_, script)); }
  Exit attach(std::int64_t n, std::stop_token stop = {}) { return client_->attach(n, false, no_sink, stop); }
  void leave() { client_->leave(SupervisorClient::Leaving::all_ended); }

 private:
  fs::path folder_;
  SupervisorSeed seed_;
  std::atomic<bool> was_lost_ = false;
  std::optional<SupervisorClient> client_;
};

// Runs it on a thread of its own.
class Running {
 public:
  Running(Engine& engine, std::int64_t n, Command command)
      : thread_(
            [this, &engine, n, command = std::move(command)](std::stop_token stop) { exit_ = engine.run(n, command, stop); }) {}
  void stop() { thread_.request_stop(); }
  const Exit& exit() {
    if (thread_.joinable()) thread_.join();
    return exit_;
  }

 private:
  Exit exit_;
  std::jthread thread_;
};

// Speaks the protocol byte for byte.
class RawEngine {
 public:
  explicit RawEngine(Fd connection) : line_(std::move(connection)) {}
  // The first engine of a run, known to its supervisor.
  static RawEngine greeted(Fd connection) {
    RawEngine engine(std::move(connection));
    engine.say_hello(1);
    engine.hear_table();
    return engine;
  }
  // Another connection to whoever serves the folder.
  static RawEngine connected_to(const fs::path& folder) {
    Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, (folder / "sock").c_str(), sizeof address.sun_path - 1);
    must(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "the supervisor listens");
    return RawEngine(std::move(socket));
  }

  void say(const std::string& message, const std::vector<int>& fds = {}) const {
    must(send_message(line_.get(), message, fds, SendMode::wait), "it was sent");
  }
  void say_hello(std::int64_t epoch, const std::vector<std::int64_t>& open = {}) const { say(protocol::hello({epoch, open})); }
  void say_spawn(std::int64_t epoch, std::int64_t n, const Command& command, const std::string& program = "/bin/sh",
                 const std::string& terminal = "") const {
    protocol::Spawn body;
    body.terminal = terminal;
    body.command = command;
    body.program = program;
    body.marker = mark_of(n);
    Fd file = memory_file(protocol::spawn_body(body), "spawn");
    say(protocol::spawn(epoch, n), {file.get()});
  }
  // The next message, and of which kind it is. False: the supervisor hung up.
  bool hear() { return receive_message(line_.get(), message_) == Received::message; }
  protocol::Kind kind() const {
    WireReader reader(message_.bytes);
    return protocol::read_kind(reader);
  }
  protocol::Table hear_table() {
    must(hear() && kind() == protocol::Kind::table, "a table came");
    WireReader reader(message_.bytes);
    protocol::read_kind(reader);
    return protocol::read_table(reader);
  }
  // Hears until attempt n has ended or was not started.
  protocol::Kind hear_end_of(std::int64_t n) {
    while (true) {
      must(hear(), "the supervisor speaks");
      if (kind() != protocol::Kind::ring && number() == n) return kind();
    }
  }
  // Of which attempt the last message was.
  std::int64_t number() const {
    WireReader reader(message_.bytes);
    protocol::read_kind(reader);
    return reader.number();
  }
  void hang_up() { line_.reset(); }
  const std::string& bytes() const { return message_.bytes; }
  // The first that came with the last message, if there was one.
  Fd take_file() { return message_.fds.empty() ? Fd() : std::move(message_.fds[0]); }

 private:
  Fd line_;
  Message message_;
};

inline void must_exit(const Exit& exit, int code) {
  must(exit.kind == Exit::Kind::code && exit.number == code,
       fmt::format("it exited with {} (kind {}, number {}, {}, {})", code, static_cast<int>(exit.kind), exit.number, exit.why,
                   exit.output));
}

// The sum of what /proc/PID/smaps_rollup calls Private_..., in KB.
inline std::int64_t private_kb(pid_t pid) {
  std::istringstream lines(text_of(fmt::format("/proc/{}/smaps_rollup", pid)));
  std::int64_t sum = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("Private_", 0) == 0) sum += std::strtoll(line.c_str() + line.find(':') + 1, nullptr, 10);
  }
  return sum;
}

}  // namespace runbook::testing
