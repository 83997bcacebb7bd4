#include "run/secret_keeper.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/redactor.h"
#include "run/decide.h"
#include "run/instances.h"

namespace runbook {

namespace {

bool gives_secrets(const Runbook& runbook) {
  return std::any_of(runbook.steps.begin(), runbook.steps.end(), [](const Step* step) {
    return step->gives_secrets() || (step->include && gives_secrets(*step->include->runbook));
  });
}

}  // namespace

SecretKeeper::SecretKeeper(const RunFacts& facts, const RunState& state, StoredValues& values, Performer& performer,
                           Observer& observer, ScopeOf scope_of)
    : facts_(facts),
      state_(state),
      values_(values),
      performer_(performer),
      observer_(observer),
      scope_of_(std::move(scope_of)),
      is_any_given_(gives_secrets(*facts.runbook)) {
  for (const Input& input : facts.runbook->inputs) {
    const bool may_come = input.type == ValueType::secret && !input.from.empty() && !facts.secrets.contains(input.name);
    if (may_come) late_.push_back(&input);
  }
}

std::filesystem::path SecretKeeper::kept_path(const OutputRule& rule, const RunScope& scope) const {
  return std::filesystem::path(facts_.dir) / text_or_json(rule.kept_in->text.evaluate(scope));
}

std::string SecretKeeper::keep(const Instance& step, const std::vector<std::pair<std::string, std::string>>& secrets) {
  for (const auto& [name, secret] : secrets) {
    const OutputRule* rule = step->find_output(name);
    RUNBOOK_ASSERT(rule);
    facts_.secret_outputs->learn(step.id, name, secret);
    std::string why;
    try {
      if (rule->kept_in) why = performer_.keep_secret(kept_path(*rule, scope_of_(step)), secret);
    } catch (const ExpressionError& error) {
      why = error.what();
    }
    if (!why.empty()) return fmt::format("its secret output `{}` can't be kept: {}", name, why);
  }
  return {};
}

void SecretKeeper::recall_all() {
  if (!is_any_given_) return;
  for (const Instance& step : Instances(facts_, state_, values_).all()) recall(step);
}

void SecretKeeper::recall(const std::string& instance) {
  if (!is_any_given_) return;
  if (const auto step = Instances(facts_, state_, values_).find(instance)) recall(*step);
}

void SecretKeeper::recall(const Instance& step) {
  if (!step->gives_secrets() || !is_done(state_.of(step.id).state)) return;
  for (const OutputRule& rule : step->outputs) {
    if (rule.is_kept() && !facts_.secret_outputs->find(step.id, rule.name)) recall(step, rule);
  }
}

void SecretKeeper::recall(const Instance& step, const OutputRule& rule) {
  Performer::Recalled found = ask_for(step, rule);
  if (found.secret && found.secret->size() < shortest_secret)
    found = {std::nullopt, "what is there now is too short to be masked"};
  if (found.secret) return facts_.secret_outputs->learn(step.id, rule.name, *std::move(found.secret));
  observer_.notice(
      fmt::format("the secret output `{}` of step `{}` is not found again: {}", rule.name, step.id, found.why_not));
}

Performer::Recalled SecretKeeper::ask_for(const Instance& step, const OutputRule& rule) {
  try {
    const RunScope scope = scope_of_(step);
    if (rule.kept_in) return performer_.recall_secret(kept_path(rule, scope));
    std::vector<std::string> argv;
    for (const PlacedTemplate& word : rule.kept_by) argv.push_back(text_or_json(word.text.evaluate(scope)));
    return performer_.recall_secret(argv, facts_.dir);
  } catch (const ExpressionError& error) {
    return {std::nullopt, error.what()};
  }
}

bool SecretKeeper::is_missing(const Input& input) const { return !facts_.secret_outputs->find("", input.name); }

void SecretKeeper::find_needed(const Live& live) {
  if (std::none_of(late_.begin(), late_.end(), [&](const Input* input) { return is_missing(*input); })) return;
  const Instances instances(facts_, state_, values_);
  for (const std::string& name : what_holds_up(facts_, state_, values_, Reach::next)) {
    const auto next = instances.find(name);
    if (next && !live.of(next->id).running) find_for(*next);
  }
}

void SecretKeeper::find_for(const Instance& step) {
  if (included_around(step.frame.get())) return;  // what it has of the run's inputs came by `with`
  for (const Reference& reference : step->references_to_values()) {
    if (reference.root != "inputs" || reference.path.empty()) continue;
    const auto input =
        std::find_if(late_.begin(), late_.end(), [&](const Input* one) { return one->name == reference.path[0]; });
    if (input != late_.end() && is_missing(**input)) find(step, **input);
  }
}

void SecretKeeper::find(const Instance& step, const Input& input) {
  const std::string a_try = fmt::format("{}/{}/{}", step.id, state_.of(step.id).all_attempts, input.name);
  if (!looked_for_.insert(a_try).second) return;
  Performer::Recalled found = performer_.find_secret(input);
  if (found.secret) return facts_.secret_outputs->learn("", input.name, *std::move(found.secret));
  if (!found.why_not.empty())
    observer_.notice(fmt::format("the secret `{}`, which `{}` needs, is not there: {}", input.name, step.id, found.why_not));
}

}  // namespace runbook
