#include "cli/commands.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/suggestion.h"

namespace runbook {

namespace {

const Option because = {"--because", 0, Takes::value, "TEXT", "why; stands in the record"};

// Those of `run` and `walk`, with those that each of them has alone in the middle.
std::vector<Option> driving(std::vector<Option> own) {
  std::vector<Option> all = {
      {"--input", 'i', Takes::value, "NAME=VALUE", "an input; repeat it for more"},
      {"--inputs", 0, Takes::value, "FILE", "inputs from a YAML or JSON file"},
      {"--resume", 0, Takes::maybe_value, "RUN", "go on with RUN, or with the only unfinished run of FILE"},
  };
  all.insert(all.end(), own.begin(), own.end());
  const std::vector<Option> onward = {
      {"--accept", 0, Takes::nothing, "", "take tools of other versions than required; stands in the record"},
      {"--adopt", 0, Takes::nothing, "", "go on though the runbook has changed; what changed stands in the record"},
      {"--behind", 0, Takes::value, "STEP=run|skip", "of an adopted runbook: a step that is new where the run has passed"},
      {"--because", 0, Takes::value, "TEXT", "why it goes on, or is adopted; stands in the record"},
      {"--take-over", 0, Takes::nothing, "", "end the engine that drives the run, then go on"},
      {"--output", 'o', Takes::nothing, "", "show what the steps write, as they write it"},
  };
  all.insert(all.end(), onward.begin(), onward.end());
  return all;
}

std::vector<CommandRow> rows_of_running() {
  return {
      {"run", "[FILE]", "run a runbook, or go on with a run",
       driving({{"--non-interactive", 0, Takes::nothing, "", "ask nothing: pause and say which command answers"},
                {"--on-doubt", 0, Takes::value, "STEP=done|not-done|retry",
                 "decide beforehand if STEP is in doubt; never for an irreversible step"},
                {"--approve", 0, Takes::value, "STEP=PHRASE", "the phrase of an irreversible step"},
                {"--on-failure", 0, Takes::value, "cancel", "leave the run when a step fails, instead of pausing"}}),
       run_command, "runbook run imrt-aws.yaml -i cluster_name=dev.example.org\nrunbook run imrt-aws.yaml --resume"},
      {"walk", "[FILE]", "walk through a runbook step by step, at the terminal",
       driving({{"--rehearse", 0, Takes::maybe_value, "SCENARIO", "in a scripted world: nothing outside is touched"}}),
       walk_command, "runbook walk imrt-aws.yaml --rehearse\nrunbook walk imrt-aws.yaml --resume"},
      {"check", "FILE...", "all problems of runbooks, with their places", {}, check_command, "runbook check imrt-aws.yaml"},
      {"plan",
       "FILE",
       "what a run would do and why; nothing is run",
       {{"--input", 'i', Takes::value, "NAME=VALUE", "an input; repeat it for more"},
        {"--inputs", 0, Takes::value, "FILE", "inputs from a YAML or JSON file"},
        {"--live", 0, Takes::nothing, "", "look at the targets too, and at what steps would change there"}},
       plan_command,
       "runbook plan imrt-aws.yaml -i cluster_name=dev.example.org"},
      {"graph", "FILE", "a runbook as a Mermaid flowchart", {}, graph_command, "runbook graph imrt-aws.yaml > imrt-aws.mmd"},
      {"rehearse",
       "FILE",
       "try a runbook in a scripted world; nothing outside is touched",
       {{"--scenario", 0, Takes::value, "NAME", "one of rehearsals/RUNBOOK/*.yaml, or a file; all of them if left out"},
        {"--stop-after", 0, Takes::value, "STEP", "begin nothing behind this step"},
        {"--kill-everywhere", 0, Takes::nothing, "", "let the engine die at every commit, and compare the ends"},
        {"--input", 'i', Takes::value, "NAME=VALUE", "an input, instead of the scenario's; repeat it for more"}},
       rehearse_command,
       "runbook rehearse imrt-aws.yaml --scenario straight\nrunbook rehearse imrt-aws.yaml --kill-everywhere"},
  };
}

std::vector<CommandRow> rows_of_writing() {
  return {
      {"eval",
       "EXPRESSION",
       "an expression over the JSON on standard input: JMESPath",
       {{"--strict", 0, Takes::nothing, "", "as in runbooks: more functions, and no silent comparison of text with numbers"},
        {"--compact", 0, Takes::nothing, "", "the result in one line"}},
       eval_command,
       "kubectl get pods -o json | runbook eval \"items[?status.phase=='Running'].metadata.name\""},
      {"aws",
       "CALL",
       "one call of an AWS operation, as a step would make it; prints its answer",
       {{"--params", 0, Takes::value, "JSON", "its parameters; - reads them from standard input, @FILE from a file"},
        {"--save-to", 0, Takes::value, "FILE", "a file for the body of an answer that is a stream"},
        {"--region", 0, Takes::value, "REGION", "instead of AWS_REGION, or of the profile's"},
        {"--profile", 0, Takes::value, "NAME", "a profile of ~/.aws/config"},
        {"--endpoint-url", 0, Takes::value, "URL", "instead of the service's own"},
        {"--one-page", 0, Takes::nothing, "", "of an answer in pages the first alone"},
        {"--compact", 0, Takes::nothing, "", "the answer in one line"}},
       aws_command,
       "runbook aws sts.GetCallerIdentity\nrunbook aws ec2.DescribeVpcs --params '{\"VpcIds\": [\"vpc-1\"]}' --region "
       "us-east-2"},
      {"init",
       "[FILE]",
       "write a small, working runbook to begin with (runbook.yaml)",
       {},
       init_command,
       "runbook init deploy.yaml\nrunbook init -          prints it"},
      {"types",
       "[TYPE]",
       "what a step can be; of one type (or aws.rds.CreateDBCluster) its parameters and an example",
       {{"--markdown", 0, Takes::nothing, "", "all types as the reference in plugins/README.md"}},
       types_command,
       "runbook types shell"},
      {"schema",
       "",
       "a JSON Schema of runbooks, for editors; or of what `report --format json` writes",
       {{"--report", 0, Takes::nothing, "", "of reports"}},
       schema_command,
       "runbook schema > runbook.schema.json\n"
       "and as the first line of a runbook, for editors with a YAML language server:\n"
       "# yaml-language-server: $schema=runbook.schema.json"},
  };
}

std::vector<CommandRow> rows_of_looking() {
  return {
      {"runs", "", "the runs in the journal, newest first", {}, runs_command, "runbook runs"},
      {"show",
       "RUN",
       "where a run stands, step by step",
       {{"--definition", 0, Takes::nothing, "", "print the runbook as it was when the run began"}},
       show_command,
       "runbook show last"},
      {"why", "RUN STEP", "what happened to a step, and why", {}, why_command, "runbook why last cluster_valid"},
      {"logs",
       "RUN [STEP]",
       "what the steps wrote",
       {{"--follow", 'f', Takes::nothing, "", "go on showing until the run pauses or ends"}},
       logs_command,
       "runbook logs last apply_cluster -f"},
  };
}

std::vector<CommandRow> rows_of_deciding() {
  return {
      {"confirm",
       "RUN STEP",
       "say that a manual step is done, checklist and all; or approve a step that requires it",
       {{"--set", 0, Takes::value, "NAME=VALUE", "a value that the step collects; repeat it for more"},
        {"--note", 0, Takes::value, "TEXT", "evidence: what was seen"},
        {"--attach", 0, Takes::value, "FILE", "evidence: a file, or a URL"},
        {"--sign-with", 0, Takes::value, "FILE", "of an approval: an SSH key that signs it"}},
       confirm_command,
       "runbook confirm last subnet_group --set name=k8s-db --note 'all four subnets are in it'"},
      {"reject",
       "RUN STEP",
       "say that a manual step can't be done, or may not be: it fails, and the run stops there",
       {because},
       reject_command,
       "runbook reject last subnet_group --because 'the VPC has one subnet only'"},
      {"resolve",
       "RUN STEP done|not-done|retry",
       "settle a step that is in doubt",
       {{"--set", 0, Takes::value, "NAME=VALUE", "an output of the step (with done)"}, because},
       resolve_command,
       "runbook resolve last create_bucket done --because 'seen in the console'"},
      {"skip",
       "RUN STEP",
       "leave a step out",
       {because},
       skip_command,
       "runbook skip last warm_cache --because 'not needed today'"},
      {"redo",
       "RUN STEP",
       "have a step done anew, though it is done",
       {because},
       redo_command,
       "runbook redo last load_data --because 'the file was wrong'"},
  };
}

std::vector<CommandRow> rows_of_leaving() {
  return {
      {"cancel",
       "RUN",
       "leave a run for good; what runs is ended",
       {because, {"--take-over", 0, Takes::nothing, "", "end the engine that drives the run first"}},
       cancel_command,
       "runbook cancel last"},
      {"undo",
       "RUN",
       "take back what a run did, the last first",
       {{"--plan", 0, Takes::nothing, "", "show what would be undone, with its values; nothing is run"},
        {"--to", 0, Takes::value, "STEP", "back to this step, which is undone too; without it: all"},
        because,
        {"--output", 0, Takes::nothing, "", "show what the steps write"},
        {"--non-interactive", 0, Takes::nothing, "", "ask nothing; pause where a person is needed"},
        {"--take-over", 0, Takes::nothing, "", "end the engine that drives the run first"}},
       undo_command,
       "runbook undo last --plan\nrunbook undo last --to update_image"},
      {"handoff",
       "RUN",
       "release a run for somebody else, with a note and a summary; who goes on with it sees both, and is recorded",
       {{"--note", 0, Takes::value, "TEXT", "what the next one must know; - reads it from standard input"},
        {"--take-over", 0, Takes::nothing, "", "end the engine that drives the run first"}},
       handoff_command,
       "runbook handoff last --note 'the certificate comes on Monday; ask Bob about the subnet'"},
  };
}

std::vector<CommandRow> rows_of_proving() {
  return {
      {"report",
       "RUN",
       "what was done, when, by whom, with which result, what was different from the plan, and how it can be checked",
       {{"--format", 0, Takes::value, "md|html|json|junit", "by default what FILE is called by its ending, else md"},
        {"--from", 0, Takes::value, "TIME", "what happened since then; without an offset it is UTC"},
        {"--to", 0, Takes::value, "TIME", "what happened up to then; a date alone is all of that day"},
        {"--steps", 0, Takes::value, "STEP,...", "these steps alone"},
        {"--no-output", 0, Takes::nothing, "", "without what the steps wrote"},
        {"--out", 0, Takes::value, "FILE", "into this file, 0600, in place of what was there"},
        {"--sign", 0, Takes::nothing, "", "sign it with your SSH key; the signature is FILE.sig"},
        {"--sign-with", 0, Takes::value, "KEY", "sign it with this one: a private key, or a public one that ssh-agent has"}},
       report_command,
       "runbook report last --out report.html\nrunbook report last --format json --no-output\n"
       "runbook report last --out report.html --sign"},
      {"verify",
       "[RUN]",
       "recompute the chain of a run's records; or check a report against them, and against its signature",
       {{"--head", 0, Takes::value, "HASH", "a head that verify or show printed once, and that was kept elsewhere"},
        {"--report", 0, Takes::value, "FILE", "a report that `runbook report` made"},
        {"--signature", 0, Takes::value, "FILE", "of that report; by default its name with .sig, if that is there"},
        {"--allowed-signers", 0, Takes::value, "FILE",
         "whose signatures count (ssh-keygen(1), ALLOWED SIGNERS); by default those of approvals"}},
       verify_command,
       "runbook verify last\nrunbook verify last --head d566446e6b128dc23bf548c782372eec351a1b01ffe8bdaa37b9686fda9da734\n"
       "runbook verify --report report.html"},
  };
}

std::vector<CommandRow> rows_of_upkeep() {
  return {
      {"scrub",
       "RUN",
       "take a secret out of what a run recorded; its chain stands",
       {{"--value-from", 0, Takes::value, "FILE", "where the secret stands: a file, env:NAME, or - for standard input"},
        because},
       scrub_command,
       "runbook scrub last --value-from - --because 'the tool printed its token'"},
      {"export",
       "RUN",
       "one run as a journal of its own, to be kept or handed on; nothing runs in it",
       {{"--out", 'o', Takes::value, "FILE", "the archive; it must not be there yet"}},
       export_command,
       "runbook export last --out imrt-2026-11.db\nrunbook show last --journal imrt-2026-11.db"},
      {"prune",
       "",
       "archive runs that were left long ago, then remove them from the journal",
       {{"--keep", 0, Takes::value, "DURATION", "how long a run is kept after it was left"},
        {"--archive", 0, Takes::value, "FOLDER", "where archives are kept; else JOURNAL.archive"},
        {"--run", 0, Takes::value, "RUN", "this one alone"},
        {"--no-archive", 0, Takes::nothing, "", "keep none; wants --because"},
        because,
        {"--dry-run", 0, Takes::nothing, "", "say what would be done, and do nothing"}},
       prune_command,
       "runbook prune --keep 90d --dry-run\nrunbook prune --keep 90d --archive archive/"},
      {"doctor", "", "what could be wrong with the journal, its runs and this machine", {}, doctor_command, "runbook doctor"},
      {"completion",
       "bash|zsh|fish",
       "what makes a shell complete commands, runs and steps",
       {},
       completion_command,
       "source <(runbook completion bash)               in ~/.bashrc\n"
       "source <(runbook completion zsh)                in ~/.zshrc, behind compinit\n"
       "runbook completion fish | source                in ~/.config/fish/config.fish"},
      {"man",
       "",
       "the manual page, as roff",
       {},
       man_command,
       "runbook man | man -l -\nrunbook man > /usr/local/share/man/man1/runbook.1"},
      {"complete",
       "WORD...",
       "what could stand in place of the last word",
       {},
       complete_command,
       "runbook complete -- show ''",
       true},
  };
}

// In the order in which help shows them.
std::vector<CommandRow> make_table() {
  std::vector<CommandRow> table;
  for (const auto& rows : {rows_of_running(), rows_of_writing(), rows_of_looking(), rows_of_deciding(), rows_of_leaving(),
                           rows_of_proving(), rows_of_upkeep()})
    table.insert(table.end(), rows.begin(), rows.end());
  return table;
}

}  // namespace

const std::vector<CommandRow>& command_table() {
  static const std::vector<CommandRow> table = make_table();
  return table;
}

const CommandRow& find_command(const std::string& name) {
  std::vector<std::string> names;
  for (const CommandRow& row : command_table()) {
    if (row.name == name) return row;
    if (!row.is_hidden) names.emplace_back(row.name);
  }
  const std::string near = suggestion(name, names, 0);
  throw Error(ExitCode::usage, fmt::format("there is no command `{}`", name),
              near.empty() ? "`runbook help` lists those that there are" : near);
}

const std::vector<ExitCodeDoc>& exit_codes() {
  static const std::vector<ExitCodeDoc> codes = {{0, "succeeded"},
                                                 {1, "a step failed"},
                                                 {2, "usage or invalid runbook"},
                                                 {3, "waiting for a person"},
                                                 {4, "in doubt"},
                                                 {5, "another engine drives this run"},
                                                 {6, "the journal can't be used"},
                                                 {130, "interrupted"}};
  return codes;
}

std::string_view designator_help() { return "RUN is a run's id, the beginning of one, or `last`."; }

std::string help_text() {
  std::string text =
      "runbook: deployment procedures that run once, are never forgotten, and can always go on\n\nusage: runbook COMMAND "
      "...\n\n";
  for (const CommandRow& row : command_table()) {
    if (!row.is_hidden) text += fmt::format("  {:<44} {}\n", fmt::format("{} {}", row.name, row.operands), row.summary);
  }
  text += "\n  runbook COMMAND --help                        options and an example\n  runbook --version\n";
  text += fmt::format("\n{}\nexit codes: ", designator_help());
  for (const ExitCodeDoc& code : exit_codes()) {
    const char* behind = &code == &exit_codes().back() ? "\n" : code.number == 4 ? ",\n            " : ", ";
    text += fmt::format("{} {}{}", code.number, code.meaning, behind);
  }
  return text;
}

std::string help_text(const CommandRow& row) {
  std::string text = fmt::format("runbook {} {}\n    {}\n\n", row.name, row.operands, row.summary);
  auto describe = [&](std::string_view name, char letter, Takes takes, std::string_view placeholder, std::string_view doc) {
    std::string left = letter ? fmt::format("-{}, {}", letter, name) : std::string(name);
    if (takes == Takes::value) left += fmt::format(" {}", placeholder);
    if (takes == Takes::maybe_value) left += fmt::format(" [{}]", placeholder);
    text += fmt::format("  {:<36} {}\n", left, doc);
  };
  for (const Option& option : row.options) describe(option.name, option.letter, option.takes, option.placeholder, option.doc);
  describe("--journal", 0, Takes::value, "FILE", "the journal");
  describe("--json", 0, Takes::nothing, "", "the result as JSON");
  return text + fmt::format("\nexample:\n{}\n", row.example);
}

}  // namespace runbook
