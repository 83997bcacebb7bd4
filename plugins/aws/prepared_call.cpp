#include "plugins/aws/prepared_call.h"

#include <utility>

#include "plugins/aws/effects.h"
#include "plugins/aws/idempotency.h"
#include "plugins/aws/pages.h"

namespace runbook::aws {

Call prepared_call(std::shared_ptr<const ServiceModel> model, const Operation& operation, const Value& params,
                   const std::string& token) {
  Call call;
  call.params = with_token(*model, operation, params, token);
  call.only_reads = effect_of(*model, operation).effect == Effect::read;
  call.may_repeat = call.only_reads || takes_token(*model, operation);
  call.model = std::move(model);
  call.operation = &operation;
  return call;
}

CallAnswer answer_of(Session& session, const Call& call, const Configuration& configuration, std::stop_token stop) {
  return call.only_reads ? call_all_pages(session, call, configuration, std::move(stop))
                         : session.call(call, configuration, std::move(stop));
}

}  // namespace runbook::aws
