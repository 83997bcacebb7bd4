#include "plugins/aws/find_call.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/one_line.h"
#include "base/suggestion.h"

namespace runbook::aws {
std::shared_ptr<const ServiceModel> service_named(const ModelStore& store, const std::string& name) {
  std::shared_ptr<const ServiceModel> model = store.service(name);
  if (model != nullptr) return model;
  const std::string near = nearest(name, store.services());
  throw Error(ExitCode::usage, fmt::format("there is no service `{}`", one_line(name, 60)),
              near.empty() ? "`runbook types aws` lists the services" : fmt::format("did you mean `{}`?", near));
}

const Operation& operation_named(const ServiceModel& model, const std::string& name) {
  const Operation* operation = model.operation(name);
  if (operation != nullptr) return *operation;
  const std::string near = nearest(name, model.operation_names());
  throw Error(ExitCode::usage, fmt::format("`{}` has no operation `{}`", model.name(), one_line(name, 60)),
              near.empty() ? fmt::format("`runbook types aws.{}` lists its operations", model.name())
                           : fmt::format("did you mean `{}`?", near));
}

FoundCall find_call(const ModelStore& store, const std::string& call) {
  const std::size_t dot = call.rfind('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == call.size()) {
    throw Error(ExitCode::usage, fmt::format("`{}` names no operation of a service", one_line(call, 60)),
                "write SERVICE.OPERATION, for example sts.GetCallerIdentity");
  }
  std::shared_ptr<const ServiceModel> model = service_named(store, call.substr(0, dot));
  const Operation* operation = &operation_named(*model, call.substr(dot + 1));
  return {std::move(model), operation};
}

}  // namespace runbook::aws
