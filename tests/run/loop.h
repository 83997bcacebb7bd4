#pragma once
// What the executor needs, in memory: a journal that can fail, a performer that does what the story says and checks what it is told, a
// person, an observer, a clock that jumps. All on one thread, unless a story brings outcomes from others.
#include <doctest/doctest.h>

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "run/executor.h"
#include "tests/run/world.h"

namespace runbook::testing {

// Every look at it takes a while, so that nothing is waited for in real time.
class JumpingClock : public Clock {
 public:
  explicit JumpingClock(std::int64_t step_ms = 1'000) : step_ms_(step_ms) {}
  std::int64_t now_ms() const override { return now_ms_ += step_ms_; }

 private:
  std::int64_t step_ms_;
  mutable std::int64_t now_ms_ = 1'000'000;
};

class MemoryJournal : public Journal {
 public:
  std::vector<Event> committed;
  std::vector<std::vector<Event>> commits;
  std::vector<Answer> given;                          // by others
  std::function<void()> before_commit, after_commit;  // may throw

  const std::string& run() const override { return run_; }
  std::int64_t epoch() const override { return 1; }
  Event append(Event event) override {
    event.seq = static_cast<std::int64_t>(committed.size() + buffered_.size()) + 1;
    buffered_.push_back(event);
    return event;
  }
  std::string put(std::string_view bytes) override {
    std::string digest = sha256_hex(bytes);
    blobs_[digest] = bytes;
    return digest;
  }
  bool has_uncommitted() const override { return !buffered_.empty(); }
  void commit() override {
    if (buffered_.empty()) return;
    if (before_commit) before_commit();
    committed.insert(committed.end(), buffered_.begin(), buffered_.end());
    commits.push_back(std::exchange(buffered_, {}));
    if (after_commit) after_commit();
  }
  std::string blob(const std::string& digest) const override { return blobs_.at(digest); }
  // All that lies in it, as text.
  std::string everything() const {
    std::string all;
    for (const Event& event : committed) all += to_json(event.body) + "\n";
    for (const auto& [digest, bytes] : blobs_) all += bytes + "\n";
    return all;
  }
  std::vector<Answer> answers() override { return given; }
  // Somebody answers; the first counts, as in the file.
  void answer(Answer answer) {
    const auto is_same = [&](const Answer& other) { return other.question == answer.question; };
    if (std::none_of(given.begin(), given.end(), is_same)) given.push_back(std::move(answer));
  }
  std::int64_t seq() const override { return static_cast<std::int64_t>(committed.size()); }
  std::string hash() const override { return fmt::format("hash{}", committed.size()); }

  // The engine died: what was not committed is gone.
  void forget_uncommitted() { buffered_.clear(); }
  bool has_intent(const std::string& instance, std::int64_t n) const {
    return std::any_of(committed.begin(), committed.end(), [&](const Event& each) {
      return each.kind == event::intent && each.instance == instance && each.attempt == n;
    });
  }
  RunState fold() const {
    RunState state;
    for (const Event& each : committed) state.apply(each);
    return state;
  }

 private:
  std::string run_ = "20261120-2355-k3f9";
  std::vector<Event> buffered_;
  std::map<std::string, std::string> blobs_;
};

// The words for the roles of launches.
inline std::string told(const Launch& launch) {
  const char* word = launch.role == Role::act ? "act " : launch.role == Role::before ? "before " : "look ";
  return word + launch.step.id;
}

class ScriptedPerformer : public Performer {
 public:
  ScriptedPerformer(MemoryJournal& journal, Inbox& inbox) : journal_(journal), inbox_(inbox) {}

  // What comes of "act a", "look a", in turn; exit 0 when there is no more. nullopt: it runs on until it is cancelled or `finish`ed.
  std::map<std::string, std::deque<std::optional<Outcome>>> script;
  std::function<void(const Launch&)> on_start;
  std::vector<std::string> told_of;
  std::vector<std::int64_t> acknowledged;
  std::vector<std::string> left_behind;  // what `end_left` ends
  bool was_left_ended = false;

  void start(const Launch& launch) override {
    CHECK_FALSE(journal_.has_uncommitted());
    CHECK(launch.seq == journal_.seq());
    CHECK(launch.hash == journal_.hash());
    if (launch.role == Role::act) CHECK(journal_.has_intent(launch.step.id, launch.n));
    if (!launch.takes_up) CHECK(numbers_.insert(launch.n).second);
    told_of.push_back((launch.takes_up ? "takes up " : "") + told(launch));
    auto& outcomes = script[told(launch)];
    std::optional<Outcome> outcome = exits(0);
    if (!outcomes.empty()) {
      outcome = outcomes.front();
      outcomes.pop_front();
    }
    running_[launch.n] = launch;
    if (outcome) finish(launch.n, *outcome);
    if (on_start) on_start(launch);
  }
  void cancel(std::int64_t n) override {
    told_of.push_back("cancel " + running_.at(n).step.id);
    finish(n, is_stopped());
  }
  std::vector<std::string> end_left() override {
    CHECK_FALSE(journal_.has_uncommitted());
    was_left_ended = true;
    return left_behind;
  }
  void acknowledge(std::int64_t n) override {
    CHECK_FALSE(journal_.has_uncommitted());
    acknowledged.push_back(n);
  }
  std::string keep_secret(const std::filesystem::path& file, std::string_view secret) override {
    if (!keeping_fails.empty()) return keeping_fails;
    kept[file.string()] = secret;
    return {};
  }
  Recalled recall_secret(const std::filesystem::path& file) override {
    const auto found = kept.find(file.string());
    if (found == kept.end()) return {std::nullopt, "no such file"};
    return {found->second, {}};
  }
  Recalled recall_secret(const std::vector<std::string>& argv, const std::filesystem::path&) override {
    return recall_secret(std::filesystem::path(argv.back()));
  }
  // The greatest number that was launched.
  std::int64_t greatest() const { return numbers_.empty() ? 0 : *numbers_.rbegin(); }
  std::map<std::string, std::string> kept;  // secrets, by file
  std::string keeping_fails;                // why
  void finish(std::int64_t n, const Outcome& outcome) {
    const auto launched = running_.extract(n);
    REQUIRE_FALSE(launched.empty());
    inbox_.post(Ended{launched.mapped(), outcome});
  }

 private:
  MemoryJournal& journal_;
  Inbox& inbox_;
  std::map<std::int64_t, Launch> running_;
  std::set<std::int64_t> numbers_;
};

class ScriptedPerson : public Operator {
 public:
  explicit ScriptedPerson(MemoryJournal& journal) : journal_(journal) {}
  std::function<void(const Question&)> on_ask;
  std::vector<std::string> asked, withdrawn;

  void ask(const Question& question) override {
    CHECK_FALSE(journal_.has_uncommitted());
    asked.push_back(question.id);
    if (on_ask) on_ask(question);
  }
  void withdraw(const std::string& question) override { withdrawn.push_back(question); }

 private:
  MemoryJournal& journal_;
};

class Witness : public Observer {
 public:
  explicit Witness(MemoryJournal& journal) : journal_(journal) {}
  std::vector<std::string> seen, sights, notices;

  void committed(const Event& event, const RunState&) override {
    CHECK(event.seq <= journal_.seq());
    seen.push_back(event.instance.empty() ? event.kind : event.kind + " " + event.instance);
  }
  void output(const std::string&, std::string_view) override {}
  void saw(const std::string& instance, const std::string& sentence) override { sights.push_back(instance + ": " + sentence); }
  void notice(const std::string& sentence) override { notices.push_back(sentence); }

 private:
  MemoryJournal& journal_;
};

// One run, driven by one executor after the other.
struct DrivenRun {
  explicit DrivenRun(const std::string& steps) : facts(facts_of(steps_only(steps))) { limits.who = "ada"; }

  RunFacts facts;
  RunState state;
  MemoryJournal journal;
  Inbox inbox;
  ScriptedPerformer performer{journal, inbox};
  ScriptedPerson person{journal};
  Witness witness{journal};
  JumpingClock clock;
  Limits limits;

  Executor executor() {
    return Executor({facts, journal, state, performer, person, witness, clock, inbox},
                    std::max(state.last_attempt, performer.greatest()));
  }
  Executor::Conclusion run() { return executor().run(limits); }
  // What an engine does that takes the run up.
  Executor::Conclusion resume() {
    journal.forget_uncommitted();
    state = journal.fold();
    Executor next = executor();
    next.recall_secrets();
    next.recover("ada", Purpose::go_on);
    return next.run(limits);
  }
};

}  // namespace runbook::testing
