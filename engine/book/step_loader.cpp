#include "book/step_loader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggestion.h"
#include "book/environment_loader.h"
#include "book/given_value.h"
#include "book/include_loader.h"
#include "book/key_docs.h"
#include "book/manual_loader.h"
#include "book/names.h"
#include "book/output_loader.h"
#include "book/param_check.h"
#include "book/params_loader.h"
#include "book/probe_loader.h"
#include "book/step_type.h"
#include "book/target_loader.h"

namespace runbook {
namespace {

constexpr Effect effects[] = {Effect::read, Effect::idempotent, Effect::once, Effect::irreversible};

class StepLoader {
 public:
  StepLoader(const Node& map, const Inherited& inherited, Loading& loading)
      : map_(map), inherited_(inherited), loading_(loading), problems_(loading.problems), step_(std::make_unique<Step>()) {}

  std::unique_ptr<Step> load() {
    begin();
    type_ = find_type(map_, keys::step, TypeUse::of_step, map_.place, loading_);
    const Fields fields(map_, problems_, defaults());
    load_words(fields);
    load_id();
    load_condition();
    load_surroundings();
    load_failure_policy(fields);
    if (type_) load_type();
    load_output_sizes(fields);
    if (step_->kind == Step::Kind::act) load_act(fields);
    else if (step_->kind == Step::Kind::manual) load_beside_manual(fields);
    else if (step_->kind == Step::Kind::include) refuse_beside_include();
    else refuse_beside_probe();
    if (!step_->loops.empty()) check_names_in_loop();
    load_needed_targets(*step_, loading_);
    load_example();
    loading_.references.add_step(*step_, id_place_, site_.around);
    return std::move(step_);
  }

  // `probe` is the same map.
  std::unique_ptr<Step> load_watch(const NodePtr& probe) {
    begin();
    step_->kind = Step::Kind::watch;
    step_->type = "watch";
    step_->effect = Effect::read;
    load_id();
    inherit();
    step_->probe = load_probe(Node::Member{"watch", map_.place, probe}, ProbeUse::watch, site_, loading_);
    load_needed_targets(*step_, loading_);
    loading_.references.add_step(*step_, id_place_, site_.around);
    return std::move(step_);
  }

  // The step that takes back what `owner`, which stands at `site`, has done.
  std::shared_ptr<const Step> load_undo(const Step& owner, const Site& site) {
    step_->place = map_.place;
    site_ = site;
    step_->id = owner.id + ":undo";
    step_->title = "Undo: " + owner.title;
    inherit();
    type_ = find_type(map_, keys::undo, TypeUse::of_undo, map_.place, loading_);
    if (!type_) return nullptr;
    load_type();
    warn_of_unknown_effect();
    load_needed_targets(*step_, loading_);
    static const Node nothing;
    const Fields fields(nothing, problems_, defaults());
    load_output_sizes(fields);
    load_timeout(fields);
    if (const Node::Member* retry = fields.find("retry")) load_retry(*retry);
    return std::move(step_);
  }

 private:
  void begin() {
    step_->place = map_.place;
    site_.step = step_.get();
    site_.steps = loading_.references.step_count();
    site_.around = inherited_.around;
  }

  const Node* defaults() const {
    if (!type_ || !loading_.defaults) return nullptr;
    const Node::Member* found = loading_.defaults->find(type_->member->key);
    return found && found->value->kind == Node::Kind::map ? found->value.get() : nullptr;
  }

  void load_words(const Fields& fields) {
    fields.title("title", step_->title);
    fields.note("note", step_->note);
    step_->anchor = inherited_.anchor;
    fields.note("source", step_->anchor);
    fields.texts("tags", step_->tags);
  }

  void load_id() {
    id_place_ = map_.place;
    const Node::Member* id = map_.find("id");
    if (!id) return report_missing_id();
    if (!expect(Node::Kind::scalar, *id->value, "id", problems_)) return;
    id_place_ = id->value->place;
    step_->id = id->value->text;
    if (step_->title.empty()) step_->title = step_->id;
    expect_name(step_->id, id_place_, "a step", problems_);
    if (const Place* first = loading_.references.find_step(step_->id))
      problems_.error(*id->value, fmt::format("two steps have the id `{}`", step_->id),
                      fmt::format("the other one is in line {}", first->line));
    load_former_id();
  }

  void load_former_id() {
    const Node::Member* was = map_.find("was");
    if (!was || !expect(Node::Kind::scalar, *was->value, "was", problems_)) return;
    if (!expect_name(was->value->text, was->value->place, "a step", problems_)) return;
    step_->was = was->value->text;
    loading_.references.add_former_id(step_->was, was->value);
  }

  void report_missing_id() {
    std::string base = name_from(step_->title);
    if (base.empty() && type_) base = name_from(type_->member->key);
    std::string proposal = base;
    for (int i = 2; loading_.references.find_step(proposal) && !problems_.is_crowded(); ++i)
      proposal = fmt::format("{}_{}", base, i);
    problems_.error(map_, fmt::format("this {} has no `id`", step_->kind == Step::Kind::watch ? "watch" : "step"),
                    fmt::format("add `id: {}`", proposal.empty() ? "name" : proposal));
    step_->id = proposal;  // so that the next step of the same title gets another proposal
  }

  void load_condition() {
    const Node::Member* when = map_.find("when");
    if (!when) return;
    step_->when = read_expression(when->value, site_.at("when"), loading_);
    if (step_->when)
      site_.around = loading_.references.enclose(
          {Enclosure::Kind::condition, nullptr, step_->when->expression.text(), 0, inherited_.around});
  }

  void inherit() {
    step_->env = inherited_.env;
    step_->dir = inherited_.dir;
    step_->target = inherited_.target;
    step_->loops = inherited_.loops;
  }

  void load_surroundings() {
    inherit();
    if (const Node::Member* env = map_.find("env")) load_environment(*env->value, site_, loading_, step_->env);
    if (const Node::Member* dir = map_.find("dir")) step_->dir = read_template(dir->value, site_.at("dir"), loading_);
    load_target(map_, loading_, step_->target);
  }

  void load_type() {
    step_->type = type_->member->key;
    if (type_->declaration) {
      step_->effect = type_->declaration->effect;
      step_->params = load_params(*type_->member, *type_->declaration, defaults(), site_, loading_);
      return load_effect();
    }
    if (step_->type == "include") return load_include(*type_->member, site_, loading_, *step_);
    if (step_->type == "manual") return load_manual(*type_->member, site_, loading_, *step_);
    const bool waits = step_->type == "wait_until";
    step_->kind = waits ? Step::Kind::wait_until : Step::Kind::assertion;
    step_->effect = Effect::read;
    step_->probe = load_probe(*type_->member, waits ? ProbeUse::wait_until : ProbeUse::assertion, site_, loading_);
  }

  void load_effect() {
    found_ = check_params(*type_->declaration, step_->params, *type_->member, problems_);
    if (!found_) return;
    step_->effect = found_->effect;
    step_->effect_why = found_->why;
    if (found_->only_in_probes)
      problems_.error(type_->member->key_place, length_of(type_->member->key),
                      "this only looks, and a step would go on whatever the answer",
                      fmt::format("write `wait_until: {{{}: {{...}}, timeout: 10m}}`, or `assert:`", step_->type));
  }

  void warn_of_unknown_effect() {
    if (!found_ || found_->unknown.empty()) return;
    problems_.warning(type_->member->key_place, length_of(type_->member->key),
                      fmt::format("{}: it is taken to be `{}`", found_->why, effect_name(found_->effect)),
                      found_->hint.empty() ? "say what it does beside it: `effect: idempotent`" : found_->hint);
  }

  // wait_until and assert are probes: what belongs to an effect has no place beside them.
  void refuse_beside_probe() {
    for (const std::string& key : effect_keys()) {
      const Node::Member* member = map_.find(key);
      if (!member) continue;
      const bool moves = key == "outputs" || key == "timeout";
      problems_.error(*member, fmt::format("`{}` has no meaning beside `{}`", key, step_->type),
                      moves ? fmt::format("write it inside `{}:`", step_->type) : "");
    }
    if (const Node::Member* hints = map_.find("hints")) load_hints(*hints);
  }

  void refuse_beside_include() {
    for (const std::string& key : keys_of_own_steps()) {
      if (const Node::Member* member = map_.find(key))
        problems_.error(*member, fmt::format("`{}` has no meaning beside `include`", key), instead_beside_include(key));
    }
  }

  static std::string instead_beside_include(std::string_view key) {
    if (key == "outputs") return "its outputs are those of the other runbook: `outputs:` there";
    if (key == "undo") return "the steps of the other runbook have their own";
    if (key == "env" || key == "dir" || key == "target")
      return fmt::format("the other runbook has its own `{}`; hand over what it needs by `with:`", key);
    return "it belongs to a step of the other runbook";
  }

  // A person does it: there is no process whose end, output or time could be looked at.
  void load_beside_manual(const Fields& fields) {
    for (const std::string& key : process_keys()) {
      if (const Node::Member* member = map_.find(key))
        problems_.error(*member, fmt::format("`{}` has no meaning beside `manual`", key), instead_beside_manual(key));
    }
    load_probes();
    load_approval();
    if (const Node::Member* hints = fields.find("hints")) load_hints(*hints);
    load_undo();
  }

  static std::string instead_beside_manual(std::string_view key) {
    if (key == "outputs") return "write inside `manual:` what the person gives: `collect: {name: {}}`";
    if (key == "timeout" || key == "on_timeout")
      return "a person takes the time that it takes; what must come about in time is a `wait_until` behind it";
    if (key == "retry") return "what a person rejects is asked anew when the run is resumed";
    return key == "effect" ? "a person does it, and is asked before it is done anew" : "";
  }

  void load_act(const Fields& fields) {
    static const std::vector<std::string>& names = key_doc(keys::step, "effect").choices;
    if (const std::optional<std::size_t> effect = fields.choice("effect", names)) {
      step_->effect = effects[*effect];
      step_->effect_why.clear();
    } else {
      warn_of_unknown_effect();
    }
    load_probes();
    load_approval();
    if (const Node::Member* outputs = map_.find("outputs"))
      step_->outputs = load_outputs(*outputs, OutputsOf::step, site_, loading_);
    if (type_ && type_->declaration)
      mark_sensitive(step_->outputs, *type_->declaration, step_->params, OutputsOf::step, loading_);
    load_timeout(fields);
    if (const Node::Member* retry = fields.find("retry")) load_retry(*retry);
    if (const Node::Member* hints = fields.find("hints")) load_hints(*hints);
    if (const Node::Member* leaves = fields.find("leaves")) load_leaves(*leaves);
    if (const Node::Member* tty = fields.find("tty")) load_tty(fields, *tty);
    load_undo();
  }

  void load_failure_policy(const Fields& fields) {
    static const std::vector<std::string>& choices = key_doc(keys::step, "on_failure").choices;
    if (const std::optional<std::size_t> choice = fields.choice("on_failure", choices))
      step_->continues_on_failure = *choice == 1;
  }

  void load_undo() {
    constexpr const char* form = "write `undo: {shell: ...}`: a step type with its parameters, or `manual`";
    const Node::Member* undo = map_.find("undo");
    if (!undo || !expect(Node::Kind::map, *undo->value, "undo", problems_, form)) return;
    if (step_->effect == Effect::read)
      problems_.error(*undo, "`undo` has no meaning beside `effect: read`: nothing was changed");
    Site site = site_;
    site.is_undo = true;
    site.has_before = true;
    Inherited inherited;
    inherited.env = step_->env;
    inherited.dir = step_->dir;
    inherited.target = step_->target;
    inherited.loops = step_->loops;
    step_->undo = StepLoader(*undo->value, inherited, loading_).load_undo(*step_, site);
  }

  void load_leaves(const Node::Member& leaves) {
    constexpr const char* form = "say what lives on: `leaves: [the tunnel to the database]`";
    if (type_ && type_->declaration && !type_->declaration->has_process)
      return problems_.error(leaves, fmt::format("`leaves` has no meaning beside `{}`, which starts no process", step_->type));
    if (!expect(Node::Kind::list, *leaves.value, "leaves", problems_, form)) return;
    if (leaves.value->items.empty()) problems_.error(*leaves.value, "`leaves` names nothing", form);
    for (const NodePtr& what : leaves.value->items) {
      if (!expect(Node::Kind::scalar, *what, "leaves", problems_, form)) continue;
      if (what->text.find_first_not_of(" \t\n") == std::string::npos)
        problems_.error(*what, "`leaves` has an empty entry", form);
      step_->leaves.push_back(what->text);
    }
  }

  // What passes at a terminal is seen by the person alone.
  void load_tty(const Fields& fields, const Node::Member& tty) {
    fields.boolean("tty", step_->has_terminal);
    if (!step_->has_terminal) return;
    if (type_ && type_->declaration && !type_->declaration->has_process)
      return problems_.error(tty, fmt::format("`tty` has no meaning beside `{}`, which starts no process", step_->type));
    for (const OutputRule& rule : step_->outputs) {
      if (rule.is_of_result())
        problems_.error(
            rule.place, length_of(rule.name),
            fmt::format("`{}` can't be taken from what the step writes: `tty` records nothing of it", rule.name),
            fmt::format("write `{0}: {{}}` here, and in the step `echo \"{0}=...\" >> \"$RUNBOOK_OUTPUT\"`", rule.name));
    }
    if (const Node::Member* output = map_.find("output"))
      problems_.error(*output, "`output` has no meaning beside `tty`, which records nothing of what is written");
    const bool has_params = type_ && type_->member->value->kind == Node::Kind::map;
    if (const Node::Member* input = has_params ? type_->member->value->find("stdin") : nullptr)
      problems_.error(*input, "`stdin` has no meaning beside `tty`: the step reads what is typed at the terminal");
  }

  void load_approval() {
    const Node::Member* member = map_.find("requires_approval");
    constexpr const char* form = "write `requires_approval: {by: [names or groups], count: 1, not_operator: true}`";
    if (!member || !expect(Node::Kind::map, *member->value, "requires_approval", problems_, form)) return;
    check_keys(*member->value, keys::approval, problems_);
    Approval approval;
    const Fields fields(*member->value, problems_);
    fields.texts("by", approval.by);
    fields.whole("count", 1, 100, approval.count);
    fields.boolean("not_operator", approval.not_operator);
    const Node::Member* by = member->value->find("by");
    const bool is_list = by && by->value->kind == Node::Kind::list;
    if (is_list && by->value->items.empty())
      problems_.error(*by->value, "`by` names nobody", "leave it out: anybody may approve");
    for (const std::string& name : approval.by) {
      if (name.find_first_not_of(" \t\n") == std::string::npos) problems_.error(*by->value, "a name in `by` is empty");
    }
    step_->approval = std::make_shared<const Approval>(std::move(approval));
  }

  void load_probes() {
    if (const Node::Member* before = map_.find("before"))
      step_->before = load_probe(*before, ProbeUse::before, site_, loading_);
    Site after = site_;
    after.has_before = true;
    if (const Node::Member* done_when = map_.find("done_when"))
      step_->done_when = load_probe(*done_when, ProbeUse::done_when, after, loading_);
    if (const Node::Member* verify = map_.find("verify"))
      step_->verify = load_probe(*verify, ProbeUse::verify, after, loading_);
  }

  void load_timeout(const Fields& fields) {
    if (const Node::Member* timeout = fields.find("timeout")) {
      std::int64_t ms = -1;
      fields.duration("timeout", ms);
      if (ms == 0) problems_.error(*timeout->value, "`timeout` must be longer than nothing");
      if (ms > 0) step_->timeout_ms = ms;
    }
    static const std::vector<std::string>& choices = key_doc(keys::step, "on_timeout").choices;
    if (const std::optional<std::size_t> choice = fields.choice("on_timeout", choices)) step_->kills_on_timeout = *choice == 1;
    if (const Node::Member* member = map_.find("on_timeout"); member && !fields.find("timeout"))
      problems_.error(*member, "`on_timeout` has no meaning without `timeout`", "add `timeout: 10m`");
  }

  void load_output_sizes(const Fields& fields) {
    const Node::Member* output = fields.find("output");
    if (!output || !expect(Node::Kind::map, *output->value, "output", problems_, "write `output: {head: 64KB, tail: 64KB}`"))
      return;
    check_keys(*output->value, keys::output_sizes, problems_);
    const Fields sizes(*output->value, problems_);
    sizes.size("head", step_->output_head);
    sizes.size("tail", step_->output_tail);
  }

  void load_retry(const Node::Member& retry) {
    const Node& map = *retry.value;
    const bool is_count = map.kind == Node::Kind::scalar && map.text.size() < 4 &&
                          map.text.find_first_not_of("0123456789") == std::string_view::npos;
    const std::string hint =
        fmt::format("write `retry: {{attempts: {}, delay: 10s}}`", is_count && !map.text.empty() ? map.text : "3");
    if (!expect(Node::Kind::map, map, "retry", problems_, hint)) return;
    check_keys(map, keys::retry, problems_);
    const Fields fields(map, problems_);
    if (!map.find("attempts"))
      problems_.error(retry, "`retry` lacks `attempts`", "say how often to try, the first included: `attempts: 3`");
    fields.whole("attempts", 1, 1'000'000, step_->retry.attempts);
    fields.duration("delay", step_->retry.delay_ms);
    fields.number("backoff", 1, step_->retry.backoff);
    fields.duration("max_delay", step_->retry.max_delay_ms);
    if (const Node::Member* when = map.find("when"))
      step_->retry.when = read_expression(when->value, site_.at("retry.when").with_result(), loading_);
  }

  void load_hints(const Node::Member& hints) {
    constexpr const char* form = "write `hints: [{match: regex, say: text}]`";
    if (!expect(Node::Kind::list, *hints.value, "hints", problems_, form)) return;
    for (const NodePtr& item : hints.value->items) {
      if (!expect(Node::Kind::map, *item, "hints", problems_, form)) continue;
      check_keys(*item, keys::hint, problems_);
      Hint hint;
      const Fields fields(*item, problems_);
      fields.pattern("match", hint.match);
      fields.note("say", hint.say);
      for (const char* key : {"match", "say"}) {
        if (!item->find(key)) problems_.error(item->place, 1, fmt::format("a hint lacks `{}`", key), form);
      }
      step_->hints.push_back(std::move(hint));
    }
  }

  // An item of `$steps.ID.items` has a key and a state besides its outputs.
  void check_names_in_loop() {
    const auto check = [&](const std::vector<OutputRule>& rules) {
      for (const OutputRule& rule : rules) {
        if (rule.name == "key" || rule.name == "items")
          problems_.error(rule.place, length_of(rule.name),
                          fmt::format("in a loop no output can have the name `{}`: `$steps.{}.items[].key` is that of the item",
                                      rule.name, step_->id),
                          "take another name");
      }
    };
    check(step_->outputs);
    for (const Probe* probe : {step_->done_when.get(), step_->probe.get()})
      if (probe) check(probe->outputs);
  }

  void load_example() {
    const Node::Member* example = map_.find("example");
    if (!example || !expect(Node::Kind::map, *example->value, "example", problems_, "write `example: {output: value}`")) return;
    const std::vector<std::string> names = step_->output_names();
    for (const Node::Member& member : example->value->members) {
      if (std::find(names.begin(), names.end(), member.key) == names.end())
        problems_.error(member, fmt::format("this step has no output `{}`", member.key), "`example` gives values of outputs");
    }
    step_->example = given_value(*example->value);
  }

  const Node& map_;
  const Inherited& inherited_;
  Loading& loading_;
  Problems& problems_;
  std::unique_ptr<Step> step_;
  std::optional<FoundType> type_;
  std::optional<EffectFound> found_;  // of the type
  Site site_;
  Place id_place_;
};

}  // namespace

std::unique_ptr<Step> load_step(const Node& map, const Inherited& inherited, Loading& loading) {
  return StepLoader(map, inherited, loading).load();
}

std::unique_ptr<Step> load_watch(const NodePtr& map, const Inherited& inherited, Loading& loading) {
  return StepLoader(*map, inherited, loading).load_watch(map);
}

void check_defaults(const Node& defaults, Loading& loading) {
  if (!expect(Node::Kind::map, defaults, "defaults", loading.problems, "write `defaults: {shell: {timeout: 10m}}`")) return;
  for (const Node::Member& member : defaults.members) {
    const Declaration* declaration = find_declaration(loading.types, member.key);
    std::vector<std::string> types;
    for (const Declaration& known : step_types_of(loading.types)) types.push_back(known.name);
    if (!declaration) {
      loading.problems.error(member, fmt::format("there is no step type `{}`", member.key), suggestion(member.key, types));
      continue;
    }
    if (!expect(Node::Kind::map, *member.value, member.key, loading.problems)) continue;
    std::vector<std::string> known = default_keys();
    for (const Param& param : declaration->params) {
      if (!param.is_one_of) known.push_back(param.name);
    }
    check_keys(*member.value, {"defaults", known, {}}, loading.problems);
  }
}

}  // namespace runbook
