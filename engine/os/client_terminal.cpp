// The engine's side of a step that has the person's terminal.
#include "base/error.h"
#include "os/supervisor_client.h"

namespace runbook {

// Who leaves waits until none is there any more.
class SupervisorClient::Presence {
 public:
  explicit Presence(SupervisorClient& client) : client_(client) {
    const std::lock_guard lock(client_.mutex_);
    ++client_.at_terminal_;
    may_come_ = !client_.is_leaving_;
  }
  ~Presence() {
    const std::lock_guard lock(client_.mutex_);
    --client_.at_terminal_;
    client_.changed_.notify_all();
  }
  bool may_come() const { return may_come_; }
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

 private:
  SupervisorClient& client_;
  bool may_come_ = false;
};

void SupervisorClient::await_absence(std::unique_lock<std::mutex>& lock) {
  changed_.wait(lock, [this] { return at_terminal_ == 0; });
}

void SupervisorClient::ask_for_terminal(std::int64_t n, const TerminalTurn& turn) {
  const std::lock_guard lock(mutex_);
  send(protocol::lend(n), {turn.terminal()});
}

// The terminal of the step; none if it has ended, or the supervisor or this engine is about to go.
Fd SupervisorClient::borrowed(std::int64_t n, protocol::Lent& lent) {
  std::unique_lock lock(mutex_);
  hear_until(lock, [&] { return waiting_[n].is_lent || waiting_[n].is_done || is_lost_ || is_leaving_; });
  lent = std::move(waiting_[n].lent);
  return std::move(waiting_[n].terminal);
}

// Without one that can be read here it runs on all the same, and its supervisor reads what it writes.
void SupervisorClient::begin_relay(std::int64_t n, TerminalTurn& turn, TerminalTurn::Beginning beginning) {
  protocol::Lent lent;
  Fd terminal = borrowed(n, lent);
  if (!terminal) return;
  try {
    turn.begin(std::move(terminal), lent.step, lent.missed, beginning);
  } catch (const Error&) {
    give_back(n);
  }
}

void SupervisorClient::give_back(std::int64_t n) {
  const std::lock_guard lock(mutex_);
  send(protocol::given_back(n));
}

Exit SupervisorClient::await_at_terminal(std::int64_t n, bool had_secrets, std::stop_token stop, TerminalTurn& turn) {
  Exit exit = await(n, had_secrets, stop);
  const bool has_ended = exit.kind == Exit::Kind::code || exit.kind == Exit::Kind::signal;
  turn.finish(has_ended ? TerminalTurn::Rest::shown : TerminalTurn::Rest::dropped);
  give_back(n);
  return exit;
}

Exit SupervisorClient::run_at_terminal(std::int64_t n, protocol::Spawn body, const Sink& sink, std::stop_token stop) {
  if (!config_.lender) return not_begun("it needs a terminal, and there is none here");
  const Presence presence(*this);
  if (!presence.may_come()) return not_begun("this engine leaves");
  std::optional<TerminalTurn> turn;
  try {
    turn.emplace(*config_.lender, n);
  } catch (const Error& error) {
    return not_begun(error.what());
  }
  body.terminal = turn->shape().bytes();
  const bool had_secrets = !body.command.secrets.empty() || body.command.hides_output;
  ask_for_terminal(n, *turn);
  if (std::string why = send_spawn(n, std::move(body), sink); !why.empty()) {
    give_back(n);
    return not_begun(std::move(why));
  }
  begin_relay(n, *turn, TerminalTurn::Beginning::first);
  return await_at_terminal(n, had_secrets, stop, *turn);
}

Exit SupervisorClient::attach_at_terminal(std::int64_t n, bool had_secrets, std::stop_token stop) {
  const Presence presence(*this);
  std::optional<TerminalTurn> turn;
  try {
    if (presence.may_come()) turn.emplace(*config_.lender, n);
  } catch (const Error&) {
    // It lives: nothing is said of it before its end.
  }
  if (!turn) return await(n, had_secrets, stop);
  ask_for_terminal(n, *turn);
  begin_relay(n, *turn, TerminalTurn::Beginning::again);
  return await_at_terminal(n, had_secrets, stop, *turn);
}

}  // namespace runbook
