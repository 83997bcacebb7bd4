#include "cli/session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>

#include "base/error.h"
#include "base/json.h"
#include "base/shell_word.h"
#include "base/suggestion.h"
#include "book/yaml_reader.h"
#include "os/files.h"
#include "os/terminal.h"
#include "plugins/all.h"
#include "report/viewed_steps.h"
#include "state/instance_name.h"

namespace runbook {

namespace fs = std::filesystem;

fs::path journal_path(const Arguments& arguments) {
  if (auto given = arguments.value("--journal")) return fs::absolute(*given);
  return default_journal_path();
}

std::string journal_words(const Arguments& arguments) {
  auto given = arguments.value("--journal");
  return given ? " --journal " + quoted_for_shell(*given) : "";
}

namespace {

std::vector<fs::path> runbook_folders() {
  std::vector<fs::path> folders;
  if (const char* path = std::getenv("RUNBOOK_PATH")) {
    std::string_view rest = path;
    while (!rest.empty()) {
      auto colon = std::min(rest.find(':'), rest.size());
      if (colon > 0) folders.emplace_back(rest.substr(0, colon));
      rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
  }
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) folders.push_back(program.parent_path().parent_path() / "share" / "runbook");
  return folders;
}

}  // namespace

std::vector<std::string> known_runbooks() {
  std::vector<std::string> names;
  for (const auto& folder : runbook_folders()) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (entry.path().extension() == ".yaml") names.push_back(entry.path().filename().string());
    }
  }
  return names;
}

namespace {

// The file in the word's own folder that was probably meant, as it would be typed; "" if there is none.
std::string near_file(const fs::path& word) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(word.has_parent_path() ? word.parent_path() : ".", error)) {
    fs::path name = entry.path().filename();
    bool is_runbook = name.extension() == ".yaml" || name.extension() == ".yml";
    if (is_runbook && name.stem() == word.filename()) return (word.parent_path() / name).string();
    if (is_runbook) names.push_back(name.string());
  }
  std::string near = nearest(word.filename().string(), names);
  return near.empty() ? "" : (word.parent_path() / near).string();
}

}  // namespace

fs::path find_runbook(const std::string& word) {
  std::error_code error;
  if (fs::is_directory(word, error))
    throw Error(ExitCode::usage, fmt::format("`{}` is a folder, and a runbook is a file", word), "name a file in it");
  if (fs::exists(word, error)) return fs::canonical(word);
  if (word.find('/') == std::string::npos) {
    for (const auto& folder : runbook_folders()) {
      for (const std::string& name : {word, word + ".yaml"}) {
        if (fs::exists(folder / name)) return fs::canonical(folder / name);
      }
    }
  }
  if (std::string near = near_file(word); !near.empty())
    throw Error(ExitCode::usage, fmt::format("there is no runbook `{}`", word), fmt::format("did you mean `{}`?", near));
  std::string hint = suggestion(word, known_runbooks());
  throw Error(ExitCode::usage, fmt::format("there is no runbook `{}`", word),
              hint.empty() ? "give a path, or put its folder into RUNBOOK_PATH" : hint);
}

namespace {

// The shorter of the two ways to write it.
std::string shown_path(const fs::path& path) {
  std::error_code error;
  fs::path relative = fs::relative(path, error);
  bool is_below = !error && !relative.empty() && relative.string().rfind("..", 0) != 0;
  return is_below ? relative.string() : path.string();
}

}  // namespace

SourcePtr read_source(const fs::path& path) { return std::make_shared<SourceText>(shown_path(path), read_file(path)); }

IncludeReader files_in(const fs::path& folder) {
  return [folder](const std::string& path) { return read_source(folder / path); };
}

std::shared_ptr<const Runbook> load_or_explain(const fs::path& path) {
  return load_or_explain(read_source(path), files_in(path.parent_path()));
}

std::shared_ptr<const Runbook> load_or_explain(const SourcePtr& source, const IncludeReader& read) {
  Loaded loaded = load_runbook(source, all_declarations(), read);
  fmt::print(stderr, "{}", render_all(loaded.diagnostics, loaded.errors + loaded.warnings, *source));
  if (loaded.runbook) return loaded.runbook;
  throw Error(ExitCode::usage,
              fmt::format("{} has {} error{}; nothing was run", source->name(), loaded.errors, loaded.errors == 1 ? "" : "s"));
}

SourcePtr stored_definition(const JournalFile& file, const RunState& state) {
  return std::make_shared<SourceText>(shown_path(state.file), file.blob(state.definition));
}

IncludeReader stored_includes(const JournalFile& file, const RunState& state) {
  const Value texts = state.included.empty() ? Value() : parse_json(file.blob(state.included));
  return [texts](const std::string& path) -> SourcePtr {
    const Value* text = texts.find(path);
    if (!text) throw Error(ExitCode::journal, fmt::format("the journal has no text of {}", path));
    return std::make_shared<SourceText>(path, text->as_text());
  };
}

std::shared_ptr<const Runbook> load_stored(const JournalFile& file, const RunState& state) {
  return load_or_explain(stored_definition(file, state), stored_includes(file, state));
}

std::vector<KnownCommit> commits_known_to(const AttemptLog& log) {
  if (log.last_seq == 0) return {};
  return {{"the supervisor's log", {0, log.last_seq, log.last_hash}}};
}

void require_nothing_lost(const JournalFile& file, const std::string& run) {
  require_not_behind(file, run, commits_known_to(read_attempt_log(file.run_folder(run))));
}

void require_step(const JournalFile& file, const RunState& state, const std::string& step) {
  const auto stored = [&](const std::string& digest) { return digest.empty() ? Value() : parse_json(file.blob(digest)); };
  std::vector<std::string> names, of_the_step;
  for (const ViewedStep& each : viewed_steps(stored(state.outline), state, stored)) {
    if (each.instance == step) return;
    names.push_back(each.instance);
    if (name_without_keys(each.instance) == step) of_the_step.push_back(each.instance);
  }
  if (of_the_step.empty())
    throw Error(ExitCode::usage, fmt::format("this run has no step `{}`", step), suggestion(step, names));
  constexpr std::size_t most = 10;
  const bool is_long = of_the_step.size() > most;
  if (is_long) of_the_step.resize(most);
  throw Error(ExitCode::usage, fmt::format("`{}` stands in a loop, which made several of it", step),
              fmt::format("say which: {}{}", fmt::join(of_the_step, ", "), is_long ? " ..." : ""));
}

namespace {

NodePtr read_inputs_file(const std::string& path) {
  auto source = std::make_shared<SourceText>(path, read_file(path));
  std::vector<Diagnostic> problems;
  NodePtr root = read_yaml(*source, problems);
  fmt::print(stderr, "{}", render_all(problems, problems.size(), *source));
  if (!root || has_errors(problems)) throw Error(ExitCode::usage, fmt::format("{} can't be read", path));
  if (root->kind != Node::Kind::map)
    throw Error(ExitCode::usage, fmt::format("{}: a map of inputs is wanted", path), "name: value");
  return root;
}

}  // namespace

bool can_ask(const Arguments& arguments) {
  return !arguments.has("--non-interactive") && is_terminal(STDIN_FILENO) && is_terminal(STDERR_FILENO);
}

GivenInputs given_inputs(const Arguments& arguments, const fs::path& folder, Looking looking) {
  GivenInputs given;
  given.look = input_sources(folder, looking);
  for (const auto& word : arguments.values("--input")) given.flags.push_back(split_assignment("-i", word));
  if (auto file = arguments.value("--inputs")) given.file = read_inputs_file(*file);
  given.environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
  return given;
}

Value with_absolute_paths(const Runbook& runbook, const std::filesystem::path& folder, Value inputs) {
  for (const Input& input : runbook.inputs) {
    if (input.type != ValueType::path) continue;
    std::string text = inputs.text_or(input.name, "");
    if (!text.empty()) inputs = with(inputs, input.name, (folder / text).lexically_normal().string());
  }
  return inputs;
}

Value inputs_for_a_look(const Arguments& arguments, const Runbook& runbook, const std::filesystem::path& path) {
  GivenInputs given = given_inputs(arguments, path.parent_path(), Looking::without_running);
  given.leaves_out_secrets = true;
  return with_absolute_paths(runbook, path.parent_path(), resolve_inputs(runbook, given).values);
}

}  // namespace runbook
