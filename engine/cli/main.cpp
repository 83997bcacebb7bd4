// main → commands (the table) → run_command → loader → decide → executor → journal.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/error.h"
#include "base/suggestion.h"
#include "cli/commands.h"
#include "cli/version.h"
#include "os/core_dumps.h"
#include "os/supervisor.h"
#include "os/terminal.h"

namespace {

// Before the command only what every command takes.
void require_common_option(const std::string& word) {
  using namespace runbook;
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string> names{"--version"};
  for (const Option& option : common_options()) names.emplace_back(option.name);
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  const std::string near = suggestion(name, names, 0);
  throw Error(ExitCode::usage, fmt::format("there is no option `{}` before a command", name),
              near.empty() ? "runbook COMMAND ...; options of a command stand behind it" : near);
}

int dispatch(std::vector<std::string> words) {
  using namespace runbook;
  // Options before the command are the command's: `runbook --journal FILE run ...`.
  std::size_t at = 0;
  while (at < words.size() && words[at].size() > 1 && words[at][0] == '-') {
    if (words[at] == "--version") return fmt::print("runbook {}\n", version), 0;
    if (words[at] == "--help" || words[at] == "-h") return fmt::print("{}", help_text()), 0;
    require_common_option(words[at]);
    at += words[at] == "--journal" ? 2 : 1;
  }
  if (at >= words.size()) {
    fmt::print(stderr, "{}", help_text());
    return static_cast<int>(ExitCode::usage);
  }
  if (words[at] == "help") {
    const bool is_of_one = at + 1 < words.size() && !words[at + 1].starts_with('-');
    return fmt::print("{}", is_of_one ? help_text(find_command(words[at + 1])) : help_text()), 0;
  }
  const CommandRow& row = find_command(words[at]);
  words.erase(words.begin() + static_cast<std::ptrdiff_t>(at));
  Arguments arguments = Arguments::parse(row, words);
  if (arguments.wants_help()) return fmt::print("{}", help_text(row)), 0;
  return row.run(arguments);
}

}  // namespace

int main(int argc, char** argv) {
  runbook::remember_command_line(argc, argv);
  runbook::bear_a_lost_terminal();
  runbook::forbid_core_dumps();
  try {
    int code = dispatch({argv + 1, argv + argc});
    return std::fflush(stdout) == 0 ? code : static_cast<int>(runbook::ExitCode::step_failed);
  } catch (const runbook::Error& error) {
    std::fflush(stdout);
    fmt::print(stderr, "runbook: {}\n", error.what());
    if (!error.hint().empty()) fmt::print(stderr, "{}", runbook::hint_lines(error.hint()));
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "runbook: {}\n", error.what());
    return static_cast<int>(runbook::ExitCode::step_failed);
  }
}
