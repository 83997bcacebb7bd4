#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "plugins/aws/aws_step.h"
#include "plugins/aws/check_params.h"
#include "plugins/aws/effects.h"
#include "plugins/aws/idempotency.h"
#include "plugins/aws/protocol.h"
#include "plugins/aws/requested_call.h"
#include "plugins/aws/sensitive.h"

namespace runbook {

namespace {

using Severity = ParamProblem::Severity;

bool is_known(const Value& value) { return !value.is_text() || value.as_text().find("${{") == std::string::npos; }

std::string main_param_of(const Value& params) { return params.get("wait").is_null() ? "call" : "wait"; }

// What `{file: path}` names anywhere in the parameters.
void add_files(const Value& value, std::vector<NamedPath>& files) {
  for (const Value& item : value.is_list() ? value.as_list() : List()) add_files(item, files);
  if (!value.is_map()) return;
  const Map& members = value.as_map();
  if (members.size() == 1 && members.front().first == "file" && members.front().second.is_text())
    return files.push_back({members.front().second.as_text(), NamedPath::Kind::input});
  for (const auto& [name, member] : members) add_files(member, files);
}

std::vector<NamedPath> files_of(const Value& params) {
  std::vector<NamedPath> files;
  add_files(params.get("params"), files);
  return files;
}

class Check {
 public:
  Check(const aws::ModelStore* store, const Value& params) : store_(store), params_(params), main_(main_param_of(params)) {}

  std::vector<ParamProblem> run() {
    const Value name = params_.get(main_);
    if (name.is_null()) return {};
    if (!store_) return add(Severity::warning, main_, {}, "it can't be checked: " + std::string(aws::no_models), ""), found_;
    try {
      check(aws::requested_call(*store_, params_));
    } catch (const Error& error) {
      add(Severity::error, main_, {}, error.what(), error.hint());
    }
    return found_;
  }

 private:
  void check(const aws::RequestedCall& call) {
    if (call.operation->has_event_stream)
      add(Severity::error, main_, {}, fmt::format("{} streams events, which is not spoken here", call.name),
          "use `exec: [aws, ...]` for it");
    if (call.operation->is_deprecated)
      add(Severity::warning, main_, {}, fmt::format("{} is deprecated by the service", call.name), "");
    const Value save_to = params_.get("save_to");
    const bool has_stream = !aws::streaming_member(*call.model, *call.operation).empty();
    if (!save_to.is_null() && !has_stream)
      add(Severity::error, "save_to", {}, fmt::format("what {} answers is no stream that could be saved", call.name),
          "leave it out");
    const Value given = params_.get("params");
    if (!given.is_null() && !given.is_map()) {
      if (is_known(given)) add(Severity::error, "params", {}, "`params` is a map", "write `params: {Name: value}`");
      return;
    }
    for (aws::ParamFault& fault : aws::check_params(*call.model, *call.operation, given, is_known)) {
      const Severity severity = fault.severity == aws::ParamFault::Severity::error ? Severity::error : Severity::warning;
      const bool is_of_all = fault.path.empty() && given.is_null();
      found_.push_back({severity, is_of_all ? main_ : "params", std::move(fault.path), std::move(fault.message),
                        std::move(fault.hint), fault.is_name});
    }
  }

  void add(Severity severity, const std::string& param, ParamPath path, std::string message, std::string hint) {
    found_.push_back({severity, param, std::move(path), std::move(message), std::move(hint)});
  }

  const aws::ModelStore* store_;
  const Value& params_;
  std::string main_;
  std::vector<ParamProblem> found_;
};

EffectFound effect_of(const aws::ModelStore* store, const Value& params) {
  EffectFound found;
  const auto call = aws::try_requested_call(store, params);
  if (!call) {
    found.why = "what it does is not known: " + std::string(store ? "there is no such call" : "its model is not installed");
    // A wait only looks, whatever it waits for.
    if (!params.get("wait").is_null()) found.effect = Effect::read;
  } else {
    found = aws::effect_of(*call->model, *call->operation);
  }
  found.only_in_probes = !params.get("wait").is_null();
  return found;
}

// What a member of the parameters is, by the shapes on the way to it.
bool wants_text(const aws::RequestedCall& call, const ParamPath& path) {
  if (call.operation->input.empty()) return false;
  const aws::Shape* shape = &call.model->shape(call.operation->input);
  for (const auto& step : path) {
    const aws::ShapeRef* next = nullptr;
    if (shape->type == aws::ShapeType::list) next = &shape->member;
    else if (shape->type == aws::ShapeType::map) next = &shape->value;
    else if (const auto* name = std::get_if<std::string>(&step)) next = shape->find(*name);
    if (!next || next->shape.empty()) return false;
    shape = &call.model->shape(*next);
  }
  return shape->type == aws::ShapeType::string || shape->type == aws::ShapeType::blob;
}

constexpr const char* example = R"(- id: state_bucket
  title: Create the state bucket
  aws:
    call: s3.CreateBucket
    params: {Bucket: imrt-state, CreateBucketConfiguration: {LocationConstraint: us-east-2}}
  done_when: {aws: {call: s3.HeadBucket, params: {Bucket: imrt-state}}}
  undo: {aws: {call: s3.DeleteBucket, params: {Bucket: imrt-state}}}
)";

std::vector<Param> params_of_aws() {
  std::vector<Param> params = {
      {"call", Param::Type::name, "service.Operation, as `runbook types aws` lists them.", false, {}, {}, true},
      {"wait",
       Param::Type::name,
       "service.Waiter: a look that knows what it waits for (eks.ClusterActive); in probes.",
       false,
       {},
       {},
       true},
      {"params",
       Param::Type::tree,
       "The parameters of the operation; `runbook types aws.SERVICE.OPERATION` lists them.",
       false,
       {},
       {}},
      {"save_to",
       Param::Type::value,
       "A file for the body of an answer that is a stream (s3.GetObject).",
       false,
       {},
       {},
       false,
       "call"}};
  return params;
}

}  // namespace

Declaration aws_declaration(const std::shared_ptr<aws::Session>& session) {
  Declaration declared;
  declared.name = "aws";
  declared.summary = "Calls an operation of an AWS service, in the account and region of the step's target.";
  declared.main_param = "call";
  declared.params = params_of_aws();
  declared.dies_with_engine = true;
  declared.result = "the operation's output, all pages of it put together";
  declared.example = example;
  declared.files = files_of;
  declared.needs_target = "aws";
  declared.effect_of = [session](const Value& params) { return effect_of(session->models(), params); };
  declared.problems = [session](const Value& params) { return Check(session->models(), params).run(); };
  declared.wants_text = [session](const Value& params, const ParamPath& path) {
    const auto call = aws::try_requested_call(session->models(), params);
    return call && wants_text(*call, path);
  };
  declared.token_life_ms = [session](const Value& params) {
    const auto call = aws::try_requested_call(session->models(), params);
    const bool has_token = call && aws::takes_token(*call->model, *call->operation);
    return has_token ? aws::token_life_ms(*call->model) : std::int64_t{0};
  };
  declared.is_sensitive = [session](const Value& params, const std::vector<std::string>& path) {
    const auto call = aws::try_requested_call(session->models(), params);
    return call && aws::is_sensitive(*call->model, *call->operation, path);
  };
  return declared;
}

}  // namespace runbook
