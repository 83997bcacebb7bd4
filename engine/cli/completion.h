#pragma once
// What could stand next on a command line, from the table of commands, the journal and the runbooks. The shells ask by the hidden
// command `complete`; their scripts hold no list of their own.
#include <string>
#include <vector>

namespace runbook {

struct Candidate {
  std::string word;
  std::string doc;
};

// Names of files, which shells complete better than we could.
enum class FileNames { none, runbooks, any };

struct Completion {
  std::vector<Candidate> candidates;
  FileNames files = FileNames::none;
};

// `words` are those behind `runbook`; the last one is being written. Never throws: what can't be read gives no candidates.
Completion complete_line(const std::vector<std::string>& words);

// bash, zsh, fish
const std::vector<std::string>& completion_shells();
// What the shell is to source. Throws Error (exit 2) with "did you mean".
std::string completion_script(const std::string& shell);

}  // namespace runbook
