#pragma once
// The engine's side of the supervisor: runs processes by it, collects their ends, and salvages what it can if the supervisor dies.
#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "os/attempt_log.h"
#include "os/look_out.h"
#include "os/process_runner.h"
#include "os/protocol.h"
#include "os/salvage.h"
#include "os/terminal_lender.h"
#include "os/terminal_relay.h"

namespace runbook {

class SupervisorClient : public ProcessRunner {
 public:
  struct Config {
    std::filesystem::path folder;  // of the run
    std::string run;
    pid_t supervisor = 0;           // if it is our child
    std::function<void()> on_lost;  // once, from another thread, when the supervisor is gone; before anybody who waits is told
    TerminalLender* lender = nullptr;  // lives as long as the client; nullptr: there is no terminal here
  };
  SupervisorClient(Config config, Fd connection);
  ~SupervisorClient() override;

  // Says HELLO and starts listening. Throws Error: exit 5 when an engine with a higher epoch was there or the supervisor is of
  // another version, exit 130 when it does not answer or its answer is damaged.
  void greet(std::int64_t epoch, const std::vector<std::int64_t>& open_attempts);
  // The greatest n that was ever announced for this run.
  std::int64_t greatest() const { return greatest_; }
  // Whether n ran with a terminal of its own when this engine came.
  bool had_terminal(std::int64_t n) const { return terminals_.count(n) > 0; }
  // What earlier engines had the supervisor mask; in memory only.
  const std::vector<std::string>& secrets() const { return secrets_; }

  Exit run(std::int64_t n, Command command, const Sink& sink, std::stop_token stop) override;
  Exit attach(std::int64_t n, bool had_secrets, const Sink& sink, std::stop_token stop) override;

  // The outcome of n is committed: what was kept of it may go. Told with the next start, by `end_left`, or by `leave`.
  void acknowledge(std::int64_t n);
  // The run is about to be left. Ends what steps were meant to leave behind, under whatever supervisor; waits for it. Gives what there
  // was: "pid 12 sleep 60". Also tells what is acknowledged: once the run is left nobody comes to do so, and it would wait for ever.
  std::vector<std::string> end_left();

  // Tells what is acknowledged. all_ended: and that nothing more is wanted; waits for the supervisor's end, unless it stays because of
  // what a step left behind. steps_run_on: what waits
  // for a process gets `lost` at once, and the process is left alone.
  enum class Leaving { all_ended, steps_run_on };
  void leave(Leaving how);

 private:
  struct Waiting {
    bool is_done = false;
    Exit exit;
    const Sink* sink = nullptr;
    std::int64_t shown = 0;  // bytes given to the sink
    bool is_lent = false;    // or has no terminal to lend
    protocol::Lent lent = {};
    Fd terminal = {};
  };
  // One that waits until something is so, while another one reads. Each has its own bell: of sixteen that wait an end concerns one.
  struct Sleeper {
    const std::function<bool()>& is_so;
    std::condition_variable woken = {};
  };
  class Presence;
  Exit run_at_terminal(std::int64_t n, protocol::Spawn body, const Sink& sink, std::stop_token stop);
  Exit attach_at_terminal(std::int64_t n, bool had_secrets, std::stop_token stop);
  Exit await_at_terminal(std::int64_t n, bool had_secrets, std::stop_token stop, TerminalTurn& turn);
  void begin_relay(std::int64_t n, TerminalTurn& turn, TerminalTurn::Beginning beginning);
  void ask_for_terminal(std::int64_t n, const TerminalTurn& turn);
  Fd borrowed(std::int64_t n, protocol::Lent& lent);
  void give_back(std::int64_t n);
  void await_absence(std::unique_lock<std::mutex>& lock);
  void watch_for_the_end();
  using SteadyClock = std::chrono::steady_clock;
  // awake_until: without it, it sleeps at once. Only who has set is_read_ gives one.
  bool read_one(std::unique_lock<std::mutex>& lock, SteadyClock::time_point awake_until = {});
  void hear(Message& message);
  void hear_exit(WireReader& reader, const Message& message);
  void hear_terminal(WireReader& reader, Message& message);
  void show(std::int64_t n, Waiting& waiting);
  void hear_until(std::unique_lock<std::mutex>& lock, const std::function<bool()>& is_so,
                  SteadyClock::time_point awake_until = {});
  void sleep(std::unique_lock<std::mutex>& lock, const std::function<bool()>& is_so);
  void wake_those_concerned();
  void wake_all();
  void let_another_read();
  Exit await(std::int64_t n, bool had_secrets, std::stop_token stop);
  Wreck wreck(std::int64_t n, bool had_secrets);
  protocol::Spawn spawn_body(std::int64_t n, Command command, std::string program);
  std::string send_spawn(std::int64_t n, protocol::Spawn body, const Sink& sink);
  bool send(const std::string& bytes, const std::vector<int>& fds = {});

  Config config_;
  Fd connection_;
  std::int64_t mask_ = 0022;  // umask, for the steps
  AttemptLog log_;            // as it stood when the supervisor had answered: an earlier one can't add to it any more
  std::int64_t epoch_ = 0, greatest_ = 0;
  std::map<std::int64_t, protocol::Entry::State> at_greeting_;
  std::set<std::int64_t> terminals_;  // attempts that had one then
  std::vector<std::string> secrets_;
  std::mutex mutex_;                 // guards all below, and sending
  std::condition_variable changed_;  // the end has come near: lost, leaving, nobody reads any more
  std::vector<Sleeper*> sleepers_;
  std::map<std::int64_t, Waiting> waiting_;
  std::vector<std::int64_t> acknowledged_;
  int at_terminal_ = 0;   // threads that have it, or are about to
  bool is_read_ = false;  // one of those who wait reads the connection, for all of them
  LookOut look_out_;      // that one's
  bool is_lost_ = false, is_leaving_ = false;
  bool may_have_left_ = false;  // a step with `leaves` has been run
  bool stays_ = false;          // the supervisor does
  std::optional<std::vector<std::string>> left_ended_;
  std::thread watcher_;
};

}  // namespace runbook
