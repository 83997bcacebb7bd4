#include "base/redactor.h"

#include <algorithm>

namespace runbook {

struct Redactor::State {
  std::vector<std::string> secrets;
  std::string pending;
};

namespace {

constexpr std::string_view mask = "[secret]";

// The longest end of `text` that a secret begins with.
std::size_t open_end(std::string_view text, const std::vector<std::string>& secrets) {
  std::size_t longest = 0;
  for (const std::string& secret : secrets) {
    for (std::size_t n = std::min(text.size(), secret.size() - 1); n > longest; --n) {
      if (text.ends_with(std::string_view(secret).substr(0, n))) longest = n;
    }
  }
  return longest;
}

}  // namespace

Redactor::Redactor(const std::vector<std::string>& secrets) : state_(std::make_unique<State>()) {
  for (const std::string& secret : secrets) {
    if (secret.size() >= shortest_secret) state_->secrets.push_back(secret);
  }
}

Redactor::~Redactor() = default;
Redactor::Redactor(Redactor&&) noexcept = default;
Redactor& Redactor::operator=(Redactor&&) noexcept = default;

bool Redactor::idle() const {
  return state_->secrets.empty();
}

std::string Redactor::feed(std::string_view bytes) {
  std::string& pending = state_->pending;
  pending += bytes;
  for (const std::string& secret : state_->secrets) {
    for (std::size_t at = pending.find(secret); at != std::string::npos; at = pending.find(secret, at)) {
      pending.replace(at, secret.size(), mask);
    }
  }
  const std::size_t held_back = open_end(pending, state_->secrets);
  std::string shown = pending.substr(0, pending.size() - held_back);
  pending.erase(0, shown.size());
  return shown;
}

std::string Redactor::finish() {
  return std::move(state_->pending);
}

std::size_t Redactor::held() const {
  return state_->pending.size();
}

std::string redact(std::string_view text, const std::vector<std::string>& secrets) {
  Redactor redactor(secrets);
  std::string shown = redactor.feed(text);
  return shown + redactor.finish();
}

}  // namespace runbook
