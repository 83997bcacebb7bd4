#pragma once
// The world of a rehearsal: what it performs comes to what the scenario says, in its own time. One thread; no process, no file,
// no sleep.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "book/scenario.h"
#include "run/inbox.h"
#include "run/performer.h"

namespace runbook {

// What became of attempts that ran when engine and supervisor died.
enum class Fate {
  collected,     // the supervisor lived, and tells how they ended
  happened,      // it died too; they took effect
  not_happened,  // it died too; they took none
};

// What the scenario says of that instance, or else of all that loops make of its step.
const ScriptedStep& script_for(const Scenario& scenario, const std::string& instance);

class ScriptedWorld : public Performer, public Clock {
 public:
  explicit ScriptedWorld(const Scenario& scenario) : scenario_(scenario) {}
  // Where what happens is told: of the engine that drives now. Outlives the use of it.
  void serve(Inbox& inbox) { inbox_ = &inbox; }
  // Where an earlier engine left it, as far as the record tells.
  void go_on_from(const RunState& state, std::int64_t now_ms);
  // The engine died; open: the attempts whose end the journal does not know.
  void crash(Fate fate, const std::vector<std::int64_t>& open);
  // A person did what the manual step asks for.
  void is_done_by_hand(const std::string& step) { ++effects_[step]; }
  void pass(std::int64_t time_ms) { now_ms_ += time_ms; }

  void start(const Launch& launch) override;
  void cancel(std::int64_t n) override;
  void acknowledge(std::int64_t) override {}
  std::vector<std::string> end_left() override { return {}; }
  std::string keep_secret(const std::filesystem::path& file, std::string_view secret) override;
  Recalled recall_secret(const std::filesystem::path& file) override;
  Recalled recall_secret(const std::vector<std::string>& argv, const std::filesystem::path& dir) override;

  std::int64_t now_ms() const override { return now_ms_; }
  // Jumps to the next moment at which something happens, or until_ms if that is sooner.
  void about_to_wait(std::optional<std::int64_t> until_ms) const override;

  // How often a step took effect.
  int effects(const std::string& step) const;
  bool has_taken_effect(const std::string& step) const { return effects(step) > 0; }
  Value outputs_of(const Step& step, const Value& given) const;
  // What the attempt gave that took effect, also if nobody saw it; null if none did.
  Value outputs_given_by(const std::string& step) const;

 private:
  struct Attempt {
    std::string step;
    Outcome outcome;
    Value outputs;  // what it gives if it takes effect
    std::int64_t ends_at_ms = 0;
    bool took_effect = false;
  };
  struct Due {
    std::int64_t at_ms = 0;
    Launch launch;
    Outcome outcome;
  };
  void act(const Launch& launch);
  void take_up(const Launch& launch);
  void tell_targets(const Launch& launch);
  void look(const Launch& launch);
  struct Sight {
    Said said;
    Value outputs;
  };
  Sight seen(const Instance& step, Role role);
  void tell_at(std::int64_t at_ms, const Launch& launch, Outcome outcome);

  const Scenario& scenario_;
  Inbox* inbox_ = nullptr;
  mutable std::int64_t now_ms_ = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
  mutable std::vector<Due> due_;                     // by time
  std::map<std::int64_t, Attempt> attempts_;
  std::map<std::string, std::size_t> begun_, looked_;  // attempts and looks so far
  std::map<std::string, int> effects_;
  std::map<std::string, std::string> kept_;  // secrets, by file
};

}  // namespace runbook
