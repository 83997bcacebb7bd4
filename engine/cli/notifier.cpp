#include "cli/notifier.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/redactor.h"
#include "os/inquiry.h"
#include "os/thread.h"

namespace runbook {

namespace {

constexpr std::int64_t longest_ms = 10'000;

// Whether a person should hear of it: something is asked, a step failed, the run has ended.
bool is_news(const Event& event) {
  if (event.kind == event::paused) return event.body.text_or("state", "") == "failed";
  return event.kind == event::asked || event.kind == event::left;
}

}  // namespace

void Notifier::committed(const Event& event, const RunState& state) {
  next_.committed(event, state);
  if (facts_.runbook->notify.empty() || !is_news(event)) return;
  const Value& body = event.body;
  Value message = object({{"event", event.kind},
                          {"run", facts_.run},
                          {"runbook", state.runbook},
                          {"title", state.title},
                          {"host", state.host},
                          {"at", utc_text(event.at_ms)}});
  const std::string step = event.instance.empty() ? body.text_or("step", "") : event.instance;
  if (!step.empty()) message = with(message, "step", step);
  for (const char* member : {"state", "why", "about", "question", "text", "choices"}) {
    if (body.find(member)) message = with(message, member, body.get(member));
  }
  tell(message);
}

void Notifier::tell(const Value& message) {
  std::lock_guard lock(mutex_);
  messages_.push_back(redact(to_json(message), facts_.secret_values()) + "\n");
  try {
    if (!thread_.joinable()) thread_ = begin_thread([this] { work(); });
  } catch (const Error& error) {
    messages_.clear();
    next_.notice(fmt::format("notify: {}; the run goes on without it", error.what()));
  }
  changed_.notify_all();
}

void Notifier::finish() {
  {
    std::lock_guard lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Notifier::work() {
  while (true) {
    std::string message;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return is_over_ || !messages_.empty(); });
      if (messages_.empty()) return;
      message = std::move(messages_.front());
      messages_.pop_front();
    }
    const Reply reply =
        inquire({facts_.runbook->notify, facts_.dir, longest_ms, Inquiry::Errors::kept, message, facts_.environment});
    if (!reply.is_good())
      next_.notice(
          fmt::format("notify: `{}` {}; the run goes on without it", facts_.runbook->notify.front(), why_no_reply(reply)));
  }
}

}  // namespace runbook
