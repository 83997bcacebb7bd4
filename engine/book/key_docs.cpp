#include "book/key_docs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace runbook {
namespace {

using enum Shape;

struct Group {
  std::string_view owner;
  std::vector<KeyDoc> keys;
};

constexpr auto yes = Needed::yes;
constexpr auto no = Needed::no;

Group of_runbook() {
  return {
      "a runbook",
      {{"runbook", name, "The name of the runbook; the file may carry another.", yes},
       {"title", plain_text, "What the runbook does, for people. The name, if left out."},
       {"version", plain_text, "The version of what it deploys."},
       {"source", text, "The document that it encodes."},
       {"summary", text, "What it does, in a sentence or two."},
       {"runbook_version", text, "Which versions of the engine may run it, as `>=1`."},
       {"requires", map, "What must be there before the first step.", no, {}, {}, &keys::requirements},
       {"tested_with", versions, "Versions that it has been tried with; others are told."},
       {"inputs", inputs,
        "What a run is asked for: a name and what its value must be. $inputs.NAME, and in scripts \"$NAME\"."},
       {"constraints", list, "What must hold for the inputs together.", no, {}, {}, &keys::constraint},
       {"vars", named_values, "Values made of inputs and of the vars above: $vars.NAME."},
       {"env", variables, "Environment variables of all steps."},
       {"dir", value, "Where steps run: an absolute path, or one that starts at the runbook's folder."},
       {"targets", targets,
        "What steps must hit, and nothing else: a name, and for each what is really there. It is looked at before every step "
        "that"
        " uses it; `from: STEP` of a row: what that step has made."},
       {"target", name, "The target of all its steps; a section or a step may name another."},
       {"lock", words, "Two runs with the same lock never run at the same time. Over $inputs and $vars."},
       {"defaults", defaults, "For each step type: keys and parameters that count where a step leaves them out."},
       {"steps", steps, "What is done, in this order: steps and sections.", yes},
       {"outputs", expressions, "What the run prints at its end."},
       {"notify", map, "What is called when a person is needed, and when the run ends.", no, {}, {}, &keys::notify},
       {"not_encoded", list, "What of the document is left out, and why.", no, {}, {}, &keys::uncovered},
       {"not_automated", list, "What people still do by hand, and why.", no, {}, {}, &keys::uncovered},
       {"finally", steps,
        "What is done when the run is left: at its end, when it is cancelled or undone. Not at a failure, which pauses it."},
       {"note", text, "For those who read the file."},
       {"tags", texts, "Words to find it by."}}};
}

Group of_section() {
  return {
      "a section",
      {{"section", plain_text, "The title of the section.", yes},
       {"id", name, "Unique among the sections."},
       {"when", expression, "Whether its steps run, asked once also of a loop; true or false."},
       {"env", variables, "Environment variables of its steps, besides those of what is around it."},
       {"dir", value, "Where its steps run."},
       {"target", name, "The target of its steps."},
       {"for_each", list_or_expression,
        "Does its steps for each item of a list: `$inputs.servers`, or the list itself. The list is evaluated once and "
        "recorded."},
       {"as", name,
        "The item's name inside the loop: with `as: server` $server, and in scripts \"$server\" if it is one value."},
       {"key", expression, "What tells the items apart, as `$server.name`. Needed where items are maps; else the item itself."},
       {"empty", choice, "`ok`: a list that is empty or null is no mistake.", no, {}, {"ok"}},
       {"concurrency", whole, "How many items are worked on at the same time.", no, 1, {}, nullptr, 1, 1000},
       {"batch", batches,
        "How many items make a batch: a number, a part as 25%, or a list of these of which the last repeats. A batch begins "
        "when"
        " the one before it is done. Left out: all are one batch."},
       {"max_failures", share, "How many items of a batch may fail, as a number or a part as 10%; more stop the loop.", no, 0},
       {"steps", steps, "Its steps, in this order. Sections nest."},
       {"parallel", steps, "Its steps and sections, side by side: each is a branch. Instead of `steps`."},
       {"watch", watches, "Looks beside its steps; what trips fails the section.", no, {}, {}, &keys::watch},
       {"rescue", steps, "What is done when a step of it has failed; then the section counts as done."},
       {"finally", steps, "What is done when the section is left, whether it was done, rescued or cancelled."},
       {"note", text, "For those who read the file."},
       {"tags", texts, "Words to find it by."},
       {"source", text, "The part of the document that it encodes."}}};
}

Group of_watch() {
  return {keys::watch.owner,
          {{"id", name, "Unique among the steps: `runbook why last ID`.", yes},
           {"trips_after", whole, "So many looks in a row that did not say yes.", no, 1, {}, nullptr, 1, 1'000'000},
           {"running",
            choice,
            "What happens then to what runs: it goes on to its end, or it is ended.",
            no,
            "leave",
            {"leave", "stop"}},
           {"on_trip", steps, "What is done then; before `rescue`."}}};
}

Group of_step() {
  return {
      "a step",
      {{"id", name, "Unique among the steps: $steps.ID.OUTPUT, `runbook why last ID`.", yes},
       {"title", plain_text, "What it does, for people. The id, if left out."},
       {"when", expression, "Whether it runs; true or false. If not, it is skipped and its outputs are null."},
       {"env", variables, "Environment variables of its processes, besides those of what is around it."},
       {"dir", value, "Where it runs: an absolute path, or one that starts at the runbook's folder."},
       {"target", name, "What it must hit: one of `targets`."},
       {"effect",
        choice,
        "What running it again means: nothing changes, the same again, it happens again, there is no way back.",
        no,
        {},
        {"read", "idempotent", "once", "irreversible"}},
       {"before", probe, "A look that records what stood before, as $before.", no, {}, {}, &keys::before},
       {"done_when",
        probe,
        "Looks whether it is done: before it (then it is not run), after it (if not, it failed), and in doubt.",
        no,
        {},
        {},
        &keys::done_when},
       {"verify", probe, "Looks after it whether all is well.", no, {}, {}, &keys::verify},
       {"outputs", outputs,
        "What later steps use: expressions over the result, or {} for what it writes as name=value to $RUNBOOK_OUTPUT."},
       {"output", map, "How much of what it writes is kept.", no, {}, {}, &keys::output_sizes},
       {"timeout", real_duration, "How long it may take. Without: as long as it takes."},
       {"on_timeout", choice, "What happens then: a person is asked, or it is ended.", no, "ask", {"ask", "kill"}},
       {"retry", map, "Tries again what failed; never what is in doubt.", no, {}, {}, &keys::retry},
       {"hints", list, "What to tell the person when it has failed.", no, {}, {}, &keys::hint},
       {"tty", flag, "It has the terminal of the person (sudo, an editor): relayed, not recorded. Without one the run pauses."},
       {"leaves", some_texts,
        "Which processes are meant to live on when it has ended (a tunnel), in words; they end with the run."},
       {"on_failure",
        choice,
        "What a failure of it does: it stops what comes after it, or not.",
        no,
        "stop",
        {"stop", "continue"}},
       {"undo", undo,
        "What takes it back, for `runbook undo`: a step type with its parameters. Sees $before and its own outputs."},
       {"note", text, "For the person at the terminal."},
       {"tags", texts, "Words to find it by."},
       {"requires_approval", map, "Who must approve before it has its effect.", no, {}, {}, &keys::approval},
       {"example", examples, "Values that its outputs could have, to try the runbook without running it."},
       {"was", name,
        "The id that this step had before: a run that began under that id knows it again when the changed runbook is"
        " adopted."},
       {"source", text, "The part of the document that it encodes."}}};
}

Group of_input() {
  return {"an input",
          {{"type",
            choice,
            "What its value is.",
            no,
            "string",
            {"string", "int", "number", "bool", "list", "map", "path", "duration", "secret"}},
           {"description", text, "What it means, for the person who is asked."},
           {"default", input_value, "The value if none is given; sees the inputs above it."},
           {"pattern", pattern, "A regular expression that the whole value matches."},
           {"example", input_value, "A value that could be given."},
           {"reject", map, "A value in which this pattern is found is refused.", no, {}, {}, &keys::reject},
           {"from", sources, "Where it comes from if nobody gives it: the first place that has it counts."},
           {"enum", values, "The values that may be given."},
           {"min", value, "The least value, of a number or a duration."},
           {"max", value, "The greatest value, of a number or a duration."},
           {"min_items", whole, "The least number of items.", no, {}, {}, nullptr, 0, 1'000'000},
           {"max_items", whole, "The greatest number of items.", no, {}, {}, nullptr, 0, 1'000'000}}};
}

Group of_manual() {
  return {"`manual`",
          {{"instructions", words, "What the person does, in their words; Markdown.", yes},
           {"checklist", items, "What is ticked one by one. Each tick is recorded."},
           {"collect", collected,
            "What the person gives: a name and what its value must be, as for inputs. $steps.ID.NAME in later steps."},
           {"evidence",
            choice,
            "Whether a note, a file or a URL goes into the record; left out, nobody is asked for one.",
            no,
            {},
            {"optional", "required"}}}};
}

Group of_include() {
  return {keys::include.owner,
          {{"file", path, "The other runbook: its path from the folder of this file.", yes},
           {"with", values_of_inputs, "Values of its inputs; what is not given has its default. Nobody is asked for them."}}};
}

Group of_notify() {
  return {keys::notify.owner,
          {{"exec", argv, "A program and its arguments; the event is JSON on its standard input. It has ten seconds.", yes}}};
}

Group of_approval() {
  return {keys::approval.owner,
          {{"by", some_texts, "Who may: accounts, groups, or principals of the allowed-signers file. Left out: anybody."},
           {"count", whole, "How many different people must.", no, 1, {}, nullptr, 1, 100},
           {"not_operator", flag, "Whether who drives the run may not.", no, false}}};
}

Group of_rejection() {
  return {keys::reject.owner,
          {{"pattern", pattern, "What must not be found in the value.", yes},
           {"because", text, "Why; stands in the message.", yes}}};
}

Group of_requirements() {
  return {keys::requirements.owner,
          {{"tools", versions, "Programs, each with the versions that will do: `1.9.0`, `>=1.10`, `*`."}}};
}

Group of_constraint() {
  return {keys::constraint.owner,
          {{"that", expression, "True or false, over $inputs and $vars.", yes},
           {"because", text, "Why; stands in the message.", yes}}};
}

Group of_output_rule() {
  return {"an output",
          {{"value", expression, "Over the result: `json.id`, `exit_code`."},
           {"regex", pattern, "Searched in standard output; its first group, or all that matches."},
           {"type", choice, "What the text is converted to.", no, "string", {"string", "int", "number", "bool"}},
           {"lines", flag, "The text becomes a list of its lines; alone: of standard output.", no, false},
           {"secret", flag, "Held in memory and masked; the step's output is not recorded.", no, false},
           {"keep", map, "Where a secret is found again when the run goes on with another engine.", no, {}, {}, &keys::keep}}};
}

Group of_keep() {
  return {keys::keep.owner,
          {{"file", value, "A file that the engine writes the secret to, for its owner alone."},
           {"command", values, "A program and its arguments, which prints the secret again."}}};
}

Group of_retry() {
  return {"`retry`",
          {{"attempts", whole, "How often in all, the first included.", yes, {}, {}, nullptr, 1, 1'000'000},
           {"delay", duration, "How long to wait before the second try.", no, "1s"},
           {"backoff", number, "By what the delay grows with each try.", no, 1, {}, nullptr, 1},
           {"max_delay", duration, "The longest delay.", no, "1h"},
           {"when", expression, "Over the failed result: whether it is tried again."}}};
}

Group of_hint() {
  return {"a hint",
          {{"match", pattern, "Searched in what it wrote, and in why it failed.", yes},
           {"say", text, "What is told then: the cause, and what to do.", yes}}};
}

Group of_output_sizes() {
  return {"`output`",
          {{"head", size, "How much of its beginning.", no, "64KB"}, {"tail", size, "How much of its end.", no, "64KB"}}};
}

Group of_uncovered() { return {"an entry", {{"what", text, "What is left out.", yes}, {"because", text, "Why.", yes}}}; }

// What all probes have in common.
Group of_probe() {
  return {"a probe",
          {{"that", expression, "Over the result: decides once the answer is yes; true or false."},
           {"outputs", outputs, "What later steps use: expressions over the result of the look."},
           {"every", real_duration, "How long to wait between two looks.", no, "2s"},
           {"timeout", duration, "How long to look, until the answer is yes. Without: one look."},
           {"look_timeout", real_duration, "How long one look may take.", no, "30s"},
           {"yes", some_exit_codes, "Exit codes that mean yes.", no, List{0}},
           {"no", exit_codes, "Exit codes that mean no; any other means that it can't tell.", no, List{1}}}};
}

Group of_done_when() {
  return {"`done_when`", {{"decides", flag, "Its no settles a doubt: the step is run again without asking.", no, false}}};
}

Group of_wait_until() {
  return {"`wait_until`",
          {{"timeout", duration, "How long to wait at most; then the step has failed.", yes},
           {"fail_when", expression, "Over the result: whether waiting longer is no use; true or false."},
           {"follow", flag,
            "Reads the standard output of its process as it comes, until a line matches; of outputs, stdout is that line.", no,
            false},
           {"until", pattern, "Searched in each line that is followed: the first match is the yes."},
           {"fail_on", pattern, "Searched in each line that is followed: with a match waiting longer is no use."}}};
}

Group of_assertion() {
  return {"`assert`",
          {{"that", expression, "Over the result, or over $ values where there is no look; true or false."},
           {"because", text, "Why it must hold; told when it does not."}}};
}

const std::vector<Group>& groups() {
  static const std::vector<Group> all = {of_runbook(),      of_section(),    of_step(),        of_input(),      of_rejection(),
                                         of_requirements(), of_constraint(), of_output_rule(), of_keep(),       of_retry(),
                                         of_output_sizes(), of_hint(),       of_uncovered(),   of_manual(),     of_approval(),
                                         of_notify(),       of_probe(),      of_done_when(),   of_wait_until(), of_assertion(),
                                         of_watch(),        of_include()};
  return all;
}

const KeyDoc* find_in(std::string_view owner, std::string_view key) {
  for (const Group& group : groups()) {
    if (group.owner != owner) continue;
    for (const KeyDoc& doc : group.keys) {
      if (doc.key == key) return &doc;
    }
  }
  return nullptr;
}

bool is_probe(const KeySet& set) {
  const KeySet* const probes[] = {&keys::before,     &keys::done_when, &keys::verify,
                                  &keys::wait_until, &keys::assertion, &keys::watch};
  return std::find(std::begin(probes), std::end(probes), &set) != std::end(probes);
}

}  // namespace

const KeyDoc* find_key_doc(const KeySet& set, std::string_view key) {
  const KeyDoc* own = find_in(&set == &keys::collected ? keys::input.owner : set.owner, key);
  return own || !is_probe(set) ? own : find_in("a probe", key);
}

const KeyDoc& key_doc(const KeySet& set, std::string_view key) {
  const KeyDoc* doc = find_key_doc(set, key);
  RUNBOOK_ASSERT(doc != nullptr);
  return *doc;
}

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : i + 1 == words.size() ? " or " : ", ", words[i]);
  return text;
}

std::string in_words(const KeyDoc& doc) {
  switch (doc.shape) {
    case name: return "a name";
    case plain_text:
    case path:
    case words:
    case text: return "text";
    case value:
    case input_value: return "a value";
    case expression: return "an expression";
    case pattern: return "a regular expression";
    case flag: return "true or false";
    case whole: return "a whole number";
    case number: return "a number";
    case duration:
    case real_duration: return "a duration";
    case size: return "a size";
    case choice: return listed(doc.choices);
    case texts:
    case argv:
    case some_texts:
    case values:
    case items:
    case sources:
    case list: return "a list";
    case exit_codes:
    case some_exit_codes: return "a list of exit codes";
    case probe: return "a look";
    case variables:
    case named_values:
    case expressions:
    case outputs:
    case examples:
    case versions:
    case inputs:
    case collected:
    case defaults:
    case map: return "a map";
    case steps: return "a list of steps";
    case targets:
    case values_of_inputs: return "a map";
    case undo: return "a step type with its parameters";
    case list_or_expression: return "a list or an expression";
    case share: return "a number, or a part as 25%";
    case batches: return "a number, a part as 25%, or a list of these";
    case watches: return "a look, or a list of them";
  }
  return {};
}

}  // namespace runbook
