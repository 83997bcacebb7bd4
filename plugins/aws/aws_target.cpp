#include <fmt/format.h>

#include <map>
#include <mutex>

#include "base/environment.h"
#include "base/error.h"
#include "base/json.h"
#include "plugins/aws/aws_step.h"
#include "plugins/aws/find_call.h"

namespace runbook {

namespace {

std::string text_of(const Value& map, std::string_view name) {
  const Value* found = map.find(name);
  return found && !found->is_null() ? text_or_json(*found) : "";
}

using Variables = std::vector<std::pair<std::string, std::string>>;

void set(Variables& variables, const char* name, const std::string& value) {
  if (!value.empty()) variables.emplace_back(name, value);
}

std::vector<std::string> with_variables(std::vector<std::string> env, const Variables& variables) {
  for (const auto& [name, value] : variables) set_variable(env, name, value);
  return env;
}

// What the runbook says of it, as the AWS tools read it.
Variables said_variables(const Value& params) {
  Variables variables;
  const std::string profile = text_of(params, "profile");
  set(variables, "AWS_PROFILE", profile);
  // Keys in the environment would win over it.
  if (!profile.empty())
    for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
      variables.emplace_back(name, "");
  set(variables, "AWS_REGION", text_of(params, "region"));
  set(variables, "AWS_DEFAULT_REGION", text_of(params, "region"));
  set(variables, "AWS_ENDPOINT_URL", text_of(params, "endpoint"));
  return variables;
}

TargetSight unseen(std::string why) { return {{}, "the account can't be seen: " + std::move(why), {}, {}}; }

class AwsTarget : public TargetType {
 public:
  explicit AwsTarget(std::shared_ptr<aws::Session> session)
      : session_(std::move(session)), declaration_(aws_target_declaration()) {}
  const Declaration& declaration() const override { return declaration_; }

  TargetSight look(const TargetLook& look) const override {
    if (!session_->models()) return unseen(aws::no_models);
    const aws::Configuration configuration(with_variables(look.env, said_variables(look.params)));
    try {
      return sight_of(look, configuration);
    } catch (const aws::CodeWanted& wanted) {
      TargetSight sight = unseen(with_hint(wanted));
      sight.needs_code_of = wanted.device;
      return sight;
    } catch (const Error& error) {
      return unseen(with_hint(error));
    }
  }

  std::string why_not(const Value& params, const Value& identity) const override {
    const std::string wanted = text_of(params, "account"), seen = identity.text_or("account", "");
    return wanted.empty() || wanted == seen ? "" : fmt::format("the runbook says account {}, this is {}", wanted, seen);
  }

  std::string describe(const Value& identity) const override {
    const std::string region = identity.text_or("region", ""), endpoint = identity.text_or("endpoint", "");
    return fmt::format("account {}{}{}", identity.text_or("account", ""), region.empty() ? "" : " in " + region,
                       endpoint.empty() ? "" : " at " + endpoint);
  }

  Variables environment(const Value& params, const Value& identity) const override {
    Variables variables = said_variables(params);
    const std::string region = identity.text_or("region", "");
    for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"})
      if (text_of(params, "region").empty()) set(variables, name, region);
    set(variables, "RUNBOOK_TARGET_ACCOUNT", identity.text_or("account", ""));
    set(variables, "RUNBOOK_TARGET_REGION", region);
    return variables;
  }

 private:
  TargetSight sight_of(const TargetLook& look, const aws::Configuration& configuration) const {
    const aws::CredentialWish wish = wish_of(look.params);
    const bool assumes = !wish.assume_role.empty();
    const aws::Credentials credentials =
        assumes ? session_->assumed(configuration, wish, look.stop) : session_->credentials(configuration, look.stop);
    Value identity = object({{"account", account_of(credentials, configuration, look.stop)},
                             {"region", configuration.region(configuration.profile_name())}});
    const std::string endpoint = configuration.endpoint_settings(configuration.profile_name(), "STS").endpoint_url;
    if (!endpoint.empty()) identity = with(identity, "endpoint", endpoint);
    TargetSight sight;
    sight.identity = as_recorded(identity);
    sight.secrets = {credentials.secret_key};
    if (!credentials.session_token.empty()) sight.secrets.push_back(credentials.session_token);
    if (assumes)
      sight.environment = {{"AWS_ACCESS_KEY_ID", credentials.access_key},
                           {"AWS_SECRET_ACCESS_KEY", credentials.secret_key},
                           {"AWS_SESSION_TOKEN", credentials.session_token}};
    return sight;
  }

  static aws::CredentialWish wish_of(const Value& params) {
    aws::CredentialWish wish;
    wish.profile = text_of(params, "profile");
    wish.assume_role = text_of(params, "assume_role");
    wish.external_id = text_of(params, "external_id");
    wish.session_name = text_of(params, "session_name");
    return wish;
  }

  // A key belongs to one account for good: each is asked about once.
  std::string account_of(const aws::Credentials& credentials, const aws::Configuration& configuration,
                         std::stop_token stop) const {
    {
      std::lock_guard lock(mutex_);
      const auto known = accounts_.find(credentials.access_key);
      if (known != accounts_.end()) return known->second;
    }
    const aws::FoundCall found = aws::find_call(*session_->models(), "sts.GetCallerIdentity");
    aws::Call call;
    call.model = found.model;
    call.operation = found.operation;
    call.may_repeat = true;
    call.credentials = &credentials;
    call.timeout_ms = 10'000;
    const aws::CallAnswer answer = session_->call(call, configuration, stop);
    if (answer.kind != aws::CallAnswer::Kind::done) throw Error(ExitCode::step_failed, "sts.GetCallerIdentity: " + answer.why);
    const std::string account = answer.result.text_or("Account", "");
    std::lock_guard lock(mutex_);
    return accounts_.emplace(credentials.access_key, account).first->second;
  }

  std::shared_ptr<aws::Session> session_;
  const Declaration declaration_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::string> accounts_;  // by access key
};

Param value_param(const char* name, const char* doc) { return {name, Param::Type::value, doc, false, {}, {}}; }

}  // namespace

Declaration aws_target_declaration() {
  Declaration declared;
  declared.of = Declaration::Of::target;
  declared.name = "aws";
  declared.summary =
      "An account and a region. Credentials are found as the AWS tools find them; `sts.GetCallerIdentity` says whose they are. "
      "Processes get the region, and the keys of a role that is assumed.";
  declared.main_param = "account";
  declared.params = {value_param("account", "The number of the account; left out: the one that the run first sees."),
                     value_param("region", "The region; left out: AWS_REGION, or that of the profile."),
                     value_param("profile", "A profile of ~/.aws/config; left out: AWS_PROFILE, or `default`."),
                     value_param("assume_role", "The ARN of a role that is assumed with what the rest gives."),
                     value_param("external_id", "Of that role."),
                     value_param("session_name", "Of that role, as CloudTrail shows it."),
                     value_param("endpoint", "A URL that stands for all services.")};
  declared.effect = Effect::read;
  declared.sets = {"AWS_REGION",        "AWS_DEFAULT_REGION",    "AWS_PROFILE",
                   "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"};
  declared.result =
      "{account, region, endpoint}; processes get AWS_REGION, AWS_DEFAULT_REGION, RUNBOOK_TARGET_ACCOUNT and "
      "RUNBOOK_TARGET_REGION";
  declared.example = "targets:\n  main: {aws: {account: \"123456789012\", region: us-east-2}}\n";
  return declared;
}

std::unique_ptr<TargetType> make_aws_target(std::shared_ptr<aws::Session> session) {
  return std::make_unique<AwsTarget>(std::move(session));
}

}  // namespace runbook
