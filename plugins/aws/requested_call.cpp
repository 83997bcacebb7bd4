#include "plugins/aws/requested_call.h"

#include "base/error.h"
#include "base/json.h"
#include "plugins/aws/find_call.h"

namespace runbook::aws {

RequestedCall requested_call(const ModelStore& store, const Value& params) {
  RequestedCall requested;
  const Value wait = params.get("wait");
  requested.name = text_or_json(wait.is_null() ? params.get("call") : wait);
  std::string call = requested.name;
  if (!wait.is_null()) {
    requested.waiter = waiter_named(store, requested.name);
    call = requested.name.substr(0, requested.name.find('.')) + "." + requested.waiter->operation;
  }
  const FoundCall found = find_call(store, call);
  requested.model = found.model;
  requested.operation = found.operation;
  return requested;
}

std::optional<RequestedCall> try_requested_call(const ModelStore* store, const Value& params) {
  if (!store) return std::nullopt;
  try {
    return requested_call(*store, params);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace runbook::aws
