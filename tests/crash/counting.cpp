// The table of step types with one more, for a binary of the tests: an effect in the engine's own process, which dies with it.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "plugins/all.h"

namespace runbook {

namespace {

Declaration counting_declaration() {
  Declaration counting;
  counting.name = "counting";
  counting.summary = "Waits for a file, then appends `line`/n to another.";
  counting.main_param = "line";
  counting.dies_with_engine = true;
  counting.params = {
      {"line", Param::Type::value, "What is appended.", true, {}, {}},
      {"to", Param::Type::value, "The file.", true, {}, {}},
      {"begun", Param::Type::value, "Where it says that it waits.", true, {}, {}},
      {"gate", Param::Type::value, "The file that it waits for.", true, {}, {}},
      {"answer", Param::Type::value, "The file that it waits for when it is committed to its effect.", true, {}, {}}};
  return counting;
}

class Counting : public StepType {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Outcome run(const StepContext& context) const override {
    const auto param = [&](const char* name) { return context.params.get(name).as_text(); };
    append(param("begun"), fmt::format("{}/{}", param("line"), context.n));
    Outcome outcome;
    outcome.kind = Outcome::Kind::cancelled;
    outcome.reason = "it was stopped";
    if (!opened(param("gate"), context)) return outcome;
    context.about_to_send();
    outcome.kind = Outcome::Kind::unknown;
    if (!opened(param("answer"), context)) return outcome;
    append(param("to"), fmt::format("{}/{}", param("line"), context.n));
    outcome.kind = Outcome::Kind::succeeded;
    outcome.reason.clear();
    return outcome;
  }

  Outcome attach(const StepContext& context) const override {
    Outcome outcome;
    outcome.kind = context.was_sent == StepContext::Sent::no ? Outcome::Kind::not_started : Outcome::Kind::unknown;
    outcome.reason = "the engine that performed it has died";
    return outcome;
  }

 private:
  // False: it was stopped before.
  static bool opened(const std::string& gate, const StepContext& context) {
    while (!std::filesystem::exists(gate)) {
      if (context.stop.stop_requested()) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }

  static void append(const std::string& path, const std::string& line) { std::ofstream(path, std::ios::app) << line + "\n"; }

  Declaration declaration_ = counting_declaration();
};

}  // namespace

const Declarations& all_declarations() {
  static const Declarations all{shell_declaration(),      exec_declaration(),        counting_declaration(),
                                git_target_declaration(), host_target_declaration(), directory_target_declaration()};
  return all;
}

std::vector<std::unique_ptr<StepType>> all_step_types(ProcessRunner* runner) {
  std::vector<std::unique_ptr<StepType>> types;
  types.push_back(make_shell(runner));
  types.push_back(make_exec(runner));
  types.push_back(std::make_unique<Counting>());
  return types;
}

std::vector<std::unique_ptr<TargetType>> all_target_types() {
  std::vector<std::unique_ptr<TargetType>> types;
  types.push_back(make_git_target());
  types.push_back(make_host_target());
  types.push_back(make_directory_target());
  return types;
}

}  // namespace runbook
