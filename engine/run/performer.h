#pragma once
// The executor's seams to the world: what is performed, who is asked, who watches.
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "book/inputs.h"
#include "run/file_digests.h"
#include "run/inbox.h"
#include "run/sent_marks.h"
#include "state/run_state.h"
#include "step/step_type.h"
#include "step/target.h"

namespace runbook {

class Performer {
 public:
  virtual ~Performer() = default;
  // Answers with one Ended in the inbox, from any thread. Without an outcome (see there) the engine can't go on.
  virtual void start(const Launch& launch) = 0;
  // Ends it; its Ended comes all the same.
  virtual void cancel(std::int64_t n) = 0;
  // The outcome of n is committed; what was kept for it may go.
  virtual void acknowledge(std::int64_t n) = 0;
  // Ends what steps were meant to leave behind, since the run is about to be left; waits for it. What there was: "pid 12 sleep 60".
  virtual std::vector<std::string> end_left() = 0;
  // Writes a secret where later engines find it again: 0600, durable. "" or why not.
  virtual std::string keep_secret(const std::filesystem::path& file, std::string_view secret) = 0;
  struct Recalled {
    std::optional<std::string> secret;
    std::string why_not;
  };
  virtual Recalled recall_secret(const std::filesystem::path& file) = 0;
  // What a program prints, without the newline at its end. Waits for it.
  virtual Recalled recall_secret(const std::vector<std::string>& argv, const std::filesystem::path& dir) = 0;
  // What the device shows, for the looks that need it. Good for half a minute; kept in memory alone.
  virtual void take_code(const std::string& /*device*/, const std::string& /*code*/) {}
  // What stands where the targets of a request lead; null where nothing is outside. Waits for it.
  virtual Value see_targets(const Request&) { return {}; }
  // Looks where `from` of a secret input says, but for people. Waits for it.
  virtual Recalled find_secret(const Input&) { return {}; }
};

class Operator {
 public:
  virtual ~Operator() = default;
  // Answers with an Answer in the inbox, at some time, from any thread.
  virtual void ask(const Question& question) = 0;
  // Answered elsewhere, or no longer of interest.
  virtual void withdraw(const std::string& question) = 0;
};

// Any thread, one call at a time; `output` alone may come at the same time as another.
class Observer {
 public:
  virtual ~Observer() = default;
  // After the commit, in order, with the state that includes it.
  virtual void committed(const Event& event, const RunState& state) = 0;
  // What a step writes, masked.
  virtual void output(const std::string& instance, std::string_view bytes) = 0;
  // What a look saw that did not say yes, while something waits for it: a sentence, often the same one again.
  virtual void saw(const std::string& instance, const std::string& sentence) = 0;
  // What the engine does with an interrupt, for the person who pressed the key.
  virtual void notice(const std::string& sentence) = 0;
};

// Runs step types, each launch on a thread of its own. A thread whose launch has ended takes the next one.
class StepPerformer : public Performer {
 public:
  struct Parts {
    std::vector<std::unique_ptr<StepType>> types;
    std::function<void(std::int64_t n)> acknowledge;
    std::function<void(const std::string& instance, std::string_view bytes)> output;  // may be empty
    std::function<std::vector<std::string>()> end_left;
    std::function<Found(const Input&, const InputSource&)> look;  // for secrets; may be empty
    std::vector<std::unique_ptr<TargetType>> targets = {};
    std::string run_folder = {};  // where targets keep what is private to the run
    std::function<void(const std::string& device, const std::string& code)> take_code = nullptr;  // may be empty
  };
  StepPerformer(Parts parts, Inbox& inbox) : parts_(std::move(parts)), inbox_(inbox) {}
  // Asks what still runs to stop, and waits for it.
  ~StepPerformer() override;

  void start(const Launch& launch) override;
  void cancel(std::int64_t n) override;
  void acknowledge(std::int64_t n) override { parts_.acknowledge(n); }
  std::vector<std::string> end_left() override;
  std::string keep_secret(const std::filesystem::path& file, std::string_view secret) override;
  Recalled recall_secret(const std::filesystem::path& file) override;
  Recalled recall_secret(const std::vector<std::string>& argv, const std::filesystem::path& dir) override;
  void take_code(const std::string& device, const std::string& code) override {
    if (parts_.take_code) parts_.take_code(device, code);
  }
  Value see_targets(const Request& request) override { return look_at_targets(request, {}).result; }
  Recalled find_secret(const Input& input) override;

 private:
  struct Job {
    Launch launch;
    std::stop_source stop;
  };
  std::string make_room();
  void work();
  Outcome perform(const Launch& launch, std::stop_token stop) const;
  Outcome look_at_targets(const Request& request, std::stop_token stop) const;
  Outcome look_at_files(const Request& request) const;
  Ended finish(const Job& job);
  Parts parts_;
  Inbox& inbox_;
  mutable FileDigests digests_;
  mutable SentMarks marks_{parts_.run_folder};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> waiting_;  // launched, and not yet taken by a thread
  std::map<std::int64_t, std::stop_source> running_;
  // Threads that wait for a job, or will as soon as their outcome is posted: who serves that launches last of all.
  std::size_t idle_ = 0;
  bool is_over_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace runbook
