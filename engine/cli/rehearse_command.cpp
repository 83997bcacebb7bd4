// rehearse: a run in which nothing outside is touched; what the world and people do stands in scenarios.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/duration.h"
#include "base/error.h"
#include "base/json.h"
#include "base/suggestion.h"
#include "book/scenario.h"
#include "cli/commands.h"
#include "cli/scenarios.h"
#include "cli/session.h"
#include "plugins/all.h"
#include "run/scripted_kills.h"
#include "run/scripted_run.h"

namespace runbook {

namespace fs = std::filesystem;

namespace {

// A step's fate on a line, with the time since the beginning.
class Lines : public Observer {
 public:
  explicit Lines(bool is_shown) : is_shown_(is_shown) {}
  void committed(const Event& event, const RunState& state) override {
    if (began_at_ms_ == 0) began_at_ms_ = state.began_at_ms;
    if (event.instance.empty() || !is_shown_) return;
    const std::string what = told(event, state.of(event.instance));
    if (what.empty()) return;
    fmt::print(stderr, "{:>8}  {:<24}  {}\n", elapsed_text(event.at_ms - began_at_ms_), event.instance, what);
  }
  void output(const std::string&, std::string_view) override {}
  void saw(const std::string&, const std::string&) override {}
  void notice(const std::string& sentence) override {
    if (is_shown_) fmt::print(stderr, "          {}\n", sentence);
  }

 private:
  static std::string told(const Event& event, const InstanceState& it) {
    const std::string why = event.body.text_or("why", "");
    const std::string because = why.empty() ? "" : ": " + why;
    if (event.kind == event::ended && it.retry_at_ms) return "again" + because;
    if (event.kind == event::ended || event.kind == event::satisfied || event.kind == event::skipped)
      return std::string(step_state_name(it.state)) + because;
    if (event.kind == event::refused) return "failed" + because;
    if (event.kind == event::doubted) return "in doubt" + because;
    if (event.kind == event::asked) return "asks: " + event.body.text_or("text", "");
    if (event.kind == event::answered)
      return fmt::format("answered by {}: {}", event.body.text_or("who", ""), event.body.text_or("choice", ""));
    return {};
  }

  bool is_shown_;
  std::int64_t began_at_ms_ = 0;
};

struct Rehearsal {
  std::string name;
  Scenario scenario;
};

std::vector<Rehearsal> rehearsals_of(const Arguments& arguments, const fs::path& path, const Runbook& runbook) {
  std::vector<fs::path> files = scenario_files(path);
  if (const auto word = arguments.value("--scenario")) files = {find_scenario(*word, path)};
  std::vector<Rehearsal> rehearsals;
  for (const fs::path& file : files) rehearsals.push_back({file.stem().string(), read_scenario(file, runbook)});
  if (rehearsals.empty()) rehearsals.push_back({"everything works", {}});
  return rehearsals;
}

RunFacts facts_of(const Arguments& arguments, const std::shared_ptr<const Runbook>& runbook, const fs::path& path,
                  const Scenario& scenario) {
  InputValues inputs = rehearsed_inputs(arguments, scenario, *runbook);
  RunFacts facts;
  facts.runbook = runbook;
  facts.types = &all_declarations();
  facts.dir = path.parent_path().string();
  facts.run = "rehearsal";
  facts.inputs = with_absolute_paths(*runbook, path.parent_path(), inputs.values);
  facts.secrets = std::move(inputs.secrets);
  facts.run_values = object({{"id", facts.run},
                             {"started_at", "2026-01-01T00:00:00Z"},
                             {"dir", facts.dir},
                             {"operator", "somebody"},
                             {"host", "rehearsal"}});
  facts.vars = evaluate_vars(*runbook, facts.inputs, facts.run_values);
  return facts;
}

// Of a loop each of its items counts.
auto done_steps(const ScriptedResult& result) {
  return std::count_if(result.instances.begin(), result.instances.end(),
                       [&](const Instance& step) { return is_done(result.state.of(step.id).state); });
}

class Rehearsing {
 public:
  Rehearsing(const Arguments& arguments, fs::path path)
      : arguments_(arguments), path_(std::move(path)), runbook_(load_or_explain(path_)) {}

  int run() {
    if (const auto step = arguments_.value("--stop-after"); step && !runbook_->find_step_of(*step)) throw no_step(*step);
    const std::vector<Rehearsal> rehearsals = rehearsals_of(arguments_, path_, *runbook_);
    is_alone_ = rehearsals.size() == 1 && !arguments_.wants_json();
    for (const Rehearsal& rehearsal : rehearsals) {
      const RunFacts facts = facts_of(arguments_, runbook_, path_, rehearsal.scenario);
      rows_.push_back(arguments_.has("--kill-everywhere") ? killed(rehearsal, facts) : rehearsed(rehearsal, facts));
    }
    if (arguments_.wants_json()) fmt::print("{}\n", to_pretty_json(Value(std::move(rows_))));
    return has_failed_ ? static_cast<int>(ExitCode::step_failed) : 0;
  }

 private:
  Error no_step(const std::string& id) const {
    std::vector<std::string> ids;
    for (const Step* step : runbook_->steps) ids.push_back(step->id);
    return Error(ExitCode::usage, fmt::format("there is no step `{}`", id), suggestion(id, ids));
  }

  void say(const std::string& line) const {
    if (!arguments_.wants_json()) fmt::print("{}\n", line);
  }

  Value rehearsed(const Rehearsal& rehearsal, const RunFacts& facts) {
    Lines lines(is_alone_);
    ScriptedRun run(facts, rehearsal.scenario, lines);
    const auto last = arguments_.value("--stop-after");
    if (last) run.stop_after(*last);
    const ScriptedResult result = run.run();
    const std::vector<std::string> unmet = last ? std::vector<std::string>() : judged(rehearsal, result);
    const std::string end = fmt::format("{}, {} of {} steps done, {} of simulated time", result.end.state, done_steps(result),
                                        result.instances.size(), elapsed_text(result.lasted_ms));
    has_failed_ = has_failed_ || !unmet.empty();
    say(fmt::format("{}: {}{}", rehearsal.name,
                    unmet.empty() ? (last ? "stopped: " : "as expected: ") : "NOT as expected: ", end));
    List list;
    for (const std::string& each : unmet) list.emplace_back(each);
    return object({{"scenario", rehearsal.name},
                   {"state", result.end.state},
                   {"why", result.end.why},
                   {"simulated_ms", result.lasted_ms},
                   {"unmet", Value(std::move(list))}});
  }

  // What did not come as it should; told with its place.
  std::vector<std::string> judged(const Rehearsal& rehearsal, const ScriptedResult& result) const {
    const std::vector<Diagnostic> unmet = unmet_expectations(rehearsal.scenario, result);
    std::fflush(stdout);
    std::vector<std::string> messages;
    for (const Diagnostic& each : unmet) messages.push_back(each.message);
    if (!unmet.empty()) fmt::print(stderr, "{}", render_all(unmet, unmet.size(), *rehearsal.scenario.source));
    if (rehearsal.scenario.expected.state || result.end.state == "succeeded") return messages;
    const std::string at = result.end.instance.empty() ? "" : fmt::format(" at step `{}`", result.end.instance);
    messages.push_back(fmt::format("the run is {}{}: {}", result.end.state, at, result.end.why));
    fmt::print(stderr, "runbook: {}\n", messages.back());
    return messages;
  }

  Value killed(const Rehearsal& rehearsal, const RunFacts& facts) {
    const KillReport report = kill_everywhere(facts, rehearsal.scenario);
    say(fmt::format("{}: {} points, {} same, {} asked, {} wrong", rehearsal.name, report.points, report.same, report.asked,
                    report.wrong));
    Map asked;
    for (const auto& [step, times] : report.asked_about) {
      say(fmt::format("  asked about `{}` at {} points: {}", step, times, why_asked(*runbook_->find_step_of(step))));
      asked.emplace_back(step, times);
    }
    List wrongs;
    for (const std::string& wrong : report.wrongs) {
      say("  wrong " + wrong);
      wrongs.emplace_back(wrong);
    }
    has_failed_ = has_failed_ || report.wrong > 0;
    return object({{"scenario", rehearsal.name},
                   {"points", report.points},
                   {"same", report.same},
                   {"asked", report.asked},
                   {"wrong", report.wrong},
                   {"asked_about", Value(std::move(asked))},
                   {"wrongs", Value(std::move(wrongs))}});
  }

  static std::string why_asked(const Step& step) {
    if (!step.done_when)
      return fmt::format("its effect is {}, and no `done_when` tells whether it happened", effect_name(step.effect));
    return step.done_when->decides ? "its `done_when` can't tell" : "its `done_when` says no, and has no `decides: true`";
  }

  const Arguments& arguments_;
  fs::path path_;
  std::shared_ptr<const Runbook> runbook_;
  List rows_;
  bool is_alone_ = false, has_failed_ = false;
};

}  // namespace

int rehearse_command(const Arguments& arguments) {
  return Rehearsing(arguments, find_runbook(arguments.operands().front())).run();
}

}  // namespace runbook
