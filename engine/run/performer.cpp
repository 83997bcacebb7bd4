#include "run/performer.h"

#include <algorithm>
#include <exception>

#include "base/error.h"

namespace runbook {

StepPerformer::~StepPerformer() {
  for (auto& [n, worker] : workers_) worker.request_stop();
  workers_.clear();
}

Outcome StepPerformer::perform(const Launch& launch, std::stop_token stop) const {
  const Request& request = *launch.request;
  auto type = std::find_if(parts_.types.begin(), parts_.types.end(),
                           [&](const auto& candidate) { return candidate->declaration().name == request.type; });
  RUNBOOK_ASSERT(type != parts_.types.end());
  StepContext context;
  context.n = launch.n;
  context.params = request.params;
  context.env = request.env;
  context.dir = request.dir;
  context.secrets = parts_.secrets;
  context.keeps_result = request.keeps_result;
  context.output_head = request.output_head;
  context.output_tail = request.output_tail;
  context.timeout_ms = request.timeout_ms;
  context.seq = launch.seq;
  context.hash = launch.hash;
  context.stop = stop;
  if (parts_.output && launch.role == Role::act)
    context.output = [this, instance = launch.instance](std::string_view bytes) { parts_.output(instance, bytes); };
  return launch.takes_up ? (*type)->attach(context) : (*type)->run(context);
}

void StepPerformer::start(const Launch& launch) {
  std::lock_guard lock(mutex_);
  join_finished();
  workers_[launch.n] = std::jthread([this, launch](std::stop_token stop) {
    Outcome outcome;
    try {
      outcome = perform(launch, stop);
    } catch (const std::exception& error) {
      outcome.kind = Outcome::Kind::unknown;
      outcome.reason = error.what();
    }
    if (launch.role != Role::act) parts_.acknowledge(launch.n);
    inbox_.post(Ended{launch, std::move(outcome)});
    std::lock_guard finished_lock(mutex_);
    finished_.push_back(launch.n);
  });
}

void StepPerformer::join_finished() {
  for (std::int64_t n : finished_) workers_.erase(n);
  finished_.clear();
}

void StepPerformer::cancel(std::int64_t n) {
  std::lock_guard lock(mutex_);
  auto found = workers_.find(n);
  if (found != workers_.end()) found->second.request_stop();
}

}  // namespace runbook
