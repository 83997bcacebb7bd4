#pragma once
// A rehearsal: the same executor and the same decisions, in a scripted world, with people who answer as the scenario says.
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "book/scenario.h"
#include "run/executor.h"
#include "run/scripted_journal.h"
#include "run/scripted_world.h"

namespace runbook {

struct ScriptedResult {
  End end;
  RunState state;
  std::int64_t lasted_ms = 0;
  std::vector<Event> events;
  std::vector<Instance> instances;            // that there were in the end, in written order
  std::map<std::string, int> effects;         // instance → how often it took effect
  std::map<std::string, Value> step_outputs;  // of those that are done
};

class ScriptedRun {
 public:
  // The scenario and the observer outlive it.
  ScriptedRun(RunFacts facts, const Scenario& scenario, Observer& observer);

  // A step: nothing more is begun when it is done.
  void stop_after(const std::string& step) { limits_.stops_after = step; }
  // The engine dies at this commit, once, before or after it; attempts that run then come to `fate`.
  enum class Side { before, after };
  void kill_at(std::size_t commit, Side side, Fate fate);
  bool was_killed() const { return was_killed_; }
  // Whether an attempt ran when it was killed: then its fate matters.
  bool had_running_steps() const { return had_running_steps_; }
  // In doubt, a person who knows answers; `told` is called for each question.
  void answer_doubts(std::function<void(const Question&)> told) { told_of_doubt_ = std::move(told); }

  ScriptedResult run();
  std::size_t commits() const { return commits_; }

 private:
  struct Killed {};
  void begin();
  End drive();
  void die();
  void throw_if_told(std::size_t commit, Side side) const;
  bool goes_on(const End& end);
  bool answer_question(const Question& question);
  std::optional<ScriptedAnswer> answer_to(const Question& question);
  ScriptedAnswer answer_in_doubt(const Question& question);
  std::optional<Instance> instance(const std::string& name) const;
  Value fields_of(const Question& question, const ScriptedAnswer& answer) const;
  // Throws Error (exit 2) if the step does not take it.
  Value confirmation(const Step& step, const Question& question, const ScriptedAnswer& answer) const;
  ScriptedResult result(End end);

  RunFacts facts_;
  const Scenario& scenario_;
  Observer& observer_;
  ScriptedWorld world_;
  ScriptedJournal journal_;
  RunState state_;
  Limits limits_;
  std::map<std::string, std::size_t> answered_;  // questions about a step so far
  std::function<void(const Question&)> told_of_doubt_;
  std::int64_t began_at_ms_ = 0;
  std::size_t commits_ = 0;
  int resumes_ = 0;
  bool is_resumed_ = false, was_killed_ = false, had_running_steps_ = false;
  Fate fate_ = Fate::collected;
};

// What the scenario expects and did not come, each with its place in the scenario.
std::vector<Diagnostic> unmet_expectations(const Scenario& scenario, const ScriptedResult& result);

}  // namespace runbook
