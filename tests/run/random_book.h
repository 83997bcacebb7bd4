#pragma once
#include <fmt/format.h>

#include <string>
#include <vector>

#include "tests/run/chance.h"

namespace runbook::testing {

// The text of a small runbook: two to eight steps of every kind, with looks, retries, timeouts, approvals, outputs that later steps
// use, secrets with and without a home, sections with `when`.
class RandomBook {
 public:
  explicit RandomBook(Chance& chance) : chance_(chance) {}

  std::string text() {
    const std::size_t count = 2 + chance_.below(7);
    std::string text = "runbook: random\nsteps:\n", inner;
    std::size_t in_section = 0;
    for (number_ = 1; number_ <= count; ++number_) {
      if (in_section == 0 && chance_.of(20)) {
        in_section = 1 + chance_.below(3);
        text += fmt::format("  - section: Section {}\n    when: {}\n    steps:\n", number_, condition());
      }
      text += indented(in_section > 0 ? "      " : "  ");
      if (in_section > 0) --in_section;
    }
    return text;
  }

 private:
  std::string indented(const std::string& indent) {
    std::string text;
    for (const std::string& line : step()) text += indent + (text.empty() ? "- " : "  ") + line + "\n";
    return text;
  }

  std::vector<std::string> step() {
    lines_ = {fmt::format("id: s{}", number_)};
    if (chance_.of(15)) lines_.emplace_back("when: " + condition());
    const std::size_t kind = chance_.below(10);
    if (kind == 0) wait();
    else if (kind == 1)
      lines_.emplace_back(chance_.of(50) ? "assert: {that: 1 == 1}" : "assert: {shell: look, timeout: 2s, every: 500ms}");
    else if (kind <= 3) by_hand();
    else act();
    return lines_;
  }

  void wait() {
    lose_secrets();
    lines_.emplace_back("wait_until: {shell: look, every: 1s, timeout: 1h}");
  }
  void by_hand() {
    lose_secrets();
    lines_.emplace_back(chance_.of(50) ? "manual: m" : "manual: {instructions: m, checklist: [One, Two], collect: {name: {}}}");
    looks();
  }
  void act() {
    static const std::vector<std::string> effects = {"read", "idempotent", "once", "once", "once", "irreversible"};
    lines_.emplace_back(chance_.of(30) && !plain_.empty()
                            ? fmt::format("exec: [use, \"${{{{ $steps.{}.v || 'none' }}}}\"]", chance_.among(plain_))
                            : "shell: act");
    lines_.emplace_back("effect: " + chance_.among(effects));
    if (chance_.of(40))
      lines_.emplace_back(
          fmt::format("retry: {{attempts: {}, delay: {}s, backoff: 2}}", 2 + chance_.below(2), chance_.below(90)));
    if (chance_.of(30)) lines_.emplace_back(fmt::format("timeout: {}s", 1 + chance_.below(60)));
    if (lines_.back().starts_with("timeout") && chance_.of(40)) lines_.emplace_back("on_timeout: kill");
    if (!secret_.empty() && chance_.of(50))
      lines_.emplace_back(fmt::format("env: {{TOKEN: '${{{{ $steps.{}.token }}}}'}}", chance_.among(secret_)));
    outputs();
    looks();
  }
  void looks() {
    const bool gives = lines_.back().starts_with("outputs: {v");
    // A look gives no secret: where it may hold already, the secret would not be there.
    const bool gives_secret = lines_.back().starts_with("outputs: {token");
    const std::string given = gives ? ", outputs: {v: stdout}" : "";
    if (chance_.of(20)) lines_.emplace_back("before: {shell: look, outputs: {seen: stdout}}");
    if (!gives_secret && chance_.of(40))
      lines_.emplace_back(fmt::format("done_when: {{shell: look, every: 500ms, timeout: {}s{}}}", chance_.below(4),
                                      (chance_.of(40) ? ", decides: true" : "") + given));
    if (chance_.of(20)) lines_.emplace_back("verify: {shell: look, every: 500ms, timeout: 2s}");
    if (chance_.of(12)) lines_.emplace_back(fmt::format("requires_approval: {{count: {}}}", 1 + chance_.below(2)));
  }
  void outputs() {
    const std::string name = fmt::format("s{}", number_);
    if (chance_.of(25)) {
      static const std::vector<std::string> homes = {"", ", keep: {file: token}", ", keep: {command: [cat, token]}"};
      const std::string& home = chance_.among(homes);
      lines_.emplace_back(fmt::format("outputs: {{token: {{value: stdout, secret: true{}}}}}", home));
      (home.empty() ? homeless_ : kept_).push_back(name);
      secret_ = kept_;
      secret_.insert(secret_.end(), homeless_.begin(), homeless_.end());
    } else if (chance_.of(40)) {
      lines_.emplace_back("outputs: {v: stdout}");
      plain_.emplace_back(name);
    }
  }
  // The loader refuses what would be gone behind a wait.
  void lose_secrets() {
    homeless_.clear();
    secret_ = kept_;
  }
  std::string condition() {
    if (plain_.empty() || chance_.of(30)) return chance_.of(70) ? "1 == 1" : "1 == 2";
    return fmt::format("$steps.{}.v {} 'v'", chance_.among(plain_), chance_.of(70) ? "==" : "!=");
  }

  Chance& chance_;
  std::size_t number_ = 0;
  std::vector<std::string> lines_, plain_, secret_, kept_, homeless_;
};

}  // namespace runbook::testing
