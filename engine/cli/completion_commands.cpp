// completion, and complete, which its scripts ask.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/completion.h"

namespace runbook {

int completion_command(const Arguments& arguments) {
  fmt::print("{}", completion_script(arguments.operands().at(0)));
  return 0;
}

int complete_command(const Arguments& arguments) {
  const Completion completion = complete_line(arguments.operands());
  for (const Candidate& candidate : completion.candidates)
    fmt::print("{}{}{}\n", candidate.word, candidate.doc.empty() ? "" : "\t", candidate.doc);
  if (completion.files == FileNames::runbooks) fmt::print(":runbooks\n");
  if (completion.files == FileNames::any) fmt::print(":files\n");
  return 0;
}

}  // namespace runbook
