#pragma once
// What shell and exec share: a command that is run by the ProcessRunner, and what its end means.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/process_runner.h"
#include "plugins/followed_stream.h"
#include "step/step_type.h"

namespace runbook {

// Files that the parameters of shell and exec name: standard input, and words that could be the path of a script.
std::vector<NamedPath> files_of_process(const Value& params);

// What `stdin` of the parameters gives; none: empty. Throws Error for a file that can't be read.
std::optional<std::string> standard_input(const Value& params, const std::string& dir);

// What outputs look into.
constexpr const char* process_result =
    "{stdout, stderr, exit_code, json}: what it wrote, its exit code, and json if standard output parses as JSON";

// Runs, or takes up, the command and says what became of it.
class ProcessStep : public StepType {
 public:
  ProcessStep(Declaration declaration, ProcessRunner* runner) : declaration_(std::move(declaration)), runner_(runner) {}
  const Declaration& declaration() const override { return declaration_; }
  Outcome run(const StepContext& context) const override;
  Outcome attach(const StepContext& context) const override;

 protected:
  virtual std::vector<std::string> argv(const Value& params) const = 0;
  // A type that can take up a stream where an earlier look stopped says how, and which lines that look has had already. `position` is what
  // `followed_line` gave for the last line that was read, and "" at first. Without: each look reads from the beginning.
  virtual std::vector<std::string> argv_from(const Value& params, const std::string& /*position*/) const {
    return argv(params);
  }
  // Where a look that begins stands, before its first line.
  virtual std::string position_from(const Value& /*params*/, const std::string& position) const { return position; }
  virtual FollowedLine followed_line(std::string_view line, const std::string& /*position*/) const {
    return {std::string(line), "", false};
  }

 private:
  Command command_for(const StepContext& context) const;
  Outcome follow(const StepContext& context, Command command) const;

  Declaration declaration_;
  ProcessRunner* runner_;
};

// "name=value" lines of $RUNBOOK_OUTPUT, in order, the last of a name counts. False: a line is not of that form; `why` quotes it.
bool parse_named_outputs(const std::string& text, std::vector<std::pair<std::string, std::string>>& into, std::string& why);

}  // namespace runbook
