#include "plugins/aws/aws_step.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "base/redactor.h"
#include "plugins/aws/error_kinds.h"
#include "plugins/aws/prepared_call.h"
#include "plugins/aws/requested_call.h"
#include "plugins/aws/sensitive.h"
#include "step/bounded_text.h"

namespace runbook {

namespace {

using aws::CallAnswer;

Value error_result(const aws::ServiceError& error) {
  Value shown = object({{"code", error.code}, {"message", error.message}, {"status", error.status}});
  if (!error.members.is_null()) shown = with(shown, "members", error.members);
  return object({{"error", shown}});
}

// Yes: it answered. No: it is not there. Whatever else keeps it from answering does not tell.
std::optional<Said> said_by(const aws::RequestedCall& call, const CallAnswer& answer) {
  if (call.waiter) return aws::judge(*call.waiter, answer);
  if (answer.kind == CallAnswer::Kind::done) return Said{Said::Answer::yes, "", false};
  if (answer.error && aws::says_not_found(*answer.error)) return Said{Said::Answer::no, answer.why, false};
  return std::nullopt;
}

class AwsStep : public StepType {
 public:
  explicit AwsStep(std::shared_ptr<aws::Session> session)
      : session_(std::move(session)), declaration_(aws_declaration(session_)) {}
  const Declaration& declaration() const override { return declaration_; }

  Outcome run(const StepContext& context) const override {
    if (!session_->models()) return not_started(aws::no_models);
    try {
      const aws::RequestedCall requested = aws::requested_call(*session_->models(), context.params);
      return outcome_of(requested, send(requested, context), context);
    } catch (const Error& error) {
      return not_started(error.what());
    }
  }

  // It died with its engine.
  Outcome attach(const StepContext& context) const override {
    if (context.was_sent == StepContext::Sent::no) return not_started("the engine ended before the request was sent");
    Outcome outcome;
    outcome.kind = Outcome::Kind::unknown;
    outcome.reason = "the engine ended after the request was sent, or may have been, and before it was answered";
    return outcome;
  }

 private:
  CallAnswer send(const aws::RequestedCall& requested, const StepContext& context) const {
    const aws::Configuration configuration(context.env);
    aws::Call call = aws::prepared_call(requested.model, *requested.operation, context.params.get("params"), context.token);
    call.only_reads = call.only_reads && !requested.waiter;  // a waiter judges one answer
    call.may_repeat = call.may_repeat || context.is_repeatable;
    call.dir = context.dir;
    if (const Value save_to = context.params.get("save_to"); !save_to.is_null())
      call.save_to = (std::filesystem::path(context.dir) / text_or_json(save_to)).lexically_normal().string();
    call.timeout_ms = context.timeout_ms;
    call.before_sending = context.about_to_send;
    return aws::answer_of(*session_, call, configuration, context.stop);
  }

  static Outcome outcome_of(const aws::RequestedCall& requested, const CallAnswer& answer, const StepContext& context) {
    Outcome outcome;
    outcome.said = said_by(requested, answer);
    outcome.reason = redact(answer.why, context.secrets);
    switch (answer.kind) {
      case CallAnswer::Kind::done: take_result(outcome, requested, answer, context); break;
      case CallAnswer::Kind::refused: outcome.kind = Outcome::Kind::failed; break;
      case CallAnswer::Kind::not_sent: outcome.kind = Outcome::Kind::not_started; break;
      case CallAnswer::Kind::unknown:
        outcome.kind = Outcome::Kind::unknown;
        outcome.reason = "sent, but whether it was done is not known: " + outcome.reason;
        break;
      case CallAnswer::Kind::cancelled: outcome.kind = Outcome::Kind::cancelled; break;
      case CallAnswer::Kind::timed_out: outcome.kind = Outcome::Kind::timed_out; break;
    }
    if (answer.error && context.keeps_result) outcome.result = error_result(*answer.error);
    if (outcome.said && !outcome.said->says.empty()) outcome.said->says = redact(outcome.said->says, context.secrets);
    return outcome;
  }

  static void take_result(Outcome& outcome, const aws::RequestedCall& requested, const CallAnswer& answer,
                          const StepContext& context) {
    outcome.kind = Outcome::Kind::succeeded;
    const Value shown = aws::masked(*requested.model, *requested.operation, answer.result);
    if (context.keeps_result) {
      outcome.result = answer.result;
      outcome.masked_result = shown;
    }
    if (context.hides_output || shown == Value(Map())) return;
    const std::string text = redact(to_pretty_json(shown), context.secrets) + "\n";
    outcome.output = bounded_text(text, context.output_head, context.output_tail);
    outcome.output_total = static_cast<std::int64_t>(text.size());
    outcome.output_sha256 = sha256_hex(text);
    if (context.output) context.output(outcome.output);
  }

  std::shared_ptr<aws::Session> session_;
  const Declaration declaration_;
};

}  // namespace

std::unique_ptr<StepType> make_aws(std::shared_ptr<aws::Session> session) {
  return std::make_unique<AwsStep>(std::move(session));
}

}  // namespace runbook
