// In doubt: nobody knows whether the effect happened.
#include <doctest/doctest.h>

#include "run/decide.h"
#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

// A step of that effect that began, and of which nobody knows how it ended; what then happened.
struct Doubted : Story {
  explicit Doubted(const std::string& effect, const std::string& probe = "")
      : Story(fmt::format("- {{id: a, title: Do it, shell: one, effect: {}{}}}\n", effect,
                          probe.empty() ? "" : ", done_when: {shell: look" + probe + "}")) {
    limits.approvals["a"] = "Do it";
    bool is_asked_first = effect == "irreversible";
    if (!probe.empty()) CHECK(turn() == "look a");
    if (!probe.empty() && is_asked_first) CHECK(ends("a", no()) == "asked a approval; answered a approve; look a");
    std::string begun = probe.empty() ? turn() : ends("a", no());
    CHECK(begun ==
          (probe.empty() && is_asked_first ? "asked a approval; answered a approve; intent a; act a" : "intent a; act a"));
  }
};

const std::string plain = " ";  // a probe without more to it
const std::string deciding = ", decides: true";

}  // namespace

TEST_CASE("an in doubt step that may be run again is, where there is no probe") {
  for (const char* effect : {"read", "idempotent"}) {
    CAPTURE(effect);
    CHECK(Doubted(effect).ends("a", is_lost()) == "doubted a; ended a failed again; intent a; act a");
  }
}

TEST_CASE("an in doubt step that must not be run again is asked about, where there is no probe") {
  for (const char* effect : {"once", "irreversible"}) {
    CAPTURE(effect);
    Doubted story(effect);
    CHECK(story.ends("a", is_lost()) == "doubted a; asked a doubt; end in_doubt");
    CHECK(story.end_why() == "Did `a` take effect? nobody knows how it ended.");
  }
}

TEST_CASE("an in doubt step with a probe that says yes is not run again") {
  for (const char* effect : {"read", "idempotent", "once", "irreversible"}) {
    CAPTURE(effect);
    Doubted story(effect, plain);
    CHECK(story.ends("a", is_lost()) == "doubted a; look a");
    CHECK(story.ends("a", yes()) == "ended a succeeded; end succeeded");
    CHECK(story.of("a").why == "in doubt, but done_when holds");
  }
}

TEST_CASE("a probe that says no lets only what may be run again run again") {
  for (const char* effect : {"read", "idempotent"}) {
    CAPTURE(effect);
    Doubted story(effect, plain);
    story.ends("a", is_lost());
    CHECK(story.ends("a", no()) == "ended a failed again; look a");
    CHECK(story.ends("a", no()) == "intent a; act a");
  }
  for (const char* effect : {"once", "irreversible"}) {
    CAPTURE(effect);
    Doubted story(effect, plain);
    story.ends("a", is_lost());
    CHECK(story.ends("a", no()) == "asked a doubt; end in_doubt");
  }
}

TEST_CASE("a probe that decides lets every step run again if it says no") {
  for (const char* effect : {"read", "idempotent", "once", "irreversible"}) {
    CAPTURE(effect);
    Doubted story(effect, deciding);
    story.ends("a", is_lost());
    CHECK(story.ends("a", no()) == "ended a failed again; look a");
    CHECK(story.ends("a", no()) == "intent a; act a");
    CHECK(story.of("a").group == 1);
  }
}

TEST_CASE("a probe that can't tell leaves the decision to a person, whatever the effect") {
  for (const char* effect : {"read", "idempotent", "once", "irreversible"}) {
    for (const auto& probe : {plain, deciding}) {
      CAPTURE(effect);
      Doubted story(effect, probe);
      story.ends("a", is_lost());
      CHECK(story.ends("a", cannot_tell()) == "asked a doubt; end in_doubt");
      CHECK(story.end_why() ==
            "Did `a` take effect? nobody knows how it ended. Looked, and done_when can't tell: it exited with 7.");
    }
  }
}

TEST_CASE("in doubt the probe is polled until its timeout before it says no") {
  Doubted story("once", ", decides: true, every: 1s, timeout: 2s");
  CHECK(story.ends("a", is_lost()) == "doubted a; look a");
  CHECK(story.ends("a", no()) == "wake +1000");
  CHECK(story.after(1'000) == "look a");
  CHECK(story.ends("a", no()) == "wake +1000");
  CHECK(story.after(1'000) == "look a");
  CHECK(story.ends("a", no()) == "ended a failed again; look a");
}

TEST_CASE("in doubt the probe has the last word at its timeout") {
  Doubted story("once", ", every: 1s, timeout: 1s");
  story.ends("a", is_lost());
  story.ends("a", no());
  story.after(1'000);
  CHECK(story.ends("a", yes()) == "ended a succeeded; end succeeded");
}

TEST_CASE("--on-doubt answers beforehand, with who and why in the record") {
  Doubted done("once");
  done.limits.on_doubt["a"] = Doubt::done;
  CHECK(done.ends("a", is_lost()) == "doubted a; asked a doubt; answered a done; ended a succeeded; end succeeded");
  REQUIRE(done.state.deviations.size() == 1);
  CHECK(done.state.deviations[0].who == "ada");
  CHECK(done.state.deviations[0].because == "--on-doubt");
  Doubted not_done("once", plain);
  not_done.limits.on_doubt["a"] = Doubt::not_done;
  not_done.ends("a", is_lost());
  CHECK(not_done.ends("a", no()) == "asked a doubt; answered a not-done; ended a failed; end failed");
  Doubted retry("once", plain);
  retry.limits.on_doubt["a"] = Doubt::retry;
  retry.ends("a", is_lost());
  CHECK(retry.ends("a", cannot_tell()) == "asked a doubt; answered a retry; ended a failed; renewed a retry; look a");
  CHECK(retry.of("a").group == 2);
}

TEST_CASE("--on-doubt answers for a step that may be run again, where the probe can't tell") {
  Doubted story("idempotent", plain);
  story.limits.on_doubt["a"] = Doubt::retry;
  story.ends("a", is_lost());
  CHECK(story.ends("a", cannot_tell()) == "asked a doubt; answered a retry; ended a failed; renewed a retry; look a");
}

TEST_CASE("--on-doubt never answers for an irreversible step") {
  for (Doubt said : {Doubt::done, Doubt::not_done, Doubt::retry}) {
    Doubted story("irreversible");
    story.limits.on_doubt["a"] = said;
    CHECK(story.ends("a", is_lost()) == "doubted a; asked a doubt; end in_doubt");
  }
}

TEST_CASE("a person settles a doubt: done, with the outputs that were seen") {
  Doubted story("once");
  story.ends("a", is_lost());
  CHECK(story.answered("a", "done", object({{"id", "i-1"}})) == "answered a done; ended a succeeded; end succeeded");
  CHECK(story.outputs_of("a") == object({{"id", "i-1"}}));
  CHECK(story.of("a").why == "decided by ada: done");
}

TEST_CASE("a person settles a doubt: not done, and the run stops there") {
  Doubted story("once");
  story.ends("a", is_lost());
  CHECK(story.answered("a", "not-done") == "answered a not-done; ended a failed; end failed");
}

TEST_CASE("a person settles a doubt: once more, in a new group") {
  Doubted story("once");
  story.ends("a", is_lost());
  CHECK(story.answered("a", "retry") == "answered a retry; ended a failed; renewed a retry; intent a; act a");
  CHECK(story.of("a").group == 2);
}

TEST_CASE("nothing after an in doubt step runs before it is decided") {
  Story story("- {id: a, shell: one}\n- {id: b, shell: two}\n");
  story.limits.is_interactive = true;
  story.turn();
  CHECK(story.ends("a", is_lost()) == "doubted a; asked a doubt");
  CHECK(story.after(1'000'000) == "");
  CHECK(story.crashes_and_resumes() == "");
  CHECK(story.answered("a", "done") == "answered a done; ended a succeeded; intent b; act b");
}

TEST_CASE("an open question about a timeout does not stand for the question of a doubt") {
  Story story("- {id: a, shell: one, timeout: 1m}\n");
  story.limits.is_interactive = true;
  story.turn();
  CHECK(story.after(60'000) == "overdue a; asked a overdue");
  CHECK(story.ends("a", is_lost()) == "doubted a; asked a doubt");
  CHECK(story.state.open_question("a")->about == "doubt");
}

TEST_CASE("a once step that its timeout ended is in doubt and never repeated by policy") {
  Story story("- {id: a, shell: one, timeout: 1m, on_timeout: kill, retry: {attempts: 5}}\n");
  CHECK(story.turn() == "intent a; act a");
  CHECK(story.launches.back().request->timeout_ms == 60'000);
  CHECK(story.ends("a", times_out()) == "doubted a; asked a doubt; end in_doubt");
}

TEST_CASE("a run that pauses neither looks nor asks about a doubt") {
  Doubted story("once", plain);
  CHECK(story.pauses() == "");
  CHECK(story.ends("a", is_lost()) == "doubted a; end interrupted");
  CHECK(story.crashes_and_resumes() == "look a");
}

TEST_CASE("in doubt, a look that says that it never will be done has the last word at once") {
  Doubted story("once", ", timeout: 1h");
  CHECK(story.ends("a", is_lost()) == "doubted a; look a");
  CHECK(story.ends("a", is_hopeless("the job has failed")) == "asked a doubt; end in_doubt");
}
