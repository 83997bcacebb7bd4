#pragma once
// What a person is told when a run pauses or ends: what happened, and what to type next.
#include <optional>
#include <string>
#include <vector>

#include "book/runbook.h"
#include "report/markdown_text.h"
#include "run/decide.h"
#include "state/run_state.h"

namespace runbook {

// A step that failed, and what is known of it.
struct Failure {
  std::string step, why;  // step: "": none, the run itself
  std::string output;     // what it wrote, its last part
  std::string findings;   // what a person would look at next, or ""
};

struct Advice {
  const Runbook& runbook;
  const RunState& state;
  std::string run;
  std::string file;           // as it can be typed
  std::string journal_words;  // " --journal X", or ""
  std::string output;         // as in Failure, of the step that it ends at
  std::string findings;
  Value form;                                            // of the question that waits: what is asked in detail
  std::optional<MarkdownStyle> markdown = std::nullopt;  // how its instructions look; nullopt: as they are written
  std::string resume_words = "run";                      // the command that goes on with it
  std::optional<Failure> first = std::nullopt;           // why a run that is given up failed, before its cleanup ran
};
std::string advise(const Advice& advice, const End& end, bool has_running_steps);

// What the author of the runbook says about a failure that shows itself in one of these texts: lines, or "".
std::string hints_for(const Step& step, const std::vector<std::string>& texts);

// What has to stand behind `runbook confirm RUN STEP`: " --set name=... --note "..."".
std::string what_to_give(const Value& form);

// The last lines of a text, each after `margin`.
std::string last_lines(const std::string& text, std::size_t count, const std::string& margin);

}  // namespace runbook
