// What the supervisor does for steps that have the person's terminal: it holds theirs, and sees that the person's is what it was.
#include <poll.h>

#include "os/supervisor_loop.h"

namespace runbook {

void SupervisorLoop::lend(std::int64_t n, Message& message) {
  if (!message.fds.empty()) borrowed_.emplace(std::move(message.fds[0]));
  terminals_asked_.insert(n);
}

void SupervisorLoop::take_back(std::int64_t n) {
  borrowed_.reset();
  terminals_asked_.erase(n);
  const auto found = attempts_.find(n);
  if (found != attempts_.end() && found->second->terminal()) found->second->terminal()->is_lent = false;
}

// The engine is gone, and whatever it had lent.
void SupervisorLoop::take_back_all() {
  if (borrowed_) borrowed_->restore();
  borrowed_.reset();
  terminals_asked_.clear();
  for (auto& [n, attempt] : attempts_) {
    if (attempt->terminal()) attempt->terminal()->is_lent = false;
  }
}

void SupervisorLoop::send_terminals() {
  if (!engine_) return;
  std::erase_if(terminals_asked_, [this](std::int64_t n) { return send_terminal(n); });
}

// Nobody but the engine reads it from now on. What it asks for beforehand it gets when the attempt has begun: not a byte is missed.
bool SupervisorLoop::send_terminal(std::int64_t n) {
  if (!seen_.count(n)) return false;
  const auto found = attempts_.find(n);
  AttemptTerminal* terminal = found == attempts_.end() ? nullptr : found->second->terminal();
  if (!terminal) return send_message(engine_.get(), protocol::terminal({n, "", ""}), {}, SendMode::if_room);
  const protocol::Lent lent{n, found->second->body().command.step, terminal->missed()};
  terminal->is_lent = send_message(engine_.get(), protocol::terminal(lent), {terminal->device().master()}, SendMode::if_room);
  if (terminal->is_lent) terminal->forget_missed();
  return terminal->is_lent;
}

std::vector<AttemptTerminal*> SupervisorLoop::unread_terminals() const {
  std::vector<AttemptTerminal*> terminals;
  for (const auto& [n, attempt] : attempts_) {
    AttemptTerminal* terminal = attempt->terminal();
    const bool is_for_the_engine = terminal && (terminal->is_lent || terminals_asked_.count(n) > 0);
    if (terminal && !is_for_the_engine && !attempt->has_ended) terminals.push_back(terminal);
  }
  return terminals;
}

}  // namespace runbook
