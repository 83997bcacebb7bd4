#pragma once
// One attempt in the hands of the supervisor: its FIFOs, its process, what it wrote, how it ended.
#include <spawn.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/redactor.h"
#include "os/attempt_pipes.h"
#include "os/attempt_terminal.h"
#include "os/fd.h"
#include "os/process_id.h"
#include "os/protocol.h"
#include "os/spool.h"

namespace runbook {

// Where output goes: masked, into the spool, the digest and, if wanted, memory.
class OutputSink {
 public:
  OutputSink(SpoolWriter spool, const std::vector<std::string>& secrets, bool keeps_result);
  void feed(Stream stream, std::string_view bytes);
  void finish();  // what the redactors held back
  void let_spool_go();
  std::int64_t total() const { return total_; }
  std::string sha256_hex();   // once, after finish
  std::string take_result();  // protocol::result_bytes

 private:
  void keep(Stream stream, std::string_view shown);
  SpoolWriter spool_;
  Redactor out_redactor_, err_redactor_;
  Sha256 sha_;
  bool keeps_result_, is_too_large_ = false;
  std::string out_, err_;
  std::int64_t total_ = 0;
};

// Reads what is there now.
void drain_fifo(int fd, Stream stream, OutputSink& sink, std::size_t at_most);

class Supervised {
 public:
  // Throws Error if there is no memory for the named outputs, or no terminal.
  // input, out: none, or what its standard input and output are instead of nothing and the pipe.
  Supervised(AttemptPipes pipes, protocol::Spawn body, Fd input, Fd out, const std::filesystem::path& folder);
  Supervised(const Supervised&) = delete;

  // Starts the process: its own group (with a terminal: its own session), signals as a shell has them. 0, or why not (errno).
  int start();

  std::int64_t n() const { return n_; }
  pid_t pid() const { return pid_; }
  const protocol::Spawn& body() const { return body_; }
  int out_fd() const { return pipes_.out.get(); }
  int err_fd() const { return pipes_.err.get(); }
  OutputSink& output() { return sink_; }
  // nullptr: it has none.
  AttemptTerminal* terminal() const { return terminal_.get(); }

  void drain(std::size_t at_most = 1 << 20);
  // Nothing more is read: what was held back goes into the spool.
  void finish_output() { sink_.finish(); }
  // After that; descriptors and memory are needed for those who live. Again: a no-op.
  void close_output();
  // What it left behind still writes to it: the reading ends are given on.
  Fd give_out() { return std::move(pipes_.out); }
  Fd give_err() { return std::move(pipes_.err); }
  // Signals the group, and what has its terminal in the foreground. Safe while the process has not been reaped: its number is not given away.
  void signal_group(int signal) const;
  // What it wrote to $RUNBOOK_OUTPUT when that lies in memory; not a file.
  int named_outputs_fd() const { return named_outputs_.get(); }

  // Times on CLOCK_BOOTTIME, ms; what is to be done then is the supervisor's.
  std::optional<std::int64_t> deadline_ms, kill_at_ms;
  std::optional<std::int64_t> hang_up_at_ms;  // it has a terminal: shells at one take SIGTERM for nothing
  bool has_timed_out = false, was_cancelled = false, has_ended = false, is_exit_sent = false;
  bool is_process_named = false;   // in the log: its process, with its start time
  bool is_unwanted = false;        // nobody will ask how it ended
  bool is_leaving = false;         // the process ended, strays are being ended
  std::optional<int> wait_status;  // of waitid: code or signal, see ended_by_signal
  bool ended_by_signal = false;
  std::vector<std::string> strays, left;
  std::vector<pid_t> stray_pids;
  protocol::Ended ended;  // after has_ended
  std::string result;     // after has_ended, if kept
  std::int64_t rung_at_ms = 0, rung_total = 0;

 private:
  void make_terminal();
  void add_standard_files(posix_spawn_file_actions_t& actions) const;

  std::int64_t n_;
  protocol::Spawn body_;
  Fd input_, direct_out_, named_outputs_;
  AttemptPipes pipes_;
  OutputSink sink_;
  std::unique_ptr<AttemptTerminal> terminal_;
  pid_t pid_ = 0;
};

}  // namespace runbook
