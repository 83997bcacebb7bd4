#pragma once
// The table of commands; parser, help and the list in the README come from it.
#include <vector>

#include "cli/arguments.h"

namespace runbook {

const std::vector<CommandRow>& command_table();
const CommandRow& find_command(const std::string& name);  // throws Error (exit 2) with "did you mean"
std::string help_text();
struct ExitCodeDoc {
  int number;
  std::string_view meaning;
};
const std::vector<ExitCodeDoc>& exit_codes();
// What RUN is.
std::string_view designator_help();
std::string help_text(const CommandRow& row);

// Each gives the exit code, prints results on standard output, or throws Error.
int run_command(const Arguments& arguments);
// `run`, and before each step a person at the terminal is asked.
int walk_command(const Arguments& arguments);
int check_command(const Arguments& arguments);
int eval_command(const Arguments& arguments);
int plan_command(const Arguments& arguments);
int rehearse_command(const Arguments& arguments);
int init_command(const Arguments& arguments);
int types_command(const Arguments& arguments);
int schema_command(const Arguments& arguments);
int runs_command(const Arguments& arguments);
int show_command(const Arguments& arguments);
int why_command(const Arguments& arguments);
int logs_command(const Arguments& arguments);
int resolve_command(const Arguments& arguments);
int skip_command(const Arguments& arguments);
int confirm_command(const Arguments& arguments);
int reject_command(const Arguments& arguments);
// Whether the step waits for a person; then to leave it out is an answer to that question, which has been given.
bool skip_by_answer(const Arguments& arguments, const std::string& because);
// Whether somebody is asked about the step that failed; then to try it again is an answer to that question, which has been given.
bool redo_by_answer(const Arguments& arguments, const std::string& because);
int redo_command(const Arguments& arguments);
int cancel_command(const Arguments& arguments);
int handoff_command(const Arguments& arguments);
int graph_command(const Arguments& arguments);
int undo_command(const Arguments& arguments);
int verify_command(const Arguments& arguments);
int report_command(const Arguments& arguments);
int scrub_command(const Arguments& arguments);
int export_command(const Arguments& arguments);
int prune_command(const Arguments& arguments);
int doctor_command(const Arguments& arguments);
int aws_command(const Arguments& arguments);
int man_command(const Arguments& arguments);
int completion_command(const Arguments& arguments);
int complete_command(const Arguments& arguments);

}  // namespace runbook
