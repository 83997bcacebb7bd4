#include "run/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/json.h"
#include "base/redactor.h"
#include "run/decide.h"
#include "run/frontier.h"

namespace runbook {

namespace {

using Verdict = PlannedStep::Verdict;

// What is known before the run: the steps so far have been gone through, but not done.
class Foresight : public Scope {
 public:
  Foresight(const Scope& now, const RunFacts& facts, const std::set<std::string>& open, const Step* step)
      : now_(now), facts_(facts), open_(open), step_(step) {}

  std::optional<Value> context(std::string_view name) const override {
    if (name == "before" && step_) throw NotKnownYet("the look before " + step_->id);
    std::optional<Value> value = now_.context(name);
    if (name != "inputs" || !value) return value;
    for (const Input& input : facts_.runbook->inputs) {
      if (input.type == ValueType::secret) *value = with(*value, input.name, secret_mask);
    }
    return value;
  }
  std::optional<Value> step(std::string_view id) const override {
    if (open_.contains(std::string(id))) throw NotKnownYet(std::string(id));
    return now_.step(id);
  }
  std::optional<Value> parse_yaml(std::string_view text, std::string& why) const override { return now_.parse_yaml(text, why); }

 private:
  const Scope& now_;
  const RunFacts& facts_;
  const std::set<std::string>& open_;
  const Step* step_;
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

class Planner {
 public:
  explicit Planner(const RunFacts& facts)
      : facts_(facts), values_([](const std::string&) { return std::string("null"); }), scope_(facts, state_, values_) {}

  std::vector<PlannedStep> run() {
    name_sections(facts_.runbook->root, "");
    while (true) {
      const Next next = find_next(facts_.runbook->root, state_, live_.cursors);
      if (const auto* section = std::get_if<const Section*>(&next)) enter(**section);
      else if (const auto* step = std::get_if<const Step*>(&next)) foresee(**step);
      else return std::move(planned_);
    }
  }

 private:
  void name_sections(const Section& section, const std::string& titles) {
    for (const auto& child : section.children) {
      if (const auto* step = std::get_if<std::unique_ptr<Step>>(&child)) {
        sections_[step->get()] = titles;
        continue;
      }
      const Section& inner = *std::get<std::unique_ptr<Section>>(child);
      name_sections(inner, titles.empty() ? inner.title : titles + " / " + inner.title);
    }
  }

  // What `when` says: nullopt where it is not known yet, and then `later_` says after what.
  std::optional<Decision> decision_over(const PlacedExpression& when, const Step* step) {
    try {
      when.expression.evaluate(Foresight(scope_, facts_, open_, step), nullptr);
    } catch (const NotKnownYet& later) {
      later_ = later.after();
      return std::nullopt;
    } catch (const ExpressionError&) {
      // `decide` says it.
    }
    return decide(facts_, state_, live_, values_, 0, Limits());
  }

  void enter(const Section& section) {
    const auto decision = decision_over(*section.when, nullptr);
    if (!decision) {
      note_inside(section, Verdict::depends, fmt::format("`when` of section `{}` is known after {}", section.title, later_));
      return pass(event::section_entered, section.path);
    }
    if (decision->end) {
      note_inside(section, Verdict::stops, decision->end->why);
      return pass(event::section_entered, section.path);
    }
    for (const Proposal& proposal : decision->events) {
      if (proposal.event.kind == event::skipped)
        add(*facts_.runbook->find(proposal.event.instance), Verdict::skipped, proposal.event.body.text_or("why", ""));
      state_.apply(proposal.event);
    }
  }

  void note_inside(const Section& section, Verdict verdict, const std::string& why) {
    for (const Step* step : steps_of(section)) inherited_.emplace(step, std::make_pair(verdict, why));
  }

  void foresee(const Step& step) {
    Verdict verdict = Verdict::runs;
    std::string why;
    if (const auto outer = inherited_.find(&step); outer != inherited_.end()) std::tie(verdict, why) = outer->second;
    if (step.when) {
      const auto decision = decision_over(*step.when, &step);
      if (!decision)
        verdict = Verdict::depends, why = fmt::format("`when` is known after {}: {}", later_, step.when->expression.text());
      if (decision && is_skip(*decision, step, why)) return skip(step, why);
      // Whatever else `decide` refuses may only be for want of what is not known yet.
      if (decision && !decision->failed_when.empty()) verdict = Verdict::stops, why = decision->failed_when;
    }
    add(step, verdict, std::move(why));
    show(planned_.back());
    open_.insert(step.id);
    pass(event::satisfied, step.id);
  }

  static bool is_skip(const Decision& decision, const Step& step, std::string& why) {
    const auto found = std::find_if(decision.events.begin(), decision.events.end(), [&](const Proposal& proposal) {
      return proposal.event.kind == event::skipped && proposal.event.instance == step.id;
    });
    if (found == decision.events.end()) return false;
    why = found->event.body.text_or("why", "");
    return true;
  }

  void skip(const Step& step, const std::string& why) {
    add(step, Verdict::skipped, why);
    pass(event::skipped, step.id);
  }

  void pass(std::string_view kind, const std::string& instance) {
    Event event;
    event.kind = kind;
    event.instance = instance;
    state_.apply(event);
  }

  void add(const Step& step, Verdict verdict, std::string why) {
    PlannedStep planned;
    planned.step = &step;
    planned.section = sections_[&step];
    planned.verdict = verdict;
    planned.why = std::move(why);
    planned_.push_back(std::move(planned));
  }

  void show(PlannedStep& planned) {
    const Step& step = *planned.step;
    const Foresight scope(scope_, facts_, open_, &step);
    try {
      if (step.approval) planned.looks.push_back("approval: " + shown(*step.approval));
      if (step.before) planned.looks.push_back("before: " + shown(*step.before, scope));
      if (step.done_when) planned.looks.push_back("done_when: " + shown(*step.done_when, scope));
      if (step.verify) planned.looks.push_back("verify: " + shown(*step.verify, scope));
      if (step.probe && step.probe->type.empty()) foresee_assertion(planned, scope);
      else if (step.probe) planned.looks.push_back(step.type + ": " + shown(*step.probe, scope));
      if (step.manual) planned.params = foreseen(step.params, scope);
      if (step.kind == Step::Kind::act) planned.params = said_params(*facts_.types, step.type, foreseen(step.params, scope));
      Map env;
      for (const EnvEntry& entry : step.env) env.emplace_back(entry.name, entry.value.text.foreseen(scope));
      planned.env = Value(std::move(env));
      planned.dir = step.dir ? text_or_json(step.dir->text.foreseen(scope)) : facts_.dir;
    } catch (const ExpressionError& error) {
      planned.verdict = Verdict::stops;
      planned.why = error.what();
    }
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
      text = fmt::format("{}: {}", probe.type, text_or_json(members.size() == 1 ? members.front().second : params));
    }
    if (text.ends_with('\n')) text.pop_back();
    const char* separator = text.empty() ? "" : text.find('\n') == std::string::npos ? ", " : "\n";
    if (probe.that) text += fmt::format("{}that: {}", separator, probe.that->expression.text());
    return text;
  }

  const RunFacts& facts_;
  RunState state_;
  Live live_;
  StoredValues values_;
  RunScope scope_;
  std::set<std::string> open_;  // steps that would have run by now
  std::map<const Step*, std::string> sections_;
  std::map<const Step*, std::pair<Verdict, std::string>> inherited_;
  std::vector<PlannedStep> planned_;
  std::string later_;
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
