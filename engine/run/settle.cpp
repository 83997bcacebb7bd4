#include "run/settle.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "run/outputs.h"
#include "run/retry.h"

namespace runbook {

bool is_repeatable(Effect effect) { return effect == Effect::read || effect == Effect::idempotent; }

bool has_looks_after(const Step& step) { return step.done_when || step.verify; }

namespace {

class Settlement {
 public:
  Settlement(const Instance& step, const InstanceState& it, const Outcome& outcome, const Scope& scope, std::int64_t now_ms,
             IfNotStarted if_not_started)
      : step_(step), it_(it), outcome_(outcome), scope_(scope), now_ms_(now_ms), if_not_started_(if_not_started) {}

  Proposal proposal() {
    using Kind = Outcome::Kind;
    switch (outcome_.kind) {
      case Kind::succeeded: return succeeded();
      case Kind::failed: return failed(outcome_.reason);
      case Kind::not_started: return not_started();
      case Kind::timed_out: return is_repeatable(step_->effect) ? failed(outcome_.reason) : doubted();
      case Kind::cancelled: return is_repeatable(step_->effect) ? stopped() : doubted();
      case Kind::unknown: return doubted();
    }
    RUNBOOK_ASSERT(false);
  }

  Proposal without_outputs(const std::string& why) {
    return ended("failed", (outcome_.exit_code < 0 ? "it was done, but " : "it ran and exited with 0, but ") + why);
  }

 private:
  // What is known of the process, with its output.
  Proposal with_process(std::string_view kind, Value body) {
    if (outcome_.exit_code >= 0) body = with(body, "exit_code", outcome_.exit_code);
    if (outcome_.output_total > 0)
      body = with(with(body, "output_total", outcome_.output_total), "output_sha256", outcome_.output_sha256);
    if (!outcome_.strays.empty()) body = with(body, "strays", list_from(outcome_.strays));
    if (!outcome_.left.empty()) body = with(body, "left", list_from(outcome_.left));
    Proposal proposal(kind, step_.id, body, it_.attempt);
    if (!outcome_.output.empty()) proposal.attach("output", outcome_.output);
    if (!outcome_.findings.empty()) proposal.attach("findings", outcome_.findings);
    return proposal;
  }

  Proposal ended(std::string_view result, const std::string& why) {
    Value body = object({{"result", result}});
    if (!why.empty()) body = with(body, "why", why);
    return with_process(event::ended, body);
  }

  Proposal succeeded() {
    std::string why;
    auto outputs = extract_outputs(step_->outputs, outcome_, scope_, why);
    if (!outputs) return without_outputs(why);
    Proposal proposal = has_looks_after(*step_) ? with_process(event::exited, what_follows()) : ended("succeeded", "");
    if (!outputs->values.as_map().empty()) proposal.attach("outputs", to_json(outputs->values));
    proposal.secrets = std::move(outputs->secrets);
    return proposal;
  }

  Value what_follows() const {
    bool is_verifying = !step_->done_when;
    std::int64_t timeout_ms = is_verifying ? step_->verify->timeout_ms : step_->done_when->timeout_ms;
    Value body = object({{"looks_until_ms", now_ms_ + timeout_ms}});
    return is_verifying ? with(body, "verifying", true) : body;
  }

  Proposal failed(const std::string& why) {
    Proposal proposal = ended(outcome_name(outcome_.kind), why);
    auto next = retry_at_ms(*step_, it_, outcome_, scope_, now_ms_);
    if (!next) return proposal;
    std::string plan = fmt::format("{}; attempt {} of {} follows", why, it_.attempts + 1, step_->retry.attempts);
    proposal.event.body = with(with(proposal.event.body, "why", plan), "retry_at_ms", *next);
    return proposal;
  }

  Proposal not_started() {
    Proposal proposal = ended("not_started", outcome_.reason);
    if (if_not_started_ == IfNotStarted::begins_again) proposal.event.body = with(proposal.event.body, "again", true);
    return proposal;
  }

  // Who stops an overdue step does not want it begun again.
  Proposal stopped() {
    if (it_.must_stop) return ended("failed", "it ran longer than its timeout and was stopped");
    return ended("cancelled", outcome_.reason);
  }

  Proposal doubted() {
    std::int64_t until = now_ms_ + (step_->done_when ? step_->done_when->timeout_ms : 0);
    return with_process(event::doubted, object({{"why", outcome_.reason}, {"looks_until_ms", until}}));
  }

  const Instance& step_;
  const InstanceState& it_;
  const Outcome& outcome_;
  const Scope& scope_;
  std::int64_t now_ms_;
  IfNotStarted if_not_started_;
};

}  // namespace

Proposal settle(const Instance& step, const InstanceState& it, const Outcome& outcome, const Scope& scope, std::int64_t now_ms,
                IfNotStarted if_not_started) {
  return Settlement(step, it, outcome, scope, now_ms, if_not_started).proposal();
}

Proposal settle_without_outputs(const Instance& step, const InstanceState& it, const Outcome& outcome, const Scope& scope,
                                const std::string& why) {
  return Settlement(step, it, outcome, scope, 0, IfNotStarted::stops).without_outputs(why);
}

}  // namespace runbook
