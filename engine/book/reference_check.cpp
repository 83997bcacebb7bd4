#include "book/reference_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/suggestion.h"
#include "book/scalar_place.h"

namespace runbook {
namespace {

const std::vector<std::string> run_fields = {"id", "started_at", "dir", "operator", "host"};

std::vector<std::string> names_of(const std::vector<OutputRule>& rules) {
  std::vector<std::string> names;
  for (const OutputRule& rule : rules) names.push_back(rule.name);
  return names;
}

bool contains(const std::vector<OutputRule>& rules, std::string_view name) {
  return std::any_of(rules.begin(), rules.end(), [&](const OutputRule& rule) { return rule.name == name; });
}

}  // namespace

// One use after the other; each finds at most one thing wrong.
class ReferenceCheck {
 public:
  ReferenceCheck(const References& all, const Runbook& runbook, Problems& problems)
      : all_(all), runbook_(runbook), problems_(problems) {
    for (const Input& input : runbook.inputs) inputs_.emplace(input.name, inputs_.size());
    for (const auto& [name, value] : runbook.vars) vars_.emplace(name, vars_.size());
  }

  void run() {
    for (const References::Use& use : all_.uses_) check(use);
  }

 private:
  void check(const References::Use& use) {
    use_ = &use;
    const std::string& root = use.reference.root;
    if (use.is_bare) return check_bare_name();
    if (root == "inputs") return check_input();
    if (root == "vars") return check_var();
    if (root == "steps") return check_step();
    if (root == "run") return check_run();
    if (root == "before") return check_before();
    check_item();
  }

  const Site& site() const { return use_->site; }
  const std::vector<std::string>& path() const { return use_->reference.path; }

  Place place() const {
    if (problems_.is_crowded()) return use_->scalar->place;
    return place_in_scalar(*use_->scalar, use_->reference.offset, problems_.source());
  }
  int length() const { return use_->is_bare ? length_of(use_->reference.root) : length_of(text_of(use_->reference)); }
  void error(std::string message, std::string hint = {}) {
    problems_.error(place(), length(), std::move(message), std::move(hint));
  }

  std::string proposal(std::string_view unknown, const std::vector<std::string>& known, std::string_view prefix) const {
    if (problems_.is_crowded()) return {};
    const std::string near = nearest(unknown, known);
    return near.empty() ? suggestion(unknown, known) : fmt::format("did you mean `{}{}`?", prefix, near);
  }

  void check_bare_name() {
    const std::string& name = use_->reference.root;
    const std::string shown = name == "[" ? "[...]" : name;
    std::string hint = "context values begin with `$`, text takes single quotes";
    if (name == "yes" || name == "on" || name == "True") hint = "write `true`";
    if (name == "no" || name == "off" || name == "False") hint = "write `false`";
    if (inputs_.contains(name)) hint = fmt::format("did you mean `$inputs.{}`?", name);
    if (has_var(name)) hint = fmt::format("did you mean `$vars.{}`?", name);
    if (all_.positions_.contains(name)) hint = fmt::format("did you mean `$steps.{}`?", name);
    if (name == "inputs" || name == "vars" || name == "steps" || name == "run" || name == "before")
      hint = fmt::format("did you mean `{}`?", text_of(use_->reference));
    error(fmt::format("`{}` looks into a result, and in `{}` there is none", shown, site().key), hint);
  }

  void check_input() {
    if (path().empty()) return check_all_inputs();
    const std::string& name = path().front();
    const auto known = inputs_.find(name);
    if (known == inputs_.end())
      return error(fmt::format("there is no input `{}`", name), runbook_.inputs.empty()
                                                                    ? fmt::format("declare it: `inputs: {{{}: {{}}}}`", name)
                                                                    : proposal(name, input_names(), "$inputs."));
    const Input* found = &runbook_.inputs[known->second];
    if (known->second >= site().inputs)
      return error(fmt::format("input `{}` does not come before this one", name),
                   "a default sees the inputs that stand above it");
    if (found->type == ValueType::secret && !site().takes_secrets)
      return error(fmt::format("the secret `{}` can't be used in `{}`", name, site().key), where_secrets_go());
    if (path().size() == 1 && has_members(found->type) && use_->is_text) return report_members(*found);
    if (path().size() > 1 && found->type != ValueType::map)
      error(fmt::format("input `{}` is {} and has no field `{}`", name, found->type == ValueType::list ? "a list" : "one value",
                        path()[1]));
  }

  std::string where_secrets_go() const {
    return site().key == "with" ? "an input that takes it is declared as `type: secret` there"
                                : "secrets reach a process only where `env:` or `stdin:` names them";
  }

  void report_members(const Input& input) {
    const bool is_list = input.type == ValueType::list;
    error(fmt::format("input `{}` is a {}, and text is needed here", input.name, value_type_name(input.type)),
          is_list ? fmt::format("write `join(' ', $inputs.{0})`, or one of them: `$inputs.{0}[0]`", input.name)
                  : fmt::format("write `to_json($inputs.{0})`, or one of its fields: `$inputs.{0}.name`", input.name));
  }

  void check_all_inputs() {
    const auto is_secret = [](const Input& input) { return input.type == ValueType::secret; };
    const auto secret = std::find_if(runbook_.inputs.begin(), runbook_.inputs.end(), is_secret);
    if (secret == runbook_.inputs.end() || site().takes_secrets) return;
    error(fmt::format("`$inputs` as a whole holds the secret `{}`, which can't be used in `{}`", secret->name, site().key),
          "name the inputs that are meant: `$inputs.<name>`");
  }

  std::vector<std::string> input_names() const {
    std::vector<std::string> names;
    if (problems_.is_crowded()) return names;
    for (const Input& input : runbook_.inputs) names.push_back(input.name);
    return names;
  }

  std::vector<std::string> var_names() const {
    std::vector<std::string> names;
    if (problems_.is_crowded()) return names;
    for (const auto& [name, value] : runbook_.vars) names.push_back(name);
    return names;
  }

  bool has_var(std::string_view name) const { return vars_.contains(name); }

  void check_var() {
    if (path().empty()) return;
    const std::string& name = path().front();
    const auto found = vars_.find(name);
    if (found == vars_.end())
      return error(fmt::format("there is no var `{}`", name), vars_.empty()
                                                                  ? fmt::format("declare it: `vars: {{{}: ...}}`", name)
                                                                  : proposal(name, var_names(), "$vars."));
    if (found->second < site().vars) return;
    if (site().inputs != Site::all)
      return error(fmt::format("`{}` can't see vars", site().key), "vars are set after the inputs");
    error(fmt::format("var `{}` does not come before this one", name),
          "a var sees the inputs and the vars that stand above it");
  }

  void report_too_early(std::string_view what) {
    error(fmt::format("`{}` can't see `{}` here", site().key, what),
          "it is looked at before there is a run: it sees `$inputs` and `$vars`");
  }

  void check_run() {
    if (!site().sees_run) return report_too_early("$run");
    if (site().inputs != Site::all)
      return error(fmt::format("`{}` can't see `$run`", site().key), "it sees the inputs that stand above it");
    if (path().empty() || std::find(run_fields.begin(), run_fields.end(), path().front()) != run_fields.end()) return;
    error(fmt::format("`$run` has no `{}`", path().front()), proposal(path().front(), run_fields, "$run."));
  }

  void check_before() {
    if (!site().sees_run) return report_too_early("$before");
    if (!site().has_before)
      return error(fmt::format("there is no `$before` in `{}`", site().key),
                   "`$before` is seen by `done_when`, `verify` and `undo`");
    if (!site().step->before)
      return error("this step has no `before`, so there is no `$before`",
                   fmt::format("add `before:` beside `{}:`", site().is_undo ? "undo" : "done_when"));
    if (path().empty() || contains(site().step->before->outputs, path().front())) return;
    error(fmt::format("`before` has no output `{}`", path().front()),
          proposal(path().front(), names_of(site().step->before->outputs), "$before."));
  }

  // The item of a loop, or nothing that is known.
  void check_item() {
    const std::string& root = use_->reference.root;
    std::vector<std::string> names = {"inputs", "vars", "steps", "run", "before"};
    for (const Enclosure* each = site().around; each; each = each->outer) {
      if (each->kind != Enclosure::Kind::loop) continue;
      if (each->section->loop->as == root) return;
      names.push_back(each->section->loop->as);
    }
    for (const Enclosure& each : all_.enclosures_) {
      if (each.kind == Enclosure::Kind::loop && each.section->loop->as == root) return report_item_outside(*each.section);
    }
    error(fmt::format("unknown name `${}`", root), proposal(root, names, "$"));
  }

  void report_item_outside(const Section& loop) {
    bool is_beside = false;
    for (const Enclosure* each = site().around; each; each = each->outer) is_beside |= each->section == &loop;
    error(fmt::format("`${}` is the item of the loop in line {}, and this stands outside", loop.loop->as, loop.place.line),
          is_beside ? "`rescue`, `watch` and `finally` of a loop come once; for one per item make a section inside the loop"
                    : "only the steps of that section see it");
  }

  void check_step() {
    if (!site().sees_run) return report_too_early("$steps");
    if (!site().sees_steps)
      return error(fmt::format("`{}` can't see `$steps`: a target is fixed before its steps run", site().key),
                   "it sees `$inputs`, `$vars` and `$run`; for what a step makes write beside it `from: <id of the step>`");
    const std::string& id = path().front();
    const auto found = all_.positions_.find(id);
    if (found == all_.positions_.end())
      return error(fmt::format("there is no step `{}`", id), proposal(id, step_names(), "$steps."));
    const References::KnownStep& known = all_.steps_[found->second];
    if (known.step == site().step && !site().is_undo)
      return error(fmt::format("step `{}` refers to itself", id),
                   "its own result is there under bare names, in `outputs` and `retry.when`");
    if (found->second >= site().steps && known.step != site().step) return report_later(known);
    if (const Section* parallel = parallel_between(site().around, known.around)) return report_sibling(known, *parallel);
    if (path().size() < 2) return check_whole_step(*known.step);
    if (const Section* loop = loop_between(site().around, known.around)) return check_items(known, *loop);
    if (path()[1] == "items" && known.step->find_output("items") == nullptr && !known.step->loops.empty())
      return error(fmt::format("`{}` is seen from outside the loop, and this stands inside", text_of(use_->reference)),
                   fmt::format("here `$steps.{}.<output>` is that of the same item", id));
    if (path()[1] != "state") check_output(known, path()[1]);
  }

  void report_later(const References::KnownStep& known) {
    const std::string_view beside = key_beside(site().around, known.around);
    if (beside.empty())
      return error(fmt::format("step `{}` comes later, in line {}", known.step->id, known.place.line),
                   "only steps that stand above can be seen");
    error(fmt::format("step `{}` stands in `{}`, which comes later wherever it is written", known.step->id, beside),
          "steps see what stands above, and not what is beside their section");
  }

  void report_sibling(const References::KnownStep& known, const Section& parallel) {
    error(fmt::format("step `{}` is in another branch of the parallel section in line {}: nobody knows which runs first",
                      known.step->id, parallel.place.line),
          "put both into one branch, or this step behind the parallel section");
  }

  // Of a step in a loop, from outside.
  void check_items(const References::KnownStep& known, const Section& loop) {
    const Step& step = *known.step;
    const std::string& name = path()[1];
    if (name != "items")
      return error(fmt::format("step `{}` runs for each item of the loop in line {}: outside it has no `{}` of its own",
                               step.id, loop.place.line, name),
                   fmt::format("those of all items are a list: `$steps.{}.items[].{}`", step.id, name));
    if (path().size() > 2)
      return error(fmt::format("`$steps.{}.items` is a list, and has no `{}`", step.id, path()[2]),
                   fmt::format("write `$steps.{}.items[].{}`", step.id, path()[2]));
    if (step.gives_secrets() && !site().takes_secrets) return check_whole_step(step);
    std::string_view behind = text_behind();
    std::string so_far = fmt::format("$steps.{}.items[].", step.id);
    std::string wanted = name_behind_items(behind);
    for (auto inner = std::find(step.loops.begin(), step.loops.end(), &loop) + 1; inner != step.loops.end(); ++inner) {
      if (wanted.empty() || wanted == "key") return;
      if (wanted != "items") return report_items_of_items(step, so_far, wanted);
      so_far += "items[].";
      wanted = name_behind_items(behind);
    }
    if (wanted.empty() || wanted == "key" || wanted == "state") return;
    const std::vector<std::string> names = step.output_names();
    if (std::find(names.begin(), names.end(), wanted) == names.end()) report_unknown_output(step, wanted, so_far);
  }

  void report_items_of_items(const Step& step, const std::string& so_far, const std::string& wanted) {
    error(fmt::format("`{}{}`: step `{}` stands in a loop within a loop, and an item of the outer one has `key` and `items`",
                      so_far, wanted, step.id),
          fmt::format("write `{}items[].{}`", so_far, wanted));
  }

  // What follows the reference.
  std::string_view text_behind() const {
    std::string_view text = use_->scalar->text;
    text.remove_prefix(std::min(text.size(), use_->reference.offset + text_of(use_->reference).size()));
    return text;
  }

  // `out` of `[].out`, which is cut off; "" where something else stands there.
  static std::string name_behind_items(std::string_view& text) {
    const std::size_t end = text.find(']');
    if (!text.starts_with('[') || end == std::string_view::npos || text.substr(end + 1, 1) != ".") return {};
    text.remove_prefix(end + 2);
    const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
    const auto length = std::find_if_not(text.begin(), text.end(), is_part) - text.begin();
    const bool is_call = text.substr(static_cast<std::size_t>(length), 1) == "(";
    if (is_call) return {};
    std::string name(text.substr(0, static_cast<std::size_t>(length)));
    text.remove_prefix(name.size());
    return name;
  }

  void check_whole_step(const Step& step) {
    if (!step.gives_secrets() || site().takes_secrets) return;
    error(fmt::format("`$steps.{}` as a whole holds a secret, which can't be used in `{}`", step.id, site().key),
          fmt::format("name the output that is meant: `$steps.{}.<name>`", step.id));
  }

  // false: it is reported.
  bool check_secret_output(const References::KnownStep& known, const OutputRule& rule) {
    if (!site().takes_secrets) {
      error(fmt::format("the secret `{}` can't be used in `{}`", text_of(use_->reference), site().key), where_secrets_go());
      return false;
    }
    if (rule.is_kept()) return true;
    if (site().is_undo) return report_gone(known, rule), false;
    if (const Step* waiting = wait_inside()) return report_gone_inside(known, rule, *waiting), false;
    const auto from = all_.steps_.begin() + static_cast<std::ptrdiff_t>(all_.positions_.at(known.step->id)) + 1;
    const auto to = all_.steps_.begin() + static_cast<std::ptrdiff_t>(std::min(site().steps, all_.steps_.size()));
    const auto wait = std::find_if(from, to, [](const auto& between) { return between.step->is_wait(); });
    if (wait == to) return true;
    error(fmt::format(
              "the secret `{}` may be gone here: step `{}`, in line {}, waits, and the engine that holds the secret may end "
              "meanwhile",
              text_of(use_->reference), wait->step->id, wait->place.line),
          how_to_keep(known, rule));
    return false;
  }

  // What an included runbook waits for, while it needs what it was given.
  const Step* wait_inside() const {
    if (!site().step || !site().step->include) return nullptr;
    const std::vector<const Step*>& steps = site().step->include->runbook->steps;
    const auto wait = std::find_if(steps.begin(), steps.end(), [](const Step* step) { return step->is_wait(); });
    return wait == steps.end() ? nullptr : *wait;
  }

  void report_gone_inside(const References::KnownStep& known, const OutputRule& rule, const Step& waiting) {
    error(fmt::format(
              "the secret `{}` may be gone in {}: its step `{}` waits, and the engine that holds the secret may end meanwhile",
              text_of(use_->reference), site().step->include->file, waiting.id),
          how_to_keep(known, rule));
  }

  void report_gone(const References::KnownStep& known, const OutputRule& rule) {
    error(fmt::format("the secret `{}` is gone when this is undone: only the engine that got it holds it",
                      text_of(use_->reference)),
          how_to_keep(known, rule));
  }

  static std::string how_to_keep(const References::KnownStep& known, const OutputRule& rule) {
    return fmt::format(
        "add to the output `{0}` of `{1}`: `keep: {{file: path}}`, or `keep: {{command: [...]}}` that prints it again",
        rule.name, known.step->id);
  }

  std::vector<std::string> step_names() const {
    std::vector<std::string> names;
    if (problems_.is_crowded()) return names;
    for (const References::KnownStep& known : all_.steps_) names.push_back(known.step->id);
    return names;
  }

  void check_output(const References::KnownStep& known, const std::string& output) {
    const Step& step = *known.step;
    if (step.kind == Step::Kind::include && !step.include) return;  // what it includes has errors
    const bool is_after = step.done_when && contains(step.done_when->outputs, output);
    const std::vector<std::string> names = step.output_names();
    if (std::find(names.begin(), names.end(), output) == names.end())
      return report_unknown_output(step, output, fmt::format("$steps.{}.", step.id));
    const OutputRule* rule = step.find_output(output);
    if (rule && rule->is_secret && !check_secret_output(known, *rule)) return;
    const bool is_found_again = rule && rule->is_secret && rule->is_kept();
    const bool has_run = known.step == site().step;  // what was satisfied is never undone
    if (step.done_when && !is_after && !is_found_again && !has_run)
      error(fmt::format("`{}` may be missing: step `{}` does not run when its `done_when` holds already", output, step.id),
            fmt::format("add `outputs: {{{}: ...}}` to the `done_when` of `{}`", output, step.id));
    if (!has_run) warn_of_null(known);
  }

  // An output is null where its step has not run to its end. Who asks for its state knows.
  void warn_of_null(const References::KnownStep& known) {
    const std::string state = fmt::format("$steps.{}.state", known.step->id);
    if (use_->scalar->text.find(state) != std::string::npos || is_compared_or_has_substitute()) return;
    for (const Enclosure* each = site().around; each; each = each->outer)
      if (each->text.find(state) != std::string::npos) return;
    Doubt doubt = doubt_between(site().around, known.around);
    if (doubt.why.empty() && known.step->continues_on_failure) doubt.why = "has failed, which does not stop the run";
    if (doubt.why.empty() || !warned_.emplace(site().step, text_of(use_->reference)).second) return;
    problems_.warning(place(), length(),
                      fmt::format("`{}` is null when step `{}` {}", text_of(use_->reference), known.step->id, doubt.why),
                      how_to_guard(doubt, state));
  }

  // `$steps.x.out || 'none'`
  bool is_compared_or_has_substitute() const {
    const std::string_view text = text_behind();
    const std::string_view rest = text.substr(std::min(text.find_first_not_of(' '), text.size()));
    return rest.starts_with("||") || rest.starts_with("==") || rest.starts_with("!=");
  }

  std::string how_to_guard(const Doubt& doubt, const std::string& state) const {
    if (!site().step) return {};
    if (site().step->kind == Step::Kind::watch) return "put the watch into a section that begins behind that step";
    if (doubt.condition) return fmt::format("give this step the same `when: {}`", doubt.condition->text);
    return fmt::format("give this step `when: {} == 'succeeded'`, or a substitute: `{} || 'none'`", state,
                       text_of(use_->reference));
  }

  void report_unknown_output(const Step& step, const std::string& output, const std::string& prefix) {
    std::vector<std::string> names = step.output_names();
    names.emplace_back("state");
    const std::string near = problems_.is_crowded() ? "" : nearest(output, names);
    names.pop_back();
    const std::string rule =
        step.manual ? fmt::format("collect: {{{}: {{}}}}", output) : fmt::format("outputs: {{{}: ...}}", output);
    const std::string has = names.empty() || names.size() > 8 ? "" : fmt::format("it has {}; or ", fmt::join(names, ", "));
    error(
        fmt::format("step `{}` has no output `{}`", step.id, output),
        near.empty() ? fmt::format("{}declare it there: `{}`", has, rule) : fmt::format("did you mean `{}{}`?", prefix, near));
  }

  const References& all_;
  const Runbook& runbook_;
  Problems& problems_;
  const References::Use* use_ = nullptr;
  std::unordered_map<std::string_view, std::size_t> inputs_, vars_;  // their positions
  std::set<std::pair<const Step*, std::string>> warned_;             // who, and of which reference
};

void check_uses(const References& all, const Runbook& runbook, Problems& problems) {
  ReferenceCheck(all, runbook, problems).run();
}

}  // namespace runbook
