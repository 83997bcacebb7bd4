#include "run/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/redactor.h"
#include "run/instances.h"
#include "run/loop_list.h"
#include "run/turn.h"

namespace runbook {

namespace {

using Verdict = PlannedStep::Verdict;

// What is known before the run: the steps so far have been gone through, but not done.
struct Unknown {
  std::set<const Step*> open;                // steps that would have run by now
  std::map<std::string, std::string> names;  // loop variables, and "inputs" of an include: known after that step
};

class Foresight : public Scope {
 public:
  Foresight(const RunScope& now, const Unknown& unknown, const Instance* step, const Runbook& runbook)
      : now_(now), unknown_(unknown), step_(step), runbook_(runbook) {}

  std::optional<Value> context(std::string_view name) const override {
    if (name == "before" && step_) throw NotKnownYet("the look before " + step_->id);
    if (const auto later = unknown_.names.find(std::string(name)); later != unknown_.names.end())
      throw NotKnownYet(later->second);
    std::optional<Value> value = now_.context(name);
    if (name != "inputs" || !value) return value;
    for (const Input& input : runbook_.inputs) {
      if (input.type == ValueType::secret) *value = with(*value, input.name, secret_mask);
    }
    return value;
  }
  std::optional<Value> step(std::string_view id) const override {
    const Step* known = runbook_.find(id);
    if (known && unknown_.open.contains(known)) throw NotKnownYet(std::string(id));
    return now_.step(id);
  }
  std::optional<Value> parse_yaml(std::string_view text, std::string& why) const override { return now_.parse_yaml(text, why); }

 private:
  const RunScope& now_;
  const Unknown& unknown_;
  const Instance* step_;
  const Runbook& runbook_;
};

Value foreseen(const ParamTree& tree, const Scope& scope) {
  if (const auto* leaf = std::get_if<PlacedTemplate>(&tree.data)) return leaf->text.foreseen(scope);
  if (const auto* constant = std::get_if<Value>(&tree.data)) return *constant;
  if (const auto* list = std::get_if<std::vector<ParamTree>>(&tree.data)) {
    List items;
    for (const ParamTree& item : *list) items.push_back(foreseen(item, scope));
    return Value(std::move(items));
  }
  Map members;
  for (const auto& [name, value] : std::get<std::vector<std::pair<std::string, ParamTree>>>(tree.data))
    members.emplace_back(name, foreseen(value, scope));
  return Value(std::move(members));
}

// Parameters that have their defaults go without saying.
Value said_params(const Declarations& types, const std::string& type, const Value& params) {
  const Declaration* declaration = find_declaration(types, type);
  RUNBOOK_ASSERT(declaration);
  Map said;
  for (const auto& [name, value] : params.as_map()) {
    const Param* param = declaration->find(name);
    if (!param || !(param->fallback == value)) said.emplace_back(name, value);
  }
  return Value(std::move(said));
}

constexpr std::size_t most_items_shown = 20;

// What is said of all that stands in a section.
struct Outlook {
  Verdict verdict = Verdict::runs;
  std::string why;
};

class Planner {
 public:
  explicit Planner(const RunFacts& facts) : facts_(facts), values_([](const std::string&) { return std::string("null"); }) {}

  std::vector<PlannedStep> run() {
    plan(facts_.runbook->root, nullptr, "", {});
    return std::move(planned_);
  }

 private:
  static std::string below(const std::string& titles, const std::string& title) {
    return titles.empty() || title.empty() ? titles + title : titles + " / " + title;
  }

  const Runbook& runbook_of(const FramePtr& frame) const {
    const Frame* included = included_around(frame.get());
    return included ? *included->runbook : *facts_.runbook;
  }

  // With what is not known yet, evaluates by that function.
  template <class Evaluate>
  auto foresee(const FramePtr& frame, const Instance* step, const Evaluate& evaluate) {
    const RunScope now(facts_, state_, values_, frame);
    return evaluate(Foresight(now, unknown_, step, runbook_of(frame)));
  }

  // A condition that some step has to come before, is false, or can't be evaluated.
  std::optional<Outlook> outlook_of(const PlacedExpression& when, const FramePtr& frame, const std::string& whose,
                                    const Instance* step) {
    try {
      std::string why;
      const auto holds = foresee(frame, step, [&](const Scope& scope) { return condition(when, scope, why); });
      if (!holds) return Outlook{Verdict::stops, fmt::format("`when`{}: {}", whose, why)};
      if (*holds) return std::nullopt;
      return Outlook{Verdict::skipped, whose.empty() ? why_left_out(when) : fmt::format("`when`{} is false", whose)};
    } catch (const NotKnownYet& later) {
      const std::string text = whose.empty() ? ": " + when.expression.text() : "";
      return Outlook{Verdict::depends, fmt::format("`when`{} is known after {}{}", whose, later.after(), text)};
    }
  }

  void plan(const Section& section, const FramePtr& frame, const std::string& titles, Outlook outlook) {
    if (section.when && outlook.verdict != Verdict::skipped) {
      if (const auto own = outlook_of(*section.when, frame, fmt::format(" of section `{}`", section.title), nullptr))
        outlook = *own;
    }
    if (section.loop) plan_loop(section, frame, titles, outlook);
    else plan_children(section, frame, titles, outlook);
    for (const Watch& watch : section.watches) {
      plan_step(Instance(*watch.step, frame), titles, outlook);
      if (watch.on_trip) plan_at_need(*watch.on_trip, frame, outlook, fmt::format("runs if `{}` trips", watch.step->id));
    }
    if (section.rescue) plan_at_need(*section.rescue, frame, outlook, fmt::format("runs if section `{}` fails", section.title));
    if (section.finally) plan_children(*section.finally, frame, section.finally->title, outlook);
  }

  void plan_at_need(const Section& section, const FramePtr& frame, Outlook outlook, const std::string& when) {
    if (outlook.verdict == Verdict::runs) outlook = {Verdict::depends, when};
    plan_children(section, frame, section.title, outlook);
  }

  void plan_children(const Section& section, const FramePtr& frame, const std::string& titles, const Outlook& outlook) {
    for (const auto& child : section.children) {
      const auto* inner = std::get_if<std::unique_ptr<Section>>(&child);
      if (inner) plan(**inner, frame, below(titles, (*inner)->title), outlook);
      else plan_step(Instance(*std::get<std::unique_ptr<Step>>(child), frame), titles, outlook);
    }
  }

  void plan_loop(const Section& section, const FramePtr& frame, const std::string& titles, Outlook outlook) {
    const Loop& loop = *section.loop;
    try {
      const Value items = foresee(frame, nullptr, [&](const Scope& scope) {
        return list_of_loop(section, scope, [&](const Value& item) {
          return RunScope(facts_, state_, values_, frame_of_item(section, "", item, frame));
        });
      });
      plan_items(section, items.as_list(), frame, titles, outlook);
      return;
    } catch (const NotKnownYet& later) {
      unknown_.names[loop.as] = later.after();
      if (outlook.verdict == Verdict::runs)
        outlook.why = fmt::format("for each item of a list that is known after {}", later.after());
    } catch (const std::exception& error) {
      unknown_.names[loop.as] = "its list";
      if (outlook.verdict == Verdict::runs)
        outlook = {Verdict::stops, fmt::format("`for_each` of section `{}`: {}", section.title, with_hint(error))};
    }
    plan_children(section, frame_of_item(section, "", Value(), frame), titles, outlook);
    unknown_.names.erase(loop.as);
  }

  void plan_items(const Section& section, const List& items, const FramePtr& frame, const std::string& titles,
                  const Outlook& outlook) {
    for (std::size_t i = 0; i < items.size() && i < most_items_shown; ++i) {
      const FramePtr inside = frame_of_item(section, items[i].text_or("key", ""), items[i].get("item"), frame);
      plan_children(section, inside, below(titles, fmt::format("{} {} of {}", section.loop->as, i + 1, items.size())), outlook);
    }
    if (items.size() > most_items_shown && !planned_.empty())
      planned_.back().more = fmt::format("and the same for {} more", items.size() - most_items_shown);
  }

  void plan_step(const Instance& step, const std::string& titles, const Outlook& around) {
    Outlook outlook = around;
    if (step->when && outlook.verdict != Verdict::skipped) {
      if (const auto own = outlook_of(*step->when, step.frame, "", &step)) outlook = *own;
    }
    add(step, titles, outlook);
    if (outlook.verdict == Verdict::skipped) {
      pass(event::skipped, step.id);
      return;
    }
    show(planned_.back(), step);
    unknown_.open.insert(&*step);
    if (step->include) plan_include(step, titles, outlook);
  }

  void plan_include(const Instance& step, const std::string& titles, const Outlook& outlook) {
    auto inside = std::make_shared<Frame>();
    inside->outer = step.frame;
    inside->runbook = step->include->runbook.get();
    inside->prefix = step.id + "/";
    inside->dir = facts_.dir;
    Unknown around = unknown_;
    unknown_.names.clear();
    inside->inputs = Value(Map());
    try {
      inside->inputs = foresee(step.frame, &step, [&](const Scope& scope) {
        unknown_.names = around.names;
        Value values = inputs_of_include(*step, scope).values;
        unknown_.names.clear();
        return values;
      });
      inside->vars = evaluate_vars(*inside->runbook, inside->inputs, facts_.run_values);
    } catch (const NotKnownYet& later) {
      unknown_.names = {{"inputs", later.after()}, {"vars", later.after()}};
    } catch (const std::exception& error) {
      planned_.back().verdict = Verdict::stops;
      planned_.back().why = error.what();
      unknown_.names = around.names;
      return;
    }
    plan(inside->runbook->root, inside, below(titles, step->title), outlook);
    unknown_.names = around.names;
  }

  void pass(std::string_view kind, const std::string& instance) {
    Event event;
    event.kind = kind;
    event.instance = instance;
    state_.apply(event);
  }

  void add(const Instance& step, const std::string& titles, const Outlook& outlook) {
    PlannedStep planned;
    planned.step = &*step;
    planned.instance = step.id;
    planned.section = titles;
    planned.verdict = outlook.verdict;
    planned.why = outlook.why;
    planned_.push_back(std::move(planned));
  }

  void show(PlannedStep& planned, const Instance& step) {
    const RunScope now(facts_, state_, values_, step.frame);
    const Foresight scope(now, unknown_, &step, runbook_of(step.frame));
    try {
      if (step->approval) planned.looks.push_back("approval: " + shown(*step->approval));
      if (step->before) planned.looks.push_back("before: " + shown(*step->before, scope));
      if (step->done_when) planned.looks.push_back("done_when: " + shown(*step->done_when, scope));
      if (step->verify) planned.looks.push_back("verify: " + shown(*step->verify, scope));
      if (step->probe && step->probe->type.empty()) foresee_assertion(planned, scope);
      else if (step->probe) planned.looks.push_back(step->type + ": " + shown(*step->probe, scope));
      if (step->undo) planned.looks.push_back("undo: " + step->undo->type);
      if (step->manual) planned.params = foreseen(step->params, scope);
      if (step->kind == Step::Kind::act) planned.params = said_params(*facts_.types, step->type, foreseen(step->params, scope));
      if (step->include) planned.params = with_values(*step->include, scope);
      Map env;
      for (const EnvEntry& entry : step->env) env.emplace_back(entry.name, entry.value.text.foreseen(scope));
      planned.env = Value(std::move(env));
      planned.dir = step->dir ? text_or_json(step->dir->text.foreseen(scope)) : facts_.dir;
      foresee_targets(planned, step, scope);
      if (step->kind == Step::Kind::act) foresee_act(planned, step, scope);
    } catch (const ExpressionError& error) {
      planned.verdict = Verdict::stops;
      planned.why = error.what();
    }
  }

  void foresee_targets(PlannedStep& planned, const Instance& step, const Scope& scope) const {
    const Frame* included = included_around(step.frame.get());
    const Target* target = step->target.empty() ? nullptr : runbook_of(step.frame).find_target(step->target);
    for (const TargetRow& row : target ? target->rows : std::vector<TargetRow>()) {
      PlannedTarget one{fmt::format("{}{}.{}", included ? included->prefix : "", target->name, row.type), row.type, {}, {}};
      try {
        if (row.from.empty()) one.params = row.params.evaluate(scope);
        else one.unknown = "made by " + row.from;
      } catch (const NotKnownYet& later) {
        one.unknown = "known after " + later.after();
      }
      planned.targets.push_back(std::move(one));
    }
    for (const std::string& type : step->needed_targets) planned.targets.push_back({type, type, Value(Map()), {}});
  }

  static void foresee_act(PlannedStep& planned, const Instance& step, const Scope& scope) {
    try {
      const Value params = step->params.evaluate(scope);
      std::vector<std::string> env;
      for (const EnvEntry& entry : step->env)
        env.push_back(fmt::format("{}={}", entry.name, text_or_json(entry.value.text.evaluate(scope))));
      const auto has_secret = [](const std::string& text) { return text.find(secret_mask) != std::string::npos; };
      if (has_secret(to_json(params)) || std::any_of(env.begin(), env.end(), has_secret)) {
        planned.unknown = "it takes a secret";
        return;
      }
      planned.known_params = params;
      planned.known_env = std::move(env);
    } catch (const NotKnownYet& later) {
      planned.unknown = "a value is known after " + later.after();
    }
  }

  static Value with_values(const Include& include, const Scope& scope) {
    Map values;
    for (const auto& [name, tree] : include.with) values.emplace_back(name, foreseen(tree, scope));
    return object({{"file", include.file}, {"with", Value(std::move(values))}});
  }

  static std::string shown(const Approval& approval) {
    std::string text = fmt::format("{} of {}", approval.count,
                                   approval.by.empty() ? "anybody" : fmt::format("{}", fmt::join(approval.by, ", ")));
    return approval.not_operator ? text + ", not the operator" : text;
  }

  // One over values alone may be decided already.
  static void foresee_assertion(PlannedStep& planned, const Scope& scope) {
    const Expression& that = planned.step->probe->that->expression;
    std::string look = "assert: " + that.text();
    try {
      const Value holds = that.evaluate(scope, nullptr);
      if (!holds.is_bool() || !holds.as_bool()) {
        planned.verdict = Verdict::stops;
        planned.why = fmt::format("`{}` does not hold: {}", that.text(), planned.step->probe->because);
      }
    } catch (const NotKnownYet& later) {
      look += fmt::format(" (known after {})", later.after());
    }
    planned.looks.push_back(std::move(look));
  }

  std::string shown(const Probe& probe, const Scope& scope) const {
    std::string text;
    if (!probe.type.empty()) {
      const Value params = said_params(*facts_.types, probe.type, foreseen(probe.params, scope));
      const Map& members = params.as_map();
      const Declaration* type = find_declaration(*facts_.types, probe.type);
      const bool is_main_alone = members.size() == 1 && members.front().first == type->main_param;
      text = fmt::format("{}: {}", probe.type, text_or_json(is_main_alone ? members.front().second : params));
    }
    if (text.ends_with('\n')) text.pop_back();
    const char* separator = text.empty() ? "" : text.find('\n') == std::string::npos ? ", " : "\n";
    if (probe.that) text += fmt::format("{}that: {}", separator, probe.that->expression.text());
    if (probe.follows) text += fmt::format("{}followed until: {}", separator, probe.until);
    if (!probe.fail_on.empty())
      text += fmt::format("{}fail_on: {}", text.find('\n') == std::string::npos ? ", " : "\n", probe.fail_on);
    return text;
  }

  const RunFacts& facts_;
  RunState state_;
  StoredValues values_;
  Unknown unknown_;
  std::vector<PlannedStep> planned_;
};

}  // namespace

std::vector<PlannedStep> plan_run(const RunFacts& facts) { return Planner(facts).run(); }

std::string_view verdict_name(PlannedStep::Verdict verdict) {
  switch (verdict) {
    case Verdict::runs: return "runs";
    case Verdict::skipped: return "skipped";
    case Verdict::depends: return "depends";
    case Verdict::stops: return "stops";
  }
  RUNBOOK_ASSERT(false);
}

}  // namespace runbook
