#include "run/approval.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>

#include "base/digest.h"
#include "base/json.h"
#include "os/identity.h"
#include "os/ssh_signature.h"
#include "run/questions.h"
#include "run/request.h"

namespace runbook {

namespace {

// "ada" of `ada@example.org` and of `ada as root`.
std::string short_name(const std::string& name) { return name.substr(0, name.find_first_of("@ ")); }

bool is_same_person(const std::string& one, const std::string& other) { return short_name(one) == short_name(other); }

bool may_approve(const std::vector<std::string>& by, const std::string& name) {
  return by.empty() || std::any_of(by.begin(), by.end(), [&](const std::string& allowed) {
           return allowed == name || allowed == short_name(name) || is_in_group(short_name(name), allowed);
         });
}

// The question that follows when one more must approve.
Proposal ask_again(const RunState& state, const Question& question, std::int64_t number) {
  const std::string who = question.by.empty() ? "" : fmt::format(" of {}", fmt::join(question.by, ", "));
  const std::string about = fmt::format("approval_{}", state.of(question.instance).group);
  Value body = object({{"question", new_question_id(state, question.instance, about, 1)},
                       {"about", "approval"},
                       {"text", fmt::format("`{}` needs approval {} of {}{}", question.instance, number, question.count,
                                            who + (question.not_operator ? ", who do not drive this run" : ""))},
                       {"choices", List{"approve", "reject"}},
                       {"sha256", question.sha256},
                       {"by", list_from(question.by)},
                       {"number", number},
                       {"count", question.count},
                       {"not_operator", question.not_operator}});
  if (!question.form.empty())
    body = with(body, "form", blob_reference(question.form, static_cast<std::size_t>(question.form_size)));
  return Proposal(event::asked, question.instance, body);
}

// A name that an answer can be relied on to come from; "" and why.
Approver identity_of(const std::string& run, const Question& question, const Answer& given) {
  const std::string signature = given.fields.text_or("signature", "");
  const auto signers = allowed_signers();
  if (signature.empty() && signers && !question.by.empty())
    return {"", fmt::format("an approval must be signed by a principal of {}: --sign-with KEY", signers->string())};
  if (signature.empty()) return {given.who, ""};
  if (!signers) return {"", "it is signed, and there is no allowed-signers file that says who may (RUNBOOK_ALLOWED_SIGNERS)"};
  SignedBy by = ssh_verify(*signers, Signed::approval, signature, text_to_sign(run, question));
  return {by.principal, by.why};
}

}  // namespace

Value approved_matter(const RunFacts& facts, const Instance& step, const Scope& scope) {
  return object({{"run", facts.run},
                 {"step", step.id},
                 {"definition_sha256", sha256_hex(facts.runbook->source->text())},
                 {"request", described_request(facts, step, scope)}});
}

std::string matter_sha256(const Value& matter) { return sha256_hex(to_json(matter)); }

std::int64_t approvals_of(const InstanceState& it, const std::string& sha256) {
  return it.approved_sha256 == sha256 ? static_cast<std::int64_t>(it.approved_by.size()) : 0;
}

bool is_approval_by_others(const Question& question) { return question.about == "approval" && !question.sha256.empty(); }

Proposal ask_for_approval(const RunState& state, const Instance& step, const Value& matter) {
  Question question;
  question.instance = step.id;
  question.sha256 = matter_sha256(matter);
  question.by = step->approval->by;
  question.count = step->approval->count;
  question.not_operator = step->approval->not_operator;
  Proposal asked = ask_again(state, question, approvals_of(state.of(step.id), question.sha256) + 1);
  asked.attach("form", to_json(matter));
  return asked;
}

std::string text_to_sign(const std::string& run, const Question& question) {
  return fmt::format("runbook approval 1\nrun {}\nstep {}\nquestion {}\nsha256 {}\n", run, question.instance, question.id,
                     question.sha256);
}

std::optional<std::filesystem::path> allowed_signers() {
  const char* named = std::getenv("RUNBOOK_ALLOWED_SIGNERS");
  if (named && *named) return named;  // a file that is named and missing lets nobody through
  const char* config = std::getenv("XDG_CONFIG_HOME");
  const std::filesystem::path folder =
      config && *config ? std::filesystem::path(config) : std::filesystem::path(home_folder()) / ".config";
  std::error_code error;
  const auto path = folder / "runbook" / "allowed_signers";
  return std::filesystem::exists(path, error) ? std::optional(path) : std::nullopt;
}

Approver approver_of(const RunState& state, const std::string& run, const Question& question, const Answer& given) {
  if (given.choice != "approve" && given.because.empty()) return {"", fmt::format("`{}` needs a reason", given.choice)};
  Approver approver = identity_of(run, question, given);
  const std::string& name = approver.name;
  if (name.empty()) return approver;
  if (!may_approve(question.by, name))
    return {"", fmt::format("{} may not approve; {} may", name, fmt::join(question.by, ", "))};
  const auto is_approver = [&](const std::string& driver) { return is_same_person(name, driver); };
  if (question.not_operator && std::any_of(state.drivers.begin(), state.drivers.end(), is_approver))
    return {"", fmt::format("{} drives this run, and somebody else must approve", name)};
  const InstanceState& it = state.of(question.instance);
  const bool has_approved =
      approvals_of(it, question.sha256) > 0 && std::any_of(it.approved_by.begin(), it.approved_by.end(), is_approver);
  if (has_approved) return {"", fmt::format("{} has approved already, and {} different people must", name, question.count)};
  return approver;
}

std::vector<Proposal> answer_approval(const RunState& state, const Question& question, const Answer& given,
                                      const std::string& approver) {
  Value body = object({{"who", given.who}, {"question", question.id}, {"choice", given.choice}, {"approver", approver}});
  if (!given.because.empty()) body = with(body, "because", given.because);
  Proposal answered(event::answered, question.instance, body);
  if (const std::string signature = given.fields.text_or("signature", ""); !signature.empty())
    answered.attach("signature", signature);
  if (given.choice == "reject") {
    const std::string why = fmt::format("approval refused by {}: {}", approver, given.because);
    return {answered, Proposal(event::refused, question.instance, object({{"why", why}}))};
  }
  if (question.number >= question.count) return {answered};
  return {answered, ask_again(state, question, question.number + 1)};
}

Proposal turn_away(const Question& question, const Answer& given, const std::string& why) {
  return Proposal(event::answered, question.instance,
                  object({{"who", given.who}, {"question", question.id}, {"choice", turned_away}, {"because", why}}));
}

}  // namespace runbook
