// man: the manual page, from the table of commands.
#include "cli/man_page.h"

#include <fmt/format.h>

#include "base/lines.h"
#include "cli/commands.h"
#include "cli/version.h"

namespace runbook {

namespace {

struct Named {
  std::string_view name, doc;
};

constexpr Named environment[] = {
    {"RUNBOOK_JOURNAL", "The journal, where --journal names none."},
    {"RUNBOOK_PATH", "Folders with runbooks, separated by colons: a FILE without a slash is looked for in them too."},
    {"RUNBOOK_INPUT_NAME",
     "The value of the input `name`: behind -i and --inputs, before the input's own `from` and `default`."},
    {"RUNBOOK_ALLOWED_SIGNERS", "The file of those whose signatures count for approvals, as ssh-keygen has it."},
    {"RUNBOOK_AWS_MODELS", "The folder of the models of AWS's services, where botocore's own are not to be taken."},
    {"AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID ...", "As the AWS command line reads them."},
    {"XDG_STATE_HOME", "The folder of the journal, where it is named nowhere."},
    {"TZ", "The time zone of local times; a report names it."},
    {"XDG_CONFIG_HOME", "The folder of allowed_signers."},
    {"XDG_CACHE_HOME", "The folder of what is remembered of AWS models, where it is not ~/.cache."},
    {"HOME", "Stands behind them."},
    {"SUDO_USER", "Who stands in the record, behind sudo."},
    {"PATH", "Where the programs of steps are looked for."},
    {"VISUAL, EDITOR", "The editor of `edit` at a terminal; without either vi."},
    {"SHELL", "The shell that `shell` opens at a terminal; without it /bin/sh."},
    {"NO_COLOR", "Anything but nothing: no colour."},
    {"TERM", "`dumb`: no colour either."},
    {"COLUMNS", "The width of a terminal that does not say it itself."},
    {"LC_ALL, LC_CTYPE, LANG", "A locale that is not one of UTF-8 gets ASCII where instructions are rendered."},
};

constexpr Named files[] = {
    {"$XDG_STATE_HOME/runbook/journal.db, ~/.local/state/runbook/journal.db", "The journal: an SQLite file."},
    {"JOURNAL.d/RUN/", "Of each run its lock, the last commit, and what its supervisor keeps."},
    {"PREFIX/share/runbook/*.yaml", "The installed runbooks, found by their names."},
    {"rehearsals/RUNBOOK/*.yaml", "Beside a runbook: the scenarios of its rehearsals."},
    {"~/.config/runbook/allowed_signers", "Whose signatures count for approvals."},
};

// What roff would read as its own is said to be text.
std::string escaped(std::string_view text) {
  std::string safe;
  for (char c : text) {
    if (c == '\\') safe += "\\e";
    else if (c == '-') safe += "\\-";
    else if (c == '\'') safe += "\\(aq";
    else if (c == '`') safe += "\\(ga";
    else if (c == '^') safe += "\\(ha";
    else if (c == '~') safe += "\\(ti";
    else safe += c;
  }
  return safe.starts_with('.') ? "\\&" + safe : safe;
}

class Page {
 public:
  void section(std::string_view title) { text += fmt::format(".SH {}\n", title); }
  void prose(std::string_view words) { text += escaped(words) + "\n"; }
  void paragraph(std::string_view words) {
    text += ".PP\n";
    prose(words);
  }
  void entry(std::string_view name, std::string_view doc) {
    text += fmt::format(".TP\n\\fB{}\\fR\n{}\n", escaped(name), escaped(doc));
  }

  void command(const CommandRow& row) {
    const std::string operands = row.operands.empty() ? "" : fmt::format(" \\fI{}\\fR", escaped(row.operands));
    text += fmt::format(".SS {}\n\\fBrunbook {}\\fR{}\n.PP\n{}\n", escaped(row.name), escaped(row.name), operands,
                        escaped(row.summary));
    for (const Option& option : row.options) this->option(option);
    example(row.example);
  }

  void option(const Option& option) {
    text += ".TP\n";
    if (option.letter) text += fmt::format("\\fB\\-{}\\fR, ", option.letter);
    text += fmt::format("\\fB{}\\fR", escaped(option.name));
    if (option.takes == Takes::value) text += fmt::format(" \\fI{}\\fR", escaped(option.placeholder));
    if (option.takes == Takes::maybe_value) text += fmt::format(" [\\fI{}\\fR]", escaped(option.placeholder));
    text += "\n" + escaped(option.doc) + "\n";
  }

  void example(std::string_view lines) {
    text += ".PP\n.RS 4\n.nf\n";
    for (std::string_view line : lines_of(lines)) text += escaped(line) + "\n";
    text += ".fi\n.RE\n";
  }

  std::string text;
};

void add_commands(Page& page) {
  page.section("COMMANDS");
  page.prose("Every command takes these options too:");
  for (const Option& option : common_options()) page.option(option);
  for (const CommandRow& row : command_table())
    if (!row.is_hidden) page.command(row);
}

}  // namespace

std::string man_page() {
  Page page;
  page.text = fmt::format(".TH RUNBOOK 1 \"\" \"runbook {}\"\n.nh\n.ad l\n", version);
  page.section("NAME");
  page.text += "runbook \\- deployment procedures that run once, are never forgotten, and can always go on\n";
  page.section("SYNOPSIS");
  page.text +=
      "\\fBrunbook\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR ...] [\\fIOPERAND\\fR ...]\n.PP\n\\fBrunbook help\\fR "
      "[\\fICOMMAND\\fR]\n";
  page.text += ".PP\n\\fBrunbook \\-\\-version\\fR\n";
  page.section("DESCRIPTION");
  page.prose(
      "A runbook is a YAML file of typed steps. The engine runs them, journals every intent and every outcome durably before "
      "anything else happens, and goes on after a failure, a crash, a lost terminal or a reboot.");
  page.paragraph(
      "Nothing runs twice by accident, nothing that ran is forgotten. A step of which nobody knows whether it took effect is "
      "in "
      "doubt: a person decides.");
  page.paragraph("FILE is a path, or the name of a runbook in RUNBOOK_PATH or of an installed one. " +
                 std::string(designator_help()));
  page.paragraph("Results are written on standard output, progress and questions on standard error.");
  add_commands(page);
  page.section("EXIT STATUS");
  for (const ExitCodeDoc& code : exit_codes()) page.entry(fmt::format("{}", code.number), code.meaning);
  page.section("ENVIRONMENT");
  for (const Named& variable : environment) page.entry(variable.name, variable.doc);
  page.section("FILES");
  for (const Named& file : files) page.entry(file.name, file.doc);
  page.section("EXAMPLES");
  page.prose("A runbook is tried, run, looked at and gone on with:");
  page.example(
      "runbook check deploy.yaml\nrunbook rehearse deploy.yaml\nrunbook run deploy.yaml -i name=value\nrunbook show last\n"
      "runbook run deploy.yaml --resume");
  return page.text;
}

int man_command(const Arguments&) {
  fmt::print("{}", man_page());
  return 0;
}

}  // namespace runbook
