#include "book/references.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/suggestion.h"
#include "book/scalar_place.h"

namespace runbook {
namespace {

const std::vector<std::string> run_fields = {"id", "started_at", "dir", "operator", "host"};

std::string text_of(const Reference& reference) {
  std::string text = "$" + reference.root;
  for (const std::string& name : reference.path) text += "." + name;
  return text;
}

std::vector<std::string> names_of(const std::vector<OutputRule>& rules) {
  std::vector<std::string> names;
  for (const OutputRule& rule : rules) names.push_back(rule.name);
  return names;
}

bool contains(const std::vector<OutputRule>& rules, std::string_view name) {
  return std::any_of(rules.begin(), rules.end(), [&](const OutputRule& rule) { return rule.name == name; });
}

bool is_condition(const Enclosure& enclosure) { return enclosure.kind == Enclosure::Kind::condition; }

bool is_below(const Enclosure* inner, const Enclosure& outer) {
  for (; inner; inner = inner->outer) {
    if (inner == &outer || (is_condition(*inner) && is_condition(outer) && inner->text == outer.text)) return true;
  }
  return false;
}

}  // namespace

Site Site::at(std::string_view its_key) const {
  Site site = *this;
  site.key = its_key;
  return site;
}

Site Site::with_result() const {
  Site site = *this;
  site.has_result = true;
  return site;
}

void References::add_step(const Step& step, Place id_place, const Enclosure* around) {
  if (!step.id.empty()) positions_.emplace(step.id, steps_.size());
  steps_.push_back({&step, id_place, around});
}

const Place* References::find_step(std::string_view id) const {
  const auto found = positions_.find(id);
  return found == positions_.end() ? nullptr : &steps_[found->second].place;
}

const Enclosure* References::enclose(Enclosure enclosure) { return &enclosures_.emplace_back(std::move(enclosure)); }

void References::note(const NodePtr& scalar, const std::vector<Reference>& references, const std::vector<Reference>& bare_names,
                      const Site& site) {
  if (references.empty() && bare_names.empty()) return;
  auto key = keys_.find(site.key);
  if (key == keys_.end()) key = keys_.emplace(site.key).first;
  const Site kept = site.at(*key);
  for (const Reference& reference : references) uses_.push_back({scalar, reference, kept, false, false});
  if (kept.has_result) return;
  for (const Reference& name : bare_names) uses_.push_back({scalar, name, kept, true, false});
}

void References::note(const NodePtr& scalar, const Template& text, const Site& site) {
  std::size_t next = uses_.size();  // the uses of the expressions, in their order
  note(scalar, text.references(), text.bare_names(), site);
  if (text.is_lone_expression() && !site.wants_text) return;
  for (const Expression& expression : text.expressions()) {
    const std::vector<Reference>& references = expression.references();
    if (references.size() == 1 && expression.text() == text_of(references.front())) uses_[next].is_text = true;
    next += references.size();
  }
}

// One use after the other; each finds at most one thing wrong.
class ReferenceCheck {
 public:
  ReferenceCheck(const References& all, const Runbook& runbook, Problems& problems)
      : all_(all), runbook_(runbook), problems_(problems) {
    for (const Input& input : runbook.inputs) inputs_.emplace(input.name, inputs_.size());
    for (const auto& [name, value] : runbook.vars) vars_.emplace(name, vars_.size());
  }

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

 private:
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
      return error(fmt::format("the secret `{}` can't be used in `{}`", name, site().key),
                   "secrets reach a process only where `env:` or `stdin:` names them");
    if (path().size() == 1 && has_members(found->type) && use_->is_text) return report_members(*found);
    if (path().size() > 1 && found->type != ValueType::map)
      error(fmt::format("input `{}` is {} and has no field `{}`", name, found->type == ValueType::list ? "a list" : "one value",
                        path()[1]));
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
    const std::string& id = path().front();
    const auto found = all_.positions_.find(id);
    if (found == all_.positions_.end())
      return error(fmt::format("there is no step `{}`", id), proposal(id, step_names(), "$steps."));
    const References::KnownStep& known = all_.steps_[found->second];
    if (known.step == site().step && !site().is_undo)
      return error(fmt::format("step `{}` refers to itself", id),
                   "its own result is there under bare names, in `outputs` and `retry.when`");
    if (found->second >= site().steps && known.step != site().step)
      return error(fmt::format("step `{}` comes later, in line {}", id, known.place.line),
                   "only steps that stand above can be seen");
    if (path().size() < 2) return check_whole_step(*known.step);
    if (path()[1] != "state") check_output(known, path()[1]);
  }

  void check_whole_step(const Step& step) {
    if (!step.gives_secrets() || site().takes_secrets) return;
    error(fmt::format("`$steps.{}` as a whole holds a secret, which can't be used in `{}`", step.id, site().key),
          fmt::format("name the output that is meant: `$steps.{}.<name>`", step.id));
  }

  // false: it is reported.
  bool check_secret_output(const References::KnownStep& known, const OutputRule& rule) {
    if (!site().takes_secrets) {
      error(fmt::format("the secret `{}` can't be used in `{}`", text_of(use_->reference), site().key),
            "secrets reach a process only where `env:` or `stdin:` names them");
      return false;
    }
    if (rule.is_kept()) return true;
    if (site().is_undo) return report_gone(known, rule), false;
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
    const bool is_after = step.done_when && contains(step.done_when->outputs, output);
    const bool is_inside = step.probe && contains(step.probe->outputs, output);
    if (!is_after && !is_inside && !contains(step.outputs, output)) return report_unknown_output(step, output);
    const OutputRule* rule = step.find_output(output);
    if (rule && rule->is_secret && !check_secret_output(known, *rule)) return;
    const bool is_found_again = rule && rule->is_secret && rule->is_kept();
    const bool has_run = known.step == site().step;  // what was satisfied is never undone
    if (step.done_when && !is_after && !is_found_again && !has_run)
      error(fmt::format("`{}` may be missing: step `{}` does not run when its `done_when` holds already", output, step.id),
            fmt::format("add `outputs: {{{}: ...}}` to the `done_when` of `{}`", output, step.id));
    for (const Enclosure* condition = known.around; condition; condition = condition->outer) {
      if (!is_condition(*condition) || is_below(site().around, *condition)) continue;
      problems_.warning(place(), length(),
                        fmt::format("`{}` is null when step `{}` is skipped", text_of(use_->reference), step.id),
                        site().step ? fmt::format("give this step the same `when: {}`", condition->text) : "");
      return;
    }
  }

  void report_unknown_output(const Step& step, const std::string& output) {
    std::vector<std::string> names = names_of(step.outputs);
    for (const Probe* probe : {step.done_when.get(), step.probe.get()}) {
      if (probe)
        for (const OutputRule& rule : probe->outputs) names.push_back(rule.name);
    }
    names.emplace_back("state");
    const std::string near = problems_.is_crowded() ? "" : nearest(output, names);
    const std::string prefix = fmt::format("$steps.{}.", step.id);
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
};

void References::check(const Runbook& runbook, Problems& problems) const {
  ReferenceCheck check(*this, runbook, problems);
  for (const Use& use : uses_) check.check(use);
  check_former_ids(problems);
}

void References::check_former_ids(Problems& problems) const {
  std::unordered_map<std::string_view, Place> first;
  for (const auto& [id, scalar] : former_ids_) {
    if (const Place* step = find_step(id))
      problems.error(*scalar, fmt::format("a step has the id `{}` now", id), fmt::format("it stands in line {}", step->line));
    const auto [known, is_new] = first.emplace(id, scalar->place);
    if (!is_new)
      problems.error(*scalar, fmt::format("two steps say that they were `{}`", id),
                     fmt::format("the other one is in line {}", known->second.line));
  }
}

}  // namespace runbook
