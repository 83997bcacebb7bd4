#include "cli/scenarios.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/suggestion.h"
#include "book/given_value.h"
#include "book/yaml_value.h"
#include "cli/session.h"

namespace runbook {

namespace fs = std::filesystem;

namespace {

fs::path folder_of(const fs::path& runbook) { return runbook.parent_path() / "rehearsals" / runbook.stem(); }

std::vector<fs::path> files_in_folder(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    if (entry.path().extension() == ".yaml" || entry.path().extension() == ".yml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Those that are given, and stand-ins, of which no pattern is asked: what they stand for is known to nobody here.
std::map<std::string, std::string> secrets_of(const GivenInputs& given, const Runbook& runbook) {
  std::map<std::string, std::string> secrets = resolve_secrets(runbook, given);
  for (const Input& input : runbook.inputs)
    if (input.type == ValueType::secret) secrets.try_emplace(input.name, "rehearsed " + input.name);
  return secrets;
}

// What the scenario gives; behind it the examples of inputs that must be given.
NodePtr inputs_of(const Scenario& scenario, const Runbook& runbook) {
  Map examples;
  for (const Input& input : runbook.inputs) {
    if (input.type != ValueType::secret && !input.fallback && !input.example.is_null())
      examples.emplace_back(input.name, input.example);
  }
  std::string why;
  NodePtr all = parse_given(to_yaml(Value(std::move(examples))), why);
  auto merged = std::make_shared<Node>();
  merged->kind = Node::Kind::map;
  if (scenario.inputs) {
    for (const Node::Member& member : scenario.inputs->members) merged->members.push_back(member);
  }
  for (const Node::Member& member : all ? all->members.all() : std::vector<Node::Member>()) {
    if (!merged->find(member.key)) merged->members.push_back(member);
  }
  return merged;
}

}  // namespace

std::vector<fs::path> scenario_files(const fs::path& runbook) { return files_in_folder(folder_of(runbook)); }

fs::path find_scenario(const std::string& word, const fs::path& runbook) {
  if (fs::is_regular_file(word)) return word;
  std::vector<std::string> names;
  for (const fs::path& file : scenario_files(runbook)) {
    if (file.stem() == word || file.filename() == word) return file;
    names.push_back(file.stem().string());
  }
  throw Error(ExitCode::usage,
              fmt::format("there is no scenario `{}`, neither as a file nor in {}", word, folder_of(runbook).string()),
              names.empty() ? "" : suggestion(word, names));
}

Scenario read_scenario(const fs::path& file, const Runbook& runbook) {
  const SourcePtr source = read_source(file);
  LoadedScenario loaded = load_scenario(source, runbook);
  if (!loaded.diagnostics.empty()) fmt::print(stderr, "{}", render_all(loaded.diagnostics, loaded.diagnostics.size(), *source));
  if (!loaded.scenario)
    throw Error(ExitCode::usage, fmt::format("{} is no scenario of this runbook; nothing was tried", file.string()));
  return *std::move(loaded.scenario);
}

InputValues rehearsed_inputs(const Arguments& arguments, const Scenario& scenario, const Runbook& runbook) {
  GivenInputs given;
  for (const std::string& word : arguments.values("--input")) given.flags.push_back(split_assignment("-i", word));
  given.file = inputs_of(scenario, runbook);
  given.environment = [](const std::string&) { return std::nullopt; };
  given.leaves_out_secrets = true;
  InputValues inputs = resolve_inputs(runbook, given);
  inputs.secrets = secrets_of(given, runbook);
  return inputs;
}

std::map<std::string, std::string> rehearsed_secrets(const Runbook& runbook) {
  GivenInputs nothing;
  nothing.environment = [](const std::string&) { return std::nullopt; };
  nothing.leaves_out_secrets = true;
  return secrets_of(nothing, runbook);
}

}  // namespace runbook
