#pragma once
// A runbook as the engine runs it: parsed, checked, defaults filled in, inheritance resolved. Immutable after load.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/source_text.h"
#include "base/value.h"
#include "base/version_range.h"
#include "book/declaration.h"
#include "book/value_type.h"
#include "expr/template.h"

namespace runbook {

struct PlacedTemplate {
  Template text;
  Place place;
};

struct PlacedExpression {
  Expression expression;
  Place place;
};

// The parameters of a step: a tree with templates as leaves, and with constants where a type declares a default or
// `{json: ...}` holds a number, true, false or null.
struct ParamTree {
  using Data = std::variant<PlacedTemplate, std::vector<ParamTree>, std::vector<std::pair<std::string, ParamTree>>, Value>;
  // Not inline: a pair of a type that is not complete yet can't be asked whether it is made by default.
  ParamTree();
  ParamTree(Data tree);
  Value evaluate(const Scope& scope) const;  // throws ExpressionError
  std::vector<Reference> references() const;

  Data data;
};

// Where `from:` finds the value of an input.
struct InputSource {
  enum class Kind { environment, file, command, ask };
  Kind kind = Kind::ask;
  std::string name;               // of the variable; the file's path
  std::vector<std::string> argv;  // of the command
};

struct Input {
  std::string name;
  ValueType type = ValueType::text;
  std::string description;
  std::optional<ParamTree> fallback;  // `default:`
  std::vector<InputSource> from;      // asked in this order
  // What is wanted of the value; of a list: pattern, reject and choices of each item. "", null and {}: anything goes.
  std::string pattern;                      // matches the whole value
  std::string reject, because;              // is found nowhere in the value
  List choices;                             // `enum:`
  Value least, most;                        // of a number; of a duration: milliseconds
  std::optional<int> min_items, max_items;  // of a list or map
  Value example;
  Place place;

  // What the leaves of a list or map are read as: a pattern is about text.
  Scalars scalars() const { return pattern.empty() && reject.empty() ? Scalars::typed : Scalars::text; }
};

struct Constraint {
  PlacedExpression that;
  std::string because;
};

// requires: {tools: {name: wanted}}
struct ToolRequirement {
  std::string tool;
  VersionRange wanted;
};

// tested_with: {name: version}
struct TestedTool {
  std::string tool;
  Version version;
};

// name: expression | {value: expression, type:, lines:} | {regex: ..., type:, lines:} | {lines: true} (of standard output) | {} (from
// $RUNBOOK_OUTPUT); with `secret: true` and `keep:` beside them.
struct OutputRule {
  std::string name;
  std::optional<PlacedExpression> value;
  std::string regex;                 // over standard output; first group, or the whole match
  ValueType type = ValueType::text;  // text: no conversion
  bool is_lines = false;             // the text is made a list of its lines
  bool is_secret = false;            // held in memory, masked wherever it could be seen
  // Where a secret is found again by the engine that goes on. Neither: it does not survive the one that got it.
  std::optional<PlacedTemplate> kept_in;  // a file that the engine writes
  std::vector<PlacedTemplate> kept_by;    // a program and its arguments; prints the secret
  Place place;
  bool is_kept() const { return kept_in || !kept_by.empty(); }
  // Whether it is taken from what the step gave, and not from $RUNBOOK_OUTPUT.
  bool is_of_result() const { return value || !regex.empty() || is_lines; }
};

struct EnvEntry {
  std::string name;
  PlacedTemplate value;
};

struct Probe {
  std::string type;  // a step type's name; "" : `that` alone (assert)
  ParamTree params;
  std::optional<PlacedExpression> that;
  std::optional<PlacedExpression> fail_when;  // wait_until
  bool follows = false;                       // wait_until: a look reads what its process writes until a line matches
  std::string until, fail_on;                 // regular expressions, of one that follows; fail_on: or ""
  std::vector<OutputRule> outputs;
  std::int64_t every_ms = 2'000;
  std::int64_t timeout_ms = 0;  // 0: one look
  std::int64_t look_timeout_ms = 30'000;
  std::vector<int> yes = {0}, no = {1};  // exit codes
  bool decides = false;                  // done_when: its "no" may decide a doubt
  std::string holds_anyway;              // why it may hold before the step did anything, or ""
  std::string because;                   // assert
  Place place;
};

// Most steps have none, and a probe is large.
using ProbePtr = std::shared_ptr<const Probe>;

struct Retry {
  int attempts = 1;  // counts the first
  std::int64_t delay_ms = 1'000;
  double backoff = 1;
  std::int64_t max_delay_ms = 3'600'000;
  std::optional<PlacedExpression> when;  // over the failed result
};

struct Hint {
  std::string match;  // a regular expression, searched in what a failed step wrote
  std::string say;
};

// What a person does. The words of it stand in the step's parameters, as they are shown and stored: {instructions, checklist,
// collect: [{name, type, description, default, example}], evidence}.
struct Manual {
  std::vector<Input> collect;
  std::int64_t items = 0;  // of the checklist
  bool needs_evidence = false;
};

// Who must agree before a step has its effect.
struct Approval {
  std::vector<std::string> by;  // accounts, groups or principals; empty: anybody
  int count = 1;
  bool not_operator = false;
};

// include: another runbook as one step. Its steps are its own: nothing but its outputs is seen from here.
struct Runbook;
struct Include {
  std::string file;  // as it is written
  std::shared_ptr<const Runbook> runbook;
  std::vector<std::pair<std::string, ParamTree>> with;  // values of its inputs
};

struct Section;

struct Step {
  // watch: the probe of a section's watch; it is no step of a sequence, but has its id, env, dir and target.
  enum class Kind { act, wait_until, assertion, manual, include, watch };
  std::string id, title, note;
  std::string was;     // the id that it had before, or ""
  std::string anchor;  // `source:`
  std::vector<std::string> tags;
  Value example;  // a map of outputs, or null
  Kind kind = Kind::act;
  std::string type;  // "shell", "exec", "wait_until", "assert", "manual"
  ParamTree params;  // of an act or a manual step
  Effect effect = Effect::once;
  std::string effect_why;  // of a type whose effect depends on its parameters; "": it is its type's, or the step says it
  std::optional<PlacedExpression> when;
  std::vector<EnvEntry> env;                // runbook's, sections', step's: later ones win
  std::optional<PlacedTemplate> dir;        // of the nearest that names one
  ProbePtr before, done_when, verify;       // nullptr: there is none
  ProbePtr probe;                           // of wait_until, assert and watch
  std::string target;                       // the name of one of the runbook's, or "": of the nearest that names one
  std::vector<std::string> needed_targets;  // types that it needs and its target has not: what is there at first use is pinned
  bool continues_on_failure = false;  // `on_failure: continue`: when it has failed, what comes after it begins all the same
  std::shared_ptr<const Step> undo;   // an act or a manual step, "<id>:undo"; nullptr: there is none
  std::shared_ptr<const Include> include;
  std::vector<const Section*> loops;  // the sections with for_each around it, outermost first
  std::shared_ptr<const Manual> manual;
  std::shared_ptr<const Approval> approval;
  std::vector<OutputRule> outputs;
  Retry retry;
  std::vector<Hint> hints;
  std::optional<std::int64_t> timeout_ms;
  bool kills_on_timeout = false;
  bool has_terminal = false;        // `tty`: it has that of the person who drives the run; what passes there is not recorded
  std::vector<std::string> leaves;  // which processes are meant to live on, in words; none: all that it leaves behind is ended
  std::int64_t output_head = 64 << 10, output_tail = 64 << 10;  // bytes kept
  Place place;

  // Whether the step's result is needed beyond its exit status: standard output is then kept whole.
  bool needs_result() const;
  bool gives_secrets() const;
  // Of its env, its parameters, those of its probes, and what it hands to a runbook that it includes.
  std::vector<Reference> references_to_values() const;
  bool is_wait() const { return kind == Kind::wait_until || kind == Kind::manual; }  // which may last for days
  const OutputRule* find_output(std::string_view name) const;
  // Also those of its done_when, or of its own probe.
  std::vector<std::string> output_names() const;
};

// So many, or so many of a hundred.
struct Share {
  int number = 0;
  bool is_percent = false;
};

struct Loop {
  ParamTree list;  // `for_each`
  std::string as;
  std::optional<PlacedExpression> key;  // over $<as>; none: the item is its own key
  int concurrency = 1;
  std::vector<Share> batches;  // sizes, the last repeats; empty: one batch of all
  Share max_failures;          // of a batch: so many items may fail
  bool may_be_empty = false;
};

// Looked at while the steps of its section run.
struct Watch {
  std::unique_ptr<Step> step;  // its id, its probe and where that looks
  int trips_after = 1;         // so many looks in a row that did not say yes
  bool stops_running = false;  // `running: stop`: what runs when it trips is ended
  std::unique_ptr<Section> on_trip;
};

struct Section {
  Section();
  ~Section();
  std::string id, title;
  std::optional<PlacedExpression> when;
  std::vector<std::variant<std::unique_ptr<Step>, std::unique_ptr<Section>>> children;
  bool is_parallel = false;  // the children are branches that run side by side
  std::unique_ptr<const Loop> loop;
  std::vector<Watch> watches;
  std::unique_ptr<Section> rescue, finally;  // nullptr: there is none
  std::vector<const Section*> loops;         // the sections with for_each around it, outermost first, without itself
  std::string
      path;  // "1", "1.2", "1.rescue", "1.finally", "1.<id of a watch>", "finally" (the runbook's): unique, from the place in the tree
  Place place;
};

// What a step must hit, and nothing else: rows of one or several target types.
struct TargetRow {
  std::string type;
  ParamTree params;
  std::string from;  // the step that makes it: pinned when that is done; "" : at its first use
  Place place;
};

struct Target {
  std::string name;
  std::vector<TargetRow> rows;
  Place place;
};

// What of the document has no step, or none that a machine does.
struct LeftOut {
  std::string what, because;
};

struct Runbook {
  SourcePtr source;
  std::string name, title, version, document, summary;
  std::vector<LeftOut> not_encoded, not_automated;
  std::vector<ToolRequirement> tools;
  std::vector<TestedTool> tested_with;
  std::vector<Input> inputs;
  std::vector<Constraint> constraints;
  std::vector<std::pair<std::string, PlacedTemplate>> vars;
  std::vector<Target> targets;
  std::optional<PlacedTemplate> lock;
  std::vector<std::string> notify;  // `notify: {exec:}`: the program and its arguments; empty: none
  std::vector<std::pair<std::string, PlacedTemplate>> outputs;
  std::map<std::string, SourcePtr>
      included;  // of the one that is run: the texts of all that are included, by path from its folder
  Section root;  // without title; `finally` is the runbook's
  std::vector<const Step*>
      steps;  // in written order: those of sections, their watches, their rescue and finally; not those of an included runbook
  std::unordered_map<std::string_view, const Step*> steps_by_id;
  const Step* find(std::string_view id) const;
  // The step of an instance, "cluster/apply[eu-1]": keys are passed over, includes are followed, ":undo" is the undo.
  const Step* find_step_of(std::string_view instance) const;
  const Input* find_input(std::string_view wanted) const;
  const Target* find_target(std::string_view wanted) const;
};

}  // namespace runbook
