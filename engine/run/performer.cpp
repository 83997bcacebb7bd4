#include "run/performer.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "base/error.h"
#include "base/trimmed.h"
#include "os/files.h"
#include "os/inquiry.h"
#include "os/process_texts.h"
#include "os/thread.h"

namespace runbook {

namespace {}  // namespace

StepPerformer::~StepPerformer() {
  {
    std::lock_guard lock(mutex_);
    is_over_ = true;
    for (auto& [n, stop] : running_) stop.request_stop();
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

namespace {

Value answer_of(const TargetType& type, const TargetQuestion& question, const TargetSight& sight) {
  Value answer =
      object({{"target", question.target}, {"identity", sight.identity}, {"was_pinned", !question.pinned.is_null()}});
  if (!sight.needs_code_of.empty()) answer = with(answer, "needs_code_of", sight.needs_code_of);
  if (sight.identity.is_null()) return with(answer, "why", sight.why.empty() ? "it can't be seen what stands here" : sight.why);
  Map environment;
  for (const auto& [name, value] : type.environment(question.params, sight.identity)) environment.emplace_back(name, value);
  for (const auto& [name, value] : sight.environment) environment.emplace_back(name, value);
  answer = with(answer, "secrets", list_from(sight.secrets));
  answer = with(with(answer, "text", type.describe(sight.identity)), "environment", Value(std::move(environment)));
  answer = with(answer, "why_not", type.why_not(question.params, sight.identity));
  return question.pinned.is_null() ? answer : with(answer, "why_another", why_another(type, question.pinned, sight.identity));
}

}  // namespace

Outcome StepPerformer::look_at_targets(const Request& request, std::stop_token stop) const {
  List answers;
  for (const TargetQuestion& question : request.targets) {
    const auto type = std::find_if(parts_.targets.begin(), parts_.targets.end(),
                                   [&](const auto& candidate) { return candidate->declaration().name == question.type; });
    RUNBOOK_ASSERT(type != parts_.targets.end());
    TargetSight sight;
    try {
      sight = (*type)->look({question.params, request.dir, request.env, stop, question.pinned, parts_.run_folder});
    } catch (const std::exception& error) {
      sight.why = error.what();
    }
    answers.push_back(answer_of(**type, question, sight));
  }
  Outcome outcome;
  outcome.kind = Outcome::Kind::succeeded;
  outcome.result = Value(std::move(answers));
  return outcome;
}

Outcome StepPerformer::look_at_files(const Request& request) const {
  Digests found;
  for (const NamedPath& named : request.files) digests_.add(request.dir, named, found);
  Map digests;
  for (const auto& [path, digest] : found) digests.emplace_back(path, digest);
  Outcome outcome;
  outcome.kind = Outcome::Kind::succeeded;
  outcome.result = Value(std::move(digests));
  return outcome;
}

Outcome StepPerformer::perform(const Launch& launch, std::stop_token stop) const {
  const Request& request = *launch.request;
  if (launch.role == Role::target) return look_at_targets(request, stop);
  if (launch.role == Role::files) return look_at_files(request);
  auto type = std::find_if(parts_.types.begin(), parts_.types.end(),
                           [&](const auto& candidate) { return candidate->declaration().name == request.type; });
  RUNBOOK_ASSERT(type != parts_.types.end());
  StepContext context;
  context.n = launch.n;
  context.params = request.params;
  context.env = request.env;
  context.dir = request.dir;
  context.secrets = request.secrets;
  context.had_secrets = request.had_secrets;
  context.keeps_result = request.keeps_result;
  context.hides_output = request.hides_output;
  context.wants_findings = request.wants_findings;
  context.tty = request.tty;
  if (request.tty) context.step = launch.step.id;
  context.leaves = request.leaves;
  context.output_head = request.output_head;
  context.output_tail = request.output_tail;
  context.timeout_ms = request.timeout_ms;
  context.following = request.following;
  context.seq = launch.seq;
  context.hash = launch.hash;
  context.stop = stop;
  context.token = request.token;
  context.is_repeatable = request.is_repeatable;
  if (launch.role == Role::act) context.about_to_send = [this, n = launch.n] { marks_.add(n); };
  if (launch.takes_up && marks_.prove_unsent(launch.n, request.boot_id)) context.was_sent = StepContext::Sent::no;
  if (parts_.output && launch.role == Role::act)
    context.output = [this, instance = launch.step.id](std::string_view bytes) { parts_.output(instance, bytes); };
  return launch.takes_up ? (*type)->attach(context) : (*type)->run(context);
}

std::vector<std::string> StepPerformer::end_left() {
  std::vector<std::string> ended = parts_.end_left();
  for (const auto& target : parts_.targets) target->forget(parts_.run_folder);
  return ended;
}

void StepPerformer::start(const Launch& launch) {
  Job job{launch, {}};
  std::unique_lock lock(mutex_);
  const std::string why = make_room();
  if (why.empty()) {
    running_.emplace(launch.n, job.stop);
    waiting_.push_back(std::move(job));
  }
  lock.unlock();
  if (why.empty()) return changed_.notify_one();
  // What an earlier engine began may well live: nothing is said of it.
  if (launch.takes_up) throw Error(ExitCode::step_failed, why, "try again: runbook run --resume");
  inbox_.post(Ended{launch, not_started(why)});
}

// A thread for one more job; "" or why there is none. Without a new one those that are there take it when they have time.
std::string StepPerformer::make_room() {
  if (idle_ > waiting_.size()) return {};
  try {
    threads_.push_back(begin_thread([this] { work(); }));
  } catch (const Error& error) {
    if (threads_.empty()) return error.what();
  }
  return {};
}

void StepPerformer::work() {
  std::unique_lock lock(mutex_);
  ++idle_;
  while (true) {
    changed_.wait(lock, [this] { return is_over_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    --idle_;
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    Ended ended = finish(job);
    lock.lock();
    running_.erase(job.launch.n);
    ++idle_;  // before it posts: what is launched because of that is its next job
    lock.unlock();
    inbox_.post(std::move(ended));
    lock.lock();
  }
}

namespace {

// It may live: even one that may run twice does not begin anew beside itself.
Ended undecided(const Launch& launch, const Error& error) {
  const Error why(error.code(), fmt::format("`{}`: {}", launch.step.id, error.what()), error.hint());
  return Ended{launch, {}, std::make_exception_ptr(why)};
}

}  // namespace

Ended StepPerformer::finish(const Job& job) {
  Outcome outcome;
  try {
    outcome = perform(job.launch, job.stop.get_token());
  } catch (const std::exception& error) {
    const auto* ours = dynamic_cast<const Error*>(&error);
    if (ours && ours->code() == ExitCode::journal) return undecided(job.launch, *ours);
    outcome.kind = Outcome::Kind::unknown;
    outcome.reason = error.what();
  }
  const bool has_process = job.launch.role != Role::target && job.launch.role != Role::files;
  if (job.launch.role != Role::act && has_process) parts_.acknowledge(job.launch.n);
  if (job.launch.request) {
    outcome.strays = masked_processes(std::move(outcome.strays), job.launch.request->secrets);
    outcome.left = masked_processes(std::move(outcome.left), job.launch.request->secrets);
  }
  return Ended{job.launch, std::move(outcome)};
}

std::string StepPerformer::keep_secret(const std::filesystem::path& file, std::string_view secret) {
  try {
    write_private_file(file, secret);
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

Performer::Recalled StepPerformer::recall_secret(const std::filesystem::path& file) {
  try {
    return {read_file(file), {}};
  } catch (const Error& error) {
    return {std::nullopt, error.what()};
  }
}

Performer::Recalled StepPerformer::recall_secret(const std::vector<std::string>& argv, const std::filesystem::path& dir) {
  constexpr std::int64_t patience_ms = 30'000;
  Reply reply = inquire({argv, dir, patience_ms, Inquiry::Errors::kept});
  if (!reply.is_good()) return {std::nullopt, fmt::format("`{}` {}", argv.front(), why_no_reply(reply))};
  return {without_line_ends(std::move(reply.out)), {}};
}

Performer::Recalled StepPerformer::find_secret(const Input& input) {
  std::string why;
  for (const InputSource& source : parts_.look ? input.from : std::vector<InputSource>()) {
    const Found found = parts_.look(input, source);
    if (!found.refusal.empty()) return {std::nullopt, found.refusal};
    if (!found.why.empty()) why += (why.empty() ? "" : ", ") + found.why;
    if (!found.text) continue;
    if (const std::string problem = why_not_given(input, *found.text); !problem.empty()) return {std::nullopt, problem};
    return {*found.text, {}};
  }
  return {std::nullopt, why};
}

void StepPerformer::cancel(std::int64_t n) {
  std::stop_source stop(std::nostopstate);
  {
    std::lock_guard lock(mutex_);
    auto found = running_.find(n);
    if (found != running_.end()) stop = found->second;
  }
  stop.request_stop();
}

}  // namespace runbook
