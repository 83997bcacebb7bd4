#include "run/scripted_kills.h"

#include <fmt/format.h>

#include "base/json.h"
#include "run/frontier.h"
#include "run/scripted_run.h"
#include "run/settle.h"

namespace runbook {

namespace {

struct Deaf : Observer {
  void committed(const Event&, const RunState&) override {}
  void output(const std::string&, std::string_view) override {}
  void saw(const std::string&, const std::string&) override {}
  void notice(const std::string&) override {}
};

const char* fate_name(Fate fate) {
  switch (fate) {
    case Fate::collected: return "what ran is collected";
    case Fate::happened: return "what ran took effect, and nobody saw it";
    case Fate::not_happened: return "what ran took no effect, and nobody saw it";
  }
  return "";
}

class KillEverywhere {
 public:
  KillEverywhere(const RunFacts& facts, const Scenario& scenario) : facts_(facts), scenario_(scenario) {}

  KillReport run() {
    ScriptedRun unbroken(facts_, scenario_, deaf_);
    unbroken_ = unbroken.run();
    for (std::size_t commit = 0; commit < unbroken.commits(); ++commit) {
      for (const auto side : {ScriptedRun::Side::before, ScriptedRun::Side::after}) kill_at(commit, side);
    }
    return std::move(report_);
  }

 private:
  void kill_at(std::size_t commit, ScriptedRun::Side side) {
    for (const Fate fate : {Fate::collected, Fate::happened, Fate::not_happened}) {
      ScriptedRun run(facts_, scenario_, deaf_);
      std::map<std::string, int> asked;
      run.kill_at(commit, side, fate);
      run.answer_doubts([&](const Question& question) { ++asked[question.instance]; });
      const ScriptedResult result = run.run();
      count(
          result, asked,
          fmt::format("{} commit {}, {}", side == ScriptedRun::Side::before ? "before" : "after", commit + 1, fate_name(fate)));
      if (!run.had_running_steps()) return;  // then all fates are one
    }
  }

  void count(const ScriptedResult& result, const std::map<std::string, int>& asked, const std::string& where) {
    ++report_.points;
    const std::string difference = difference_of(result);
    if (!difference.empty()) {
      ++report_.wrong;
      report_.wrongs.push_back(where + ": " + difference);
      return;
    }
    if (asked.empty()) ++report_.same;
    else ++report_.asked;
    for (const auto& [step, times] : asked) ++report_.asked_about[step];
  }

  // A step that may be repeated can be satisfied where it would have been run, and be run again.
  std::string difference_of(const ScriptedResult& result) const {
    if (result.end.state != unbroken_.end.state)
      return fmt::format("the run is {} ({}), and should be {}", result.end.state, result.end.why, unbroken_.end.state);
    for (const Instance& step : unbroken_.instances) {
      const StepState is = result.state.of(step.id).state, should_be = unbroken_.state.of(step.id).state;
      // What has to be tried again is not, where all around it was given up meanwhile.
      if (is == StepState::skipped && given_up_around(facts_, result.state, step)) continue;
      const bool is_the_same = is == should_be || (is == StepState::satisfied && should_be == StepState::succeeded);
      if (!is_the_same)
        return fmt::format("step `{}` is {}, and should be {}", step.id, step_state_name(is), step_state_name(should_be));
      if (std::string why = difference_of_effects(step, result); !why.empty()) return why;
      if (!(outputs_of(result, step) == outputs_of(unbroken_, step)))
        return fmt::format("the outputs of step `{}` are {}, and should be {}", step.id, to_json(outputs_of(result, step)),
                           to_json(outputs_of(unbroken_, step)));
    }
    return result.end.outputs == unbroken_.end.outputs ? "" : "the outputs of the run differ";
  }

  std::string difference_of_effects(const Instance& step, const ScriptedResult& result) const {
    const auto found = result.effects.find(step.id);
    const int is = found == result.effects.end() ? 0 : found->second, should_be = unbroken_.effects.at(step.id);
    if (is == should_be || (is > should_be && is_repeatable(step->effect))) return {};
    return fmt::format("step `{}` took effect {} times, and should have {}", step.id, is, should_be);
  }

  // Without secrets: of these the journal has no more than a mark.
  static Value outputs_of(const ScriptedResult& result, const Instance& step) {
    const auto found = result.step_outputs.find(step.id);
    Map outputs;
    if (found != result.step_outputs.end() && found->second.is_map()) outputs = found->second.as_map();
    std::erase_if(outputs, [&](const auto& output) {
      const OutputRule* rule = step->find_output(output.first);
      return rule && rule->is_secret;
    });
    return Value(std::move(outputs));
  }

  const RunFacts& facts_;
  const Scenario& scenario_;
  Deaf deaf_;
  ScriptedResult unbroken_;
  KillReport report_;
};

}  // namespace

KillReport kill_everywhere(const RunFacts& facts, const Scenario& scenario) { return KillEverywhere(facts, scenario).run(); }

}  // namespace runbook
