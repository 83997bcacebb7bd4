#pragma once
// The supervisor's life: one poll loop over the engine's connection, the attempts' FIFOs, ended children and times.
#include <cstdint>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "os/attempt_log.h"
#include "os/leftovers.h"
#include "os/look_out.h"
#include "os/protocol.h"
#include "os/supervised.h"

namespace runbook {

class SupervisorLoop {
 public:
  // The caller holds sup.lock. Listens on `<folder>/sock` when this returns. Throws Error.
  SupervisorLoop(std::filesystem::path folder, std::int64_t known);
  // `first` is a connection whose other end will say HELLO.
  void run(Fd first);

 private:
  // The engine
  void listen();
  void serve();
  void accept_newcomers();
  void hear_newcomers();
  enum class Wanted { yes, no };
  Wanted hear_newcomer(Fd& newcomer);
  void hear_engine();
  static void turn_away(const Fd& newcomer, const std::string& why, const std::string& hint);
  void greet(Fd& newcomer, const protocol::Hello& hello);
  protocol::Table table_for(const protocol::Hello& hello);
  void engine_gone();
  void send_refusals();
  void send_exits();
  void send_end_of_leftovers();
  bool send_exit(const Supervised& attempt);
  void ring(Supervised& attempt);

  // Terminals
  void lend(std::int64_t n, Message& message);
  void take_back(std::int64_t n);
  void take_back_all();
  void send_terminals();
  bool send_terminal(std::int64_t n);
  std::vector<AttemptTerminal*> unread_terminals() const;

  // Attempts
  void spawn(std::int64_t epoch, std::int64_t n, WireReader& rest, Message& message);
  void begin(std::int64_t n, protocol::Spawn body, Fd input, Fd out);
  void name_process(Supervised& attempt);
  void refuse(std::int64_t n, const std::string& why);
  void cancel(std::int64_t n);
  void forget(const std::vector<std::int64_t>& acked);
  void forget_all();
  void read_on_for_the_past();
  void reap();
  Supervised* unreaped(pid_t pid);
  void after_exit(Supervised& attempt);
  bool may_leave(const Supervised& attempt) const;
  void leave_behind(Supervised& attempt);
  void end_leftovers();
  void forget_leftovers();
  bool has_others_running(const Supervised& but) const;
  std::vector<Child> strays_of(const Supervised& attempt) const;
  bool is_begun_here(pid_t pid) const;
  bool is_stray_of(const Supervised& attempt, const Child& child) const;
  bool end_stray(Supervised& attempt, const Child& child);
  void collect_strays(Supervised& attempt);
  void end(Supervised& attempt);
  AttemptPipes pipes_for(std::int64_t n, SpoolWriter::Limits limits);
  void tidy();
  void sweep();
  void retire(AttemptFiles files);
  void prepare();
  void watch_times();
  void time_out(Supervised& attempt);
  void tell_to_end(Supervised& attempt);
  void press(Supervised& attempt, std::int64_t now_ms);

  int poll_timeout_ms() const;
  bool may_go() const;
  bool keeps_only_statuses() const;  // of steps that have ended, for an engine that is not there
  void wait_for_events();
  void handle_signals();
  void log(const std::string& line);

  std::filesystem::path folder_;
  std::set<std::int64_t> past_;            // attempts of earlier supervisors of this run
  std::set<std::int64_t> past_leftovers_;  // those of them whose leftovers are read on
  AttemptLogWriter log_;
  Fd listener_, engine_, signals_;
  std::vector<Fd> newcomers_;  // who has not said HELLO yet; one that never will must not be in the way of another
  std::int64_t epoch_ = 0;
  std::set<std::int64_t> seen_;
  std::set<std::string> secrets_;                                 // that were ever to be masked
  std::map<std::int64_t, std::string> refusals_;                  // that the engine has not been told yet
  std::map<std::int64_t, std::unique_ptr<Supervised>> attempts_;  // alive, or ended and not acknowledged
  std::set<std::int64_t> terminals_asked_;                        // of which attempts the engine wants the terminal
  std::optional<BorrowedTerminal> borrowed_;
  Leftovers leftovers_;
  std::vector<AttemptFiles> spares_;      // of attempts that nobody will ask about
  std::optional<AttemptPipes> prepared_;  // for the attempt that is expected next
  LookOut look_out_;
  LookOut::Clock::time_point awake_until_;
  std::int64_t lonely_since_ms_;  // no engine since
  bool was_told_bye_ = false, must_sync_ = false;
  bool is_end_of_leftovers_asked_ = false;
};

// CLOCK_BOOTTIME: goes on while the machine sleeps, and nobody can set it.
std::int64_t boot_time_ms();

}  // namespace runbook
