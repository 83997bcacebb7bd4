#include "run/executor.h"

#include <doctest/doctest.h>

#include <thread>

#include "tests/run/loop.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

using Names = std::vector<std::string>;

const std::string two_steps = "- {id: a, shell: one}\n- {id: b, shell: two}\n";

Names kinds_of(const std::vector<Event>& events) {
  Names kinds;
  for (const Event& event : events) kinds.push_back(event.instance.empty() ? event.kind : event.kind + " " + event.instance);
  return kinds;
}

}  // namespace

TEST_CASE("the outcome of a step and the intent of the next share one commit") {
  DrivenRun loop(two_steps);
  CHECK(loop.run().end.state == "succeeded");
  REQUIRE(loop.journal.commits.size() == 4);
  CHECK(kinds_of(loop.journal.commits[0]) == Names{"intent a"});
  CHECK(kinds_of(loop.journal.commits[1]) == Names{"ended a", "intent b"});
  CHECK(kinds_of(loop.journal.commits[2]) == Names{"ended b"});
  CHECK(kinds_of(loop.journal.commits[3]) == Names{"left"});
}

TEST_CASE("an outcome is committed alone before the next step is looked at") {
  DrivenRun loop("- {id: a, shell: one}\n- {id: b, shell: two, done_when: {shell: look}}\n");
  CHECK(loop.run().end.state == "succeeded");
  CHECK(kinds_of(loop.journal.commits[1]) == Names{"ended a"});
  CHECK(loop.performer.told_of == Names{"act a", "look b"});
}

TEST_CASE("the observer is told of every event after its commit, in order") {
  DrivenRun loop(two_steps);
  loop.run();
  CHECK(loop.witness.seen == kinds_of(loop.journal.committed));
}

TEST_CASE("an attempt is acknowledged once its outcome is committed") {
  DrivenRun loop(two_steps);
  loop.run();
  CHECK(loop.performer.acknowledged == std::vector<std::int64_t>{1, 2});
}

TEST_CASE("a failing commit starts nothing more and is not repeated") {
  for (std::size_t good : {0, 1, 2}) {
    CAPTURE(good);
    DrivenRun loop(two_steps);
    int failures = 0;
    loop.journal.before_commit = [&] {
      if (loop.journal.commits.size() < good) return;
      failures += 1;
      throw Error(ExitCode::journal, "the disk is full");
    };
    CHECK_THROWS_AS(loop.run(), Error);
    CHECK(failures == 1);
    CHECK(loop.performer.told_of.size() == good);
    CHECK(loop.performer.acknowledged.size() == (good == 2 ? 1 : 0));
  }
}

TEST_CASE("the first interrupt pauses after the step") {
  DrivenRun loop(two_steps);
  loop.performer.on_start = [&](const Launch&) { loop.inbox.post(Interrupt{Interrupt::Kind::pause, "Ctrl-C"}); };
  auto conclusion = loop.run();
  CHECK(conclusion.end.state == "interrupted");
  CHECK(conclusion.end.why == "stopped by Ctrl-C");
  CHECK_FALSE(conclusion.has_running_steps);
  CHECK(loop.performer.told_of == Names{"act a"});
  CHECK(loop.state.of("a").state == StepState::succeeded);
}

TEST_CASE("the second interrupt ends the step") {
  DrivenRun loop(two_steps);
  loop.performer.script["act a"] = {std::nullopt};
  loop.performer.on_start = [&](const Launch&) {
    loop.inbox.post(Interrupt{Interrupt::Kind::pause, "Ctrl-C"});
    loop.inbox.post(Interrupt{Interrupt::Kind::pause, "Ctrl-C"});
    loop.inbox.post(Interrupt{Interrupt::Kind::pause, "Ctrl-C"});
  };
  CHECK(loop.run().end.state == "interrupted");
  CHECK(loop.performer.told_of == Names{"act a", "cancel a"});
  CHECK(loop.state.of("a").state == StepState::in_doubt);
}

TEST_CASE("who detaches leaves at once, and the step runs on") {
  DrivenRun loop(two_steps);
  loop.performer.script["act a"] = {std::nullopt};
  loop.performer.on_start = [&](const Launch&) { loop.inbox.post(Interrupt{Interrupt::Kind::detach, "SIGTERM"}); };
  auto conclusion = loop.run();
  CHECK(conclusion.end.state == "interrupted");
  CHECK(conclusion.end.why == "SIGTERM");
  CHECK(conclusion.has_running_steps);
  CHECK(loop.state.of("a").state == StepState::running);
  CHECK(loop.performer.told_of == Names{"act a"});
}

TEST_CASE("an outcome that arrives with the word to detach is recorded") {
  DrivenRun loop(two_steps);
  loop.performer.on_start = [&](const Launch&) { loop.inbox.post(Interrupt{Interrupt::Kind::detach, "SIGTERM"}); };
  auto conclusion = loop.run();
  CHECK_FALSE(conclusion.has_running_steps);
  CHECK(kinds_of(loop.journal.commits[1]) == Names{"ended a", "paused"});
}

TEST_CASE("a step that was left running is taken up, not begun") {
  DrivenRun loop(two_steps);
  loop.performer.script["act a"] = {std::nullopt};
  loop.performer.on_start = [&](const Launch&) { loop.inbox.post(Interrupt{Interrupt::Kind::detach, "SIGTERM"}); };
  loop.run();
  loop.performer.on_start = nullptr;
  CHECK(loop.resume().end.state == "succeeded");
  CHECK(loop.performer.told_of == Names{"act a", "takes up act a", "act b"});
  CHECK(loop.state.of("a").all_attempts == 1);
}

TEST_CASE("a step that was never started is begun again when it is taken up") {
  DrivenRun loop(two_steps);
  loop.journal.after_commit = [] { throw Error(ExitCode::journal, "the engine dies here"); };
  CHECK_THROWS_AS(loop.run(), Error);
  loop.journal.after_commit = nullptr;
  loop.performer.script["act a"] = {is_not_started()};
  CHECK(loop.resume().end.state == "succeeded");
  CHECK(loop.performer.told_of == Names{"takes up act a", "act a", "act b"});
}

TEST_CASE("what steps left behind is ended before the run is left, and not when it pauses") {
  DrivenRun loop(two_steps);
  loop.performer.left_behind = {"pid 7 tunnel"};
  loop.performer.script["act a"] = {exits(1)};
  CHECK(loop.run().end.state == "failed");
  CHECK_FALSE(loop.performer.was_left_ended);
  loop.journal.before_commit = [&] { CHECK(loop.performer.was_left_ended == loop.state.was_left()); };
  CHECK(loop.resume().end.state == "succeeded");
  CHECK(loop.performer.was_left_ended);
  CHECK(loop.journal.committed.back().body.get("strays") == Value(List{"pid 7 tunnel"}));
}

TEST_CASE("a process is told whether what it leaves behind is meant, and a look never is") {
  DrivenRun loop("- {id: a, shell: one, leaves: [the tunnel], done_when: {shell: look}}\n- {id: b, shell: two}\n");
  std::map<std::string, bool> leaves;
  loop.performer.on_start = [&](const Launch& launch) { leaves[told(launch)] = launch.request->leaves; };
  loop.performer.script["look a"] = {no(), yes()};
  CHECK(loop.run().end.state == "succeeded");
  CHECK(leaves == std::map<std::string, bool>{{"look a", false}, {"act a", true}, {"act b", false}});
}

TEST_CASE("a step that can't be started has failed") {
  DrivenRun loop(two_steps);
  loop.performer.script["act a"] = {is_not_started()};
  CHECK(loop.run().end.state == "failed");
  CHECK(loop.performer.told_of == Names{"act a"});
}

TEST_CASE("what recovery recorded is committed before anything is taken up") {
  DrivenRun loop("- {id: a, shell: one, timeout: 1s}\n");
  loop.performer.script["act a"] = {std::nullopt};
  CHECK(loop.run().end.state == "waiting");
  CHECK(loop.resume().end.state == "succeeded");  // the performer checks it
  CHECK(loop.performer.told_of == Names{"act a", "takes up act a"});
}

TEST_CASE("a lost supervisor pauses the run as soon as what runs has ended") {
  DrivenRun loop(two_steps);
  loop.performer.script["act a"] = {std::nullopt};
  loop.performer.on_start = [&](const Launch& launch) {
    loop.inbox.post(Interrupt{Interrupt::Kind::lost, "the death of the supervisor"});
    loop.inbox.post(Interrupt{Interrupt::Kind::lost, "the death of the supervisor"});
    loop.performer.finish(launch.n, exits(0));
  };
  auto conclusion = loop.run();
  CHECK(conclusion.end.state == "interrupted");
  CHECK(conclusion.end.why == "stopped by the death of the supervisor");
  CHECK(loop.performer.told_of == Names{"act a"});
  CHECK(loop.state.of("a").state == StepState::succeeded);
}

TEST_CASE("what could not be started for the lack of a supervisor is begun by the next engine") {
  DrivenRun loop(two_steps);
  loop.performer.on_start = [&](const Launch&) {
    loop.inbox.post(Interrupt{Interrupt::Kind::lost, "the death of the supervisor"});
  };
  loop.performer.script["act a"] = {std::nullopt};
  loop.performer.on_start = [&](const Launch& launch) {
    loop.inbox.post(Interrupt{Interrupt::Kind::lost, "the death of the supervisor"});
    loop.performer.finish(launch.n, is_not_started());
  };
  CHECK(loop.run().end.state == "interrupted");
  CHECK(loop.state.of("a").state == StepState::pending);
}

TEST_CASE("a person is asked once and the answer is recorded") {
  DrivenRun loop("- {id: a, shell: one}\n");
  loop.limits.is_interactive = true;
  loop.performer.script["act a"] = {is_lost()};
  loop.person.on_ask = [&](const Question& question) { loop.inbox.post(Answer{question.id, "done", "ada", "seen", 0, {}}); };
  CHECK(loop.run().end.state == "succeeded");
  CHECK(loop.person.asked == Names{"a/doubt/1"});
  CHECK(loop.person.withdrawn == Names{"a/doubt/1"});
}

TEST_CASE("a reason that quotes a secret reaches neither the record nor who drives the run") {
  DrivenRun loop("- {id: a, shell: one}\n");
  loop.facts =
      facts_of(runbook_of("runbook: x\ninputs: {pw: {type: secret}}\n"
                          "steps:\n- {id: a, shell: one, env: {X: \"${{ matches('abc', $inputs.pw) }}\"}}\n"));
  loop.facts.secrets = {{"pw", "hunter2("}};
  const End end = loop.run().end;
  const std::string why = "`[secret]` is no regular expression: a `(` or `)` has no partner";
  CHECK(end.why == why);
  CHECK(loop.state.of("a").why == why);
  CHECK(loop.state.why == why);
}

TEST_CASE("an answer that does not fit is asked for again") {
  DrivenRun loop("- {id: a, title: Drop it, shell: one, effect: irreversible}\n");
  loop.limits.is_interactive = true;
  loop.person.on_ask = [&](const Question& question) {
    bool is_first = loop.person.asked.size() == 1;
    loop.inbox.post(Answer{question.id, "approve", "ada", "", 0, object({{"phrase", is_first ? "drop it" : "Drop it"}})});
  };
  CHECK(loop.run().end.state == "succeeded");
  CHECK(loop.person.asked.size() == 2);
}

TEST_CASE("an answer from elsewhere is taken, and the question withdrawn") {
  DrivenRun loop("- {id: a, shell: one}\n");
  loop.limits.is_interactive = true;
  loop.performer.script["act a"] = {is_lost()};
  loop.person.on_ask = [&](const Question& question) {
    loop.journal.given.push_back({question.id, "done", "grace", "seen", 0, {}});
  };
  CHECK(loop.run().end.state == "succeeded");
  CHECK(loop.person.withdrawn == Names{"a/doubt/1"});
  CHECK(loop.state.deviations.at(0).who == "grace");
}

TEST_CASE("an answer from elsewhere that does not fit does not disturb the person who is asked") {
  DrivenRun loop("- {id: a, shell: one}\n");
  loop.limits.is_interactive = true;
  loop.performer.script["act a"] = {is_lost()};
  loop.person.on_ask = [&](const Question& question) {
    bool is_first = loop.person.asked.size() == 1;
    if (is_first) loop.journal.given.push_back({question.id, "perhaps", "grace", "", 0, {}});
    loop.inbox.post(Answer{question.id, "done", "ada", "seen", 0, {}});
  };
  CHECK(loop.run().end.state == "succeeded");
  CHECK(loop.person.asked.size() == 1);
  CHECK(loop.state.deviations.at(0).who == "ada");
}

TEST_CASE("an answer that an engine did not live to hear is heard by the next one") {
  DrivenRun loop("- {id: a, shell: one}\n");
  loop.performer.script["act a"] = {is_lost()};
  CHECK(loop.run().end.state == "in_doubt");
  loop.journal.given.push_back({"a/doubt/1", "done", "grace", "seen", 0, {}});
  CHECK(loop.resume().end.state == "succeeded");
  CHECK(loop.state.deviations.at(0).who == "grace");
}

TEST_CASE("without anybody to ask, an answer from elsewhere is taken up while another branch runs") {
  DrivenRun loop(R"(- section: Both
  parallel:
    - section: Asked
      steps: [{id: person, manual: look}, {id: next, shell: one}]
    - {id: slow, shell: two, timeout: 1s}
)");
  loop.performer.script["act slow"] = {std::nullopt};
  loop.performer.on_start = [&](const Launch& launch) {
    if (launch.step.id == "slow") loop.journal.answer({loop.state.open_question("person")->id, "confirm", "grace", "", 0, {}});
    if (launch.step.id == "next") loop.performer.finish(1, exits(0));
  };
  CHECK(loop.run().end.state == "succeeded");
  CHECK(loop.performer.told_of == Names{"act slow", "act next"});
  CHECK(loop.person.asked.empty());
}

TEST_CASE("an answer that comes just before the run would pause for it is taken up") {
  DrivenRun loop("- {id: person, manual: look}\n- {id: next, shell: one}\n");
  loop.journal.after_commit = [&] {
    if (const Question* open = loop.state.open_question("person"))
      loop.journal.answer({open->id, "confirm", "grace", "", 0, {}});
  };
  CHECK(loop.run().end.state == "succeeded");
  CHECK(loop.state.of("person").answered_by == "grace");
}

TEST_CASE("an answer from elsewhere that does not fit does not keep a run from pausing") {
  DrivenRun loop("- {id: a, shell: one}\n");
  loop.performer.script["act a"] = {is_lost()};
  loop.journal.after_commit = [&] { loop.journal.answer({"a/doubt/1", "perhaps", "grace", "", 0, {}}); };
  CHECK(loop.run().end.state == "in_doubt");
}

TEST_CASE("a question whose step ended by itself is withdrawn") {
  DrivenRun loop("- {id: a, shell: one, timeout: 1s, verify: {shell: check}}\n");
  loop.limits.is_interactive = true;
  loop.performer.script["act a"] = {std::nullopt};
  loop.person.on_ask = [&](const Question&) { loop.performer.finish(1, exits(0)); };
  loop.performer.on_start = [&](const Launch& launch) {
    if (launch.role == Role::look) CHECK(loop.state.open_question("a") == nullptr);
  };
  CHECK(loop.run().end.state == "succeeded");
  CHECK(loop.person.asked == Names{"a/overdue/1"});
}

TEST_CASE("a doubt takes the place of the question about its timeout") {
  DrivenRun loop("- {id: a, shell: one, timeout: 1s}\n");
  loop.limits.is_interactive = true;
  loop.performer.script["act a"] = {std::nullopt};
  loop.person.on_ask = [&](const Question& question) {
    if (question.about == "overdue") return loop.performer.finish(1, is_lost());
    loop.inbox.post(Answer{question.id, "done", "ada", "seen", 0, {}});
  };
  CHECK(loop.run().end.state == "succeeded");
  CHECK(loop.person.asked == Names{"a/overdue/1", "a/doubt/1"});
  for (const auto& [id, question] : loop.state.questions) CHECK_FALSE(question.is_open);
}

TEST_CASE("a retry waits for its time and is woken for it") {
  DrivenRun loop("- {id: a, shell: one, retry: {attempts: 3, delay: 1200ms}}\n");
  loop.performer.script["act a"] = {exits(1), exits(1)};
  CHECK(loop.run().end.state == "succeeded");
  CHECK(loop.performer.told_of == Names{"act a", "act a", "act a"});
}

TEST_CASE("a finally that fails while a failed run is given up does not hide the first cause") {
  DrivenRun loop("- section: S\n  steps: [{id: a, shell: one}]\n  finally: [{id: f, shell: two}]\n");
  loop.performer.script["act a"] = {exits(7)};
  loop.performer.script["act f"] = {exits(1)};
  const auto why = [&] { return loop.journal.committed.back().body.text_or("why", ""); };
  CHECK(loop.run().end.instance == "a");
  CHECK(why() == "it exited with 7");
  loop.limits.is_cancelling = true;
  CHECK(loop.run().end.instance == "f");
  CHECK(why() == "step `a` failed: it exited with 7; then its cleanup failed: step `f` failed: it exited with 1");
  CHECK(loop.resume().end.state == "cancelled");
  CHECK(why() == "cancelled by ada: step `a` failed: it exited with 7");
}

TEST_CASE("a finally that fails while a run that had not failed is given up is the first cause itself") {
  DrivenRun loop("- section: S\n  steps: [{id: a, shell: one}]\n  finally: [{id: f, shell: two}]\n");
  loop.performer.script["act f"] = {exits(1)};
  loop.performer.on_start = [&](const Launch&) { loop.inbox.post(Interrupt{Interrupt::Kind::pause, "ada"}); };
  CHECK(loop.run().end.state == "interrupted");
  loop.limits.is_cancelling = true;
  loop.performer.on_start = nullptr;
  CHECK(loop.run().end.instance == "f");
  CHECK(loop.journal.committed.back().body.text_or("why", "") == "it exited with 1");
}

TEST_CASE("a failed run is cancelled by the same executor") {
  DrivenRun loop(two_steps);
  loop.performer.script["act a"] = {exits(1)};
  Executor executor = loop.executor();
  CHECK(executor.run(loop.limits).end.state == "failed");
  Limits limits = loop.limits;
  limits.is_cancelling = true;
  CHECK(executor.run(limits).end.state == "cancelled");
  CHECK(loop.journal.committed.back().kind == event::left);
}

TEST_CASE("the last event of a run says how it ended and at which step") {
  DrivenRun loop(two_steps);
  loop.performer.script["act b"] = {exits(4)};
  loop.run();
  const Event& last = loop.journal.committed.back();
  CHECK(last.kind == event::paused);
  CHECK(last.body == object({{"state", "failed"}, {"why", "it exited with 4"}, {"step", "b"}}));
}

TEST_CASE("what a wait sees is told to who watches, and is no event; a look before a step is not waited for") {
  DrivenRun loop(
      "- {id: a, shell: one, done_when: {shell: look}}\n- {id: w, wait_until: {shell: look, timeout: 1h, every: 1ms}}\n");
  loop.performer.script["look a"] = {no(), yes()};
  loop.performer.script["look w"] = {says(Said::Answer::no, "1 of 2"), says(Said::Answer::cannot_tell, "refused"), yes()};
  CHECK(loop.run().end.state == "succeeded");
  CHECK(loop.witness.sights == Names{"w: 1 of 2", "w: can't tell: refused"});
  CHECK(loop.journal.everything().find("refused") == std::string::npos);
}

namespace {

constexpr const char* three_steps = "- {id: a, shell: go}\n- {id: b, shell: go}\n- {id: c, shell: go}\n";
constexpr int rounds = 100;  // sometimes it comes before the loop sleeps, mostly after

// Each step's end is brought by a thread of its own.
class EndsElsewhere {
 public:
  explicit EndsElsewhere(DrivenRun& loop) : loop_(loop) {
    for (const char* act : {"act a", "act b", "act c"}) loop.performer.script[act] = {std::nullopt};
    loop.performer.on_start = [this](const Launch& launch) { end(launch.n); };
  }
  void end(std::int64_t n) {
    threads_.emplace_back([this, n] { loop_.performer.finish(n, exits(0)); });
  }

 private:
  DrivenRun& loop_;
  std::vector<std::jthread> threads_;
};

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE("what other threads bring while the loop sleeps is recorded, committed and told as ever") {
  DrivenRun usual(three_steps);
  REQUIRE(usual.run().end.state == "succeeded");
  for (int round = 0; round < rounds; ++round) {
    DrivenRun loop(three_steps);
    const EndsElsewhere ends(loop);
    REQUIRE(loop.run().end.state == "succeeded");
    REQUIRE(loop.performer.told_of == usual.performer.told_of);
    REQUIRE(loop.witness.seen == usual.witness.seen);
    REQUIRE(loop.journal.commits.size() == usual.journal.commits.size());
  }
}

TEST_CASE("a commit that fails where an outcome is brought ends the loop, and nothing more is launched") {
  for (int round = 0; round < rounds; ++round) {
    DrivenRun loop(three_steps);
    const EndsElsewhere ends(loop);
    loop.journal.before_commit = [&] {
      if (loop.journal.commits.size() == 1) throw Error(ExitCode::journal, "the disk is full");
    };
    REQUIRE_THROWS_WITH(loop.run(), "the disk is full");
    REQUIRE(loop.performer.told_of == Names{"act a"});
  }
}

TEST_CASE("an interrupt that comes while another thread decides pauses behind what was launched by that") {
  for (int round = 0; round < rounds; ++round) {
    DrivenRun loop(three_steps);
    EndsElsewhere ends(loop);
    loop.performer.on_start = [&](const Launch& launch) {
      if (launch.step.id == "b") loop.inbox.post(Interrupt{Interrupt::Kind::pause, "Ctrl-C"});
      ends.end(launch.n);
    };
    REQUIRE(loop.run().end.state == "interrupted");
    REQUIRE(loop.performer.told_of == Names{"act a", "act b"});
  }
}

TEST_SUITE_END();

TEST_CASE("who drives has the word at once when he asked for it between two runs, and what ran then is not forgotten") {
  DrivenRun loop(three_steps);
  Executor executor = loop.executor();
  loop.inbox.post(Interrupt{Interrupt::Kind::yield, "ada"});
  CHECK(executor.run(loop.limits).end.state == "yielded");
  CHECK(loop.performer.told_of.empty());
  CHECK(executor.run(loop.limits).end.state == "succeeded");
}
