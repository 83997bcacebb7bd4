#pragma once
// One attempt in the hands of the supervisor: its FIFOs, its process, what it wrote, how it ended.
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/redactor.h"
#include "os/fd.h"
#include "os/process_id.h"
#include "os/protocol.h"
#include "os/spool.h"

namespace runbook {

// Names of an attempt's files within the run's folder.
struct AttemptFiles {
  std::string out_fifo, err_fifo, spool, named_outputs;
  explicit AttemptFiles(std::int64_t n);
  void remove_from(const std::filesystem::path& folder) const;
  // Gives them to another attempt: renaming costs a fifth of removing and making anew. What can't be renamed is removed.
  void rename_to(const AttemptFiles& other, const std::filesystem::path& folder) const;
  // Whether no process holds the writing end of a FIFO any more.
  bool are_unused(const std::filesystem::path& folder) const;
};

// Where output goes: masked, into the spool, the digest and, if wanted, memory.
class OutputSink {
 public:
  OutputSink(SpoolWriter spool, const std::vector<std::string>& secrets, bool keeps_result);
  void feed(Stream stream, std::string_view bytes);
  void finish();  // what the redactors held back; the spool is let go
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

// The reading end of a FIFO, never blocking. It counts as a writer too: that a step closes its output and opens it again is no event.
Fd open_fifo_for_reading(const std::filesystem::path& path);
// Reads what is there now.
void drain_fifo(int fd, Stream stream, OutputSink& sink, std::size_t at_most);

class Supervised {
 public:
  // Makes FIFOs and spool in `folder`. Throws Error when that fails; then nothing is left behind.
  Supervised(std::int64_t n, protocol::Spawn body, Fd input, const std::filesystem::path& folder);
  Supervised(const Supervised&) = delete;

  // Starts the process: its own group, signals as a shell has them. 0, or why not (errno).
  int start();

  std::int64_t n() const { return n_; }
  pid_t pid() const { return pid_; }
  const protocol::Spawn& body() const { return body_; }
  int out_fd() const { return out_.get(); }
  int err_fd() const { return err_.get(); }
  OutputSink& output() { return sink_; }

  void drain(std::size_t at_most = 1 << 20);
  // Nothing more is read; descriptors and memory are needed for those who live.
  void close_output();
  // Signals the group. Safe while the process has not been reaped: its number is not given away.
  void signal_group(int signal) const;
  // What it wrote to $RUNBOOK_OUTPUT when that lies in memory; not a file.
  int named_outputs_fd() const { return named_outputs_.get(); }

  // Times on CLOCK_BOOTTIME, ms; what is to be done then is the supervisor's.
  std::optional<std::int64_t> deadline_ms, kill_at_ms;
  bool has_timed_out = false, was_cancelled = false, has_ended = false, is_exit_sent = false;
  bool is_unwanted = false;        // nobody will ask how it ended
  bool is_leaving = false;         // the process ended, strays are being ended
  std::optional<int> wait_status;  // of waitid: code or signal, see ended_by_signal
  bool ended_by_signal = false;
  std::vector<std::string> strays;
  std::vector<pid_t> stray_pids;
  protocol::Ended ended;  // after has_ended
  std::string result;     // after has_ended, if kept
  std::int64_t rung_at_ms = 0, rung_total = 0;

 private:
  std::int64_t n_;
  protocol::Spawn body_;
  Fd input_, out_, err_, child_out_, child_err_, named_outputs_;
  OutputSink sink_;
  pid_t pid_ = 0;
};

}  // namespace runbook
