#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/run/chance.h"

namespace runbook::testing {

// The text of a small runbook: two to a dozen steps of every kind, with looks, retries, timeouts, approvals, outputs that later steps
// use, secrets with and without a home, undos; in sections with `when`, branches, loops, watches, rescue and finally.
class RandomBook {
 public:
  explicit RandomBook(Chance& chance) : chance_(chance) {}

  std::string text() {
    std::string text = "runbook: random\nsteps:\n" + children("  ", 2 + chance_.below(5));
    if (chance_.of(20)) text += "finally:\n" + beside("  ");
    return text;
  }

 private:
  std::string children(const std::string& indent, std::size_t count) {
    std::string text;
    for (; count > 0; --count) text += depth_ < 3 && chance_.of(35) ? section(indent) : indented(indent);
    return text;
  }
  std::string indented(const std::string& indent) {
    ++number_;
    std::string text;
    for (const std::string& line : step()) text += indent + (text.empty() ? "- " : "  ") + line + "\n";
    return text;
  }
  std::string section(const std::string& indent) {
    ++depth_;
    const Known outside = known_;
    std::string text = fmt::format("{}- section: Section {}\n", indent, ++sections_);
    const std::string inside = indent + "  ";
    if (chance_.of(25)) text += inside + "when: " + condition() + "\n";
    const bool is_loop = chance_.of(30);
    if (is_loop) text += loop(inside);
    loops_ += is_loop;
    text += is_loop || chance_.of(55) ? inside + "steps:\n" + children(inside + "  ", 1 + chance_.below(3)) : branches(inside);
    loops_ -= is_loop;
    if (is_loop) forget(outside);
    if (chance_.of(20)) text += watch(inside);
    if (chance_.of(30)) text += inside + "rescue:\n" + beside(inside + "  ");
    if (chance_.of(25)) text += inside + "finally:\n" + beside(inside + "  ");
    --depth_;
    return text;
  }
  std::string branches(const std::string& indent) {
    std::string text = indent + "parallel:\n";
    const Known outside = known_;
    for (std::size_t count = 2 + chance_.below(2); count > 0; --count) {
      text += children(indent + "  ", 1);
      forget(outside);
    }
    return text;
  }
  std::string loop(const std::string& indent) {
    static const std::vector<std::string> lists = {"[p]", "[p, q]", "[p, q, r]", "[p, q, r, s]"},
                                          batches = {"1", "2", "[1, 2]", "[1, 50%]"}, borne = {"1", "2", "50%"};
    std::string text = fmt::format("{0}for_each: {1}\n{0}as: item{2}\n", indent, chance_.among(lists), sections_);
    if (chance_.of(60)) text += fmt::format("{}concurrency: {}\n", indent, 2 + chance_.below(2));
    if (chance_.of(40)) text += fmt::format("{}batch: {}\n", indent, chance_.among(batches));
    if (chance_.of(40)) text += fmt::format("{}max_failures: {}\n", indent, chance_.among(borne));
    return text;
  }
  std::string watch(const std::string& indent) {
    std::string text = fmt::format("{}watch:\n{}  - id: w{}\n{}    shell: look\n", indent, indent, ++watches_, indent);
    text += fmt::format("{}    every: {}s\n", indent, 1 + chance_.below(30));
    if (chance_.of(40)) text += indent + "    trips_after: 2\n";
    if (chance_.of(40)) text += indent + "    running: stop\n";
    if (chance_.of(40)) text += indent + "    on_trip:\n" + beside(indent + "      ");
    return text;
  }
  // What comes where something may have failed: plain steps that need nothing.
  std::string beside(const std::string& indent) {
    const Known outside = std::exchange(known_, {});
    std::string text = indented(indent);
    if (chance_.of(30)) text += indented(indent);
    known_ = outside;
    forget(outside);
    return text;
  }

  std::vector<std::string> step() {
    lines_ = {fmt::format("id: s{}", number_)};
    if (chance_.of(15)) lines_.emplace_back("when: " + condition());
    if (chance_.of(8)) lines_.emplace_back("on_failure: continue");
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
    lines_.emplace_back(chance_.of(30) && !known_.plain.empty()
                            ? fmt::format("exec: [use, \"${{{{ $steps.{}.v || 'none' }}}}\"]", chance_.among(known_.plain))
                            : "shell: act");
    const std::string effect = chance_.among(effects);
    // Phrases are said for steps, not for the items of loops.
    lines_.emplace_back("effect: " + (loops_ > 0 && effect == "irreversible" ? "once" : effect));
    const bool can_be_undone = effect == "once" || effect == "idempotent";
    if (can_be_undone && chance_.of(60)) lines_.emplace_back("undo: {shell: back}");
    if (chance_.of(40))
      lines_.emplace_back(
          fmt::format("retry: {{attempts: {}, delay: {}s, backoff: 2}}", 2 + chance_.below(2), chance_.below(90)));
    if (chance_.of(30)) lines_.emplace_back(fmt::format("timeout: {}s", 1 + chance_.below(60)));
    if (lines_.back().starts_with("timeout") && chance_.of(40)) lines_.emplace_back("on_timeout: kill");
    const bool can_have_secret = !known_.secret.empty() && std::none_of(lines_.begin(), lines_.end(), is_undo);
    if (can_have_secret && chance_.of(50))
      lines_.emplace_back(fmt::format("env: {{TOKEN: '${{{{ $steps.{}.token }}}}'}}", chance_.among(known_.secret)));
    outputs();
    looks();
  }
  // An undo has the environment of its step, and no secret outlives the engine that got it.
  static bool is_undo(const std::string& line) { return line.starts_with("undo"); }
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
    if (loops_ == 0 && chance_.of(8))
      lines_.emplace_back(fmt::format("requires_approval: {{count: {}}}", 1 + chance_.below(2)));
  }
  void outputs() {
    const std::string name = fmt::format("s{}", number_);
    if (chance_.of(25)) {
      static const std::vector<std::string> homes = {"", ", keep: {file: token}", ", keep: {command: [cat, token]}"};
      // Items that have lost theirs would have to be helped all by one engine.
      const std::string& home = loops_ > 0 ? homes[1 + chance_.below(2)] : chance_.among(homes);
      lines_.emplace_back(fmt::format("outputs: {{token: {{value: stdout, secret: true{}}}}}", home));
      (home.empty() ? known_.homeless : known_.kept).push_back(name);
      known_.secret = known_.kept;
      known_.secret.insert(known_.secret.end(), known_.homeless.begin(), known_.homeless.end());
    } else if (chance_.of(40)) {
      lines_.emplace_back("outputs: {v: stdout}");
      known_.plain.emplace_back(name);
    }
  }
  // The loader refuses what would be gone behind a wait.
  void lose_secrets() {
    has_waited_ = true;
    known_.homeless.clear();
    known_.secret = known_.kept;
  }
  std::string condition() {
    if (known_.plain.empty() || chance_.of(30)) return chance_.of(70) ? "1 == 1" : "1 == 2";
    return fmt::format("$steps.{}.v {} 'v'", chance_.among(known_.plain), chance_.of(70) ? "==" : "!=");
  }

  // Outputs that may be used here.
  struct Known {
    std::vector<std::string> plain, secret, kept, homeless;
  };
  // What was added inside is not seen from here; what was lost in a wait stays lost.
  void forget(const Known& outside) {
    const bool was_lost = known_.homeless.size() < outside.homeless.size();
    const bool has_waited = std::exchange(has_waited_, false);
    known_ = outside;
    if (was_lost || has_waited) lose_secrets();
  }

  Chance& chance_;
  std::size_t number_ = 0, sections_ = 0, watches_ = 0, depth_ = 0, loops_ = 0;
  bool has_waited_ = false;
  Known known_;
  std::vector<std::string> lines_;
};

}  // namespace runbook::testing
