#include "run/secret_outputs.h"

#include <doctest/doctest.h>

#include "tests/run/loop.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

const std::string secret = "s3cr3t-of-login";

std::string login(const std::string& rule) {
  return "- {id: login, shell: vault login, outputs: {token: " + rule + ", shown: {value: stdout}}}\n";
}
const std::string use = "- {id: use, shell: fetch, env: {TOKEN: '${{ $steps.login.token }}'}}\n";

// What the step's environment holds for TOKEN, when it is started.
struct Onlooker {
  explicit Onlooker(DrivenRun& loop) {
    loop.performer.on_start = [this](const Launch& launch) {
      if (launch.step.id != "use") return;
      secrets = launch.request->secrets;
      for (const std::string& entry : launch.request->env)
        if (entry.starts_with("TOKEN=")) token = entry.substr(6);
    };
  }
  std::string token;
  std::vector<std::string> secrets;
};

}  // namespace

TEST_CASE("a secret output reaches the next step, is masked there, and stands nowhere in the journal") {
  DrivenRun loop(login("{value: stdout, secret: true}") + use);
  Onlooker watch(loop);
  loop.performer.script["act login"] = {exits(0, secret + "\n")};
  CHECK(loop.run().end.state == "succeeded");
  CHECK(watch.token == secret);
  CHECK(watch.secrets == std::vector<std::string>{secret});
  const std::string all = loop.journal.everything();
  CHECK(all.find(secret) == std::string::npos);
  CHECK(all.find(R"("token":"[secret]")") != std::string::npos);
  CHECK(all.find(R"("shown":"[secret]\n")") != std::string::npos);  // the same text as an ordinary output
}

TEST_CASE("an attempt that gives a secret is told to hide its output; another is not") {
  DrivenRun loop(login("{value: stdout, secret: true}") + use);
  std::map<std::string, bool> hides;
  loop.performer.on_start = [&](const Launch& launch) { hides[launch.step.id] = launch.request->hides_output; };
  loop.performer.script["act login"] = {exits(0, secret)};
  loop.run();
  CHECK(hides == std::map<std::string, bool>{{"login", true}, {"use", false}});
}

TEST_CASE("without keep it does not survive the engine: the step that needs it says how to get it again") {
  DrivenRun loop(login("{value: stdout, secret: true}") + "- {id: stop, shell: fails}\n" + use);
  loop.performer.script["act login"] = {exits(0, secret)};
  loop.performer.script["act stop"] = {exits(1)};
  CHECK(loop.run().end.state == "failed");
  loop.facts.secret_outputs = std::make_shared<SecretOutputs>();  // another engine
  const End end = loop.resume().end;
  CHECK(end.state == "failed");
  CHECK(end.instance == "use");
  CHECK_MESSAGE(end.why.find("the secret output `token` of step `login` is not there") != std::string::npos, end.why);
  CHECK_MESSAGE(end.why.find("runbook redo") != std::string::npos, end.why);
}

TEST_CASE("a kept secret is written before the outcome is committed, and found again") {
  for (const char* keep : {"{file: token}", "{command: [cat, /books/token]}"}) {
    CAPTURE(keep);
    DrivenRun loop(login(std::string("{value: stdout, secret: true, keep: ") + keep + "}") + "- {id: stop, shell: fails}\n" +
                   use);
    Onlooker watch(loop);
    loop.facts.dir = "/books";
    loop.performer.kept["/books/token"] = "from-elsewhere";
    loop.performer.script["act login"] = {exits(0, secret)};
    loop.performer.script["act stop"] = {exits(1)};
    loop.run();
    const bool is_written = loop.performer.kept["/books/token"] == secret;
    CHECK(is_written == (std::string(keep) == "{file: token}"));
    loop.facts.secret_outputs = std::make_shared<SecretOutputs>();
    CHECK(loop.resume().end.state == "succeeded");
    CHECK(watch.token == loop.performer.kept["/books/token"]);
  }
}

TEST_CASE("a secret that can't be kept fails its step, and is not told") {
  DrivenRun loop(login("{value: stdout, secret: true, keep: {file: token}}") + use);
  loop.performer.script["act login"] = {exits(0, secret)};
  loop.performer.keeping_fails = "writing /books/token: No space left on device";
  const End end = loop.run().end;
  CHECK(end.why ==
        "it ran and exited with 0, but its secret output `token` can't be kept: writing /books/token: No space left on device");
  CHECK(loop.journal.everything().find(secret) == std::string::npos);
}

TEST_CASE("a step that is satisfied finds its kept secret; one that is gone is told") {
  const std::string rule = "{value: stdout, secret: true, keep: {file: token}}";
  const std::string satisfied = "- {id: login, shell: vault login, outputs: {token: " + rule + "}, done_when: {shell: look}}\n";
  DrivenRun loop(satisfied + use);
  Onlooker watch(loop);
  loop.facts.dir = "/books";
  loop.performer.kept["/books/token"] = secret;
  loop.performer.script["look login"] = {yes()};
  CHECK(loop.run().end.state == "succeeded");
  CHECK(watch.token == secret);
  DrivenRun gone(satisfied + use);
  gone.performer.script["look login"] = {yes()};
  CHECK(gone.run().end.state == "failed");
  REQUIRE(gone.witness.notices.size() == 1);
  CHECK(gone.witness.notices[0] == "the secret output `token` of step `login` is not found again: no such file");
}

TEST_CASE("what can't be masked is no secret, and what an expression says of it is not repeated") {
  struct Story {
    const char *rule, *out, *why;
  };
  for (const Story& story : {
           Story{"{value: stdout, secret: true}", "short\n", "a secret of less than 6 characters can't be masked"},
           Story{"{value: json.token, secret: true}", "{\"token\": 123456789}", "a secret is text, and this is not"},
           Story{"{value: json.token, secret: true}", "{\"tokens\": \"s3cr3t-of-login\"}", "`json.token` has no value"},
           Story{"{value: 'add(stdout, 1)', secret: true}", "s3cr3t-of-login", "has no value"},
           Story{"{regex: 'token: (.*)', secret: true}", "s3cr3t-of-login", "nothing in standard output matches"},
       }) {
    CAPTURE(story.rule);
    DrivenRun loop("- {id: login, shell: vault login, outputs: {token: " + std::string(story.rule) + "}}\n");
    loop.performer.script["act login"] = {exits(0, story.out)};
    const End end = loop.run().end;
    CHECK(end.state == "failed");
    CHECK_MESSAGE(end.why.find(story.why) != std::string::npos, end.why);
    CHECK(end.why.find("s3cr3t") == std::string::npos);
    CHECK(loop.journal.everything().find("s3cr3t") == std::string::npos);
  }
}

TEST_CASE("what a step with a secret writes beside its declared outputs is not recorded") {
  DrivenRun loop("- {id: login, shell: vault login, outputs: {token: {secret: true}}}\n");
  Outcome outcome = exits(0);
  outcome.named_outputs = {{"token", secret}, {"other", "another-secret"}};
  loop.performer.script["act login"] = {outcome};
  CHECK(loop.run().end.state == "succeeded");
  CHECK(loop.journal.everything().find("another-secret") == std::string::npos);
}

TEST_CASE("an older secret of a step stays masked when the step gives a new one") {
  SecretOutputs secrets;
  secrets.learn("login", "token", "first-token");
  secrets.learn("login", "token", "second-token");
  CHECK(*secrets.find("login", "token") == "second-token");
  CHECK(secrets.all() == std::vector<std::string>{"first-token", "second-token"});
  CHECK(secrets.find("login", "other") == nullptr);
}

// The engine dies while it looks at what `use` did; the next one does not have the secret, which the look needs too.
static void lose_the_secret_at_the_look(DrivenRun& loop) {
  loop.performer.script["act login"] = {exits(0, secret)};
  if (!loop.performer.script.count("look use")) loop.performer.script["look use"] = {std::nullopt};
  loop.performer.on_start = [&loop](const Launch& launch) {
    const bool is_last = loop.performer.script["look use"].empty();
    if (launch.step.id == "use" && launch.role == Role::look && is_last)
      loop.inbox.post(Interrupt{Interrupt::Kind::detach, "SIGTERM"});
  };
  CHECK(loop.run().end.state == "interrupted");
  loop.performer.on_start = nullptr;
  loop.facts.secret_outputs = std::make_shared<SecretOutputs>();
}
static auto begun(const DrivenRun& loop) {
  const auto& told = loop.performer.told_of;
  return std::count(told.begin(), told.end(), "act use");
}

TEST_CASE(
    "what ran and can't be looked at for lack of a secret is not refused: no resume runs it again, and with the secret it is "
    "done") {
  DrivenRun loop(login("{value: stdout, secret: true}") +
                 "- {id: use, shell: fetch, env: {TOKEN: '${{ $steps.login.token }}'}, verify: {shell: look, timeout: 1h}}\n");
  lose_the_secret_at_the_look(loop);
  for (int i = 0; i < 2; ++i) {
    const End end = loop.resume().end;
    CHECK(end.state == "in_doubt");
    CHECK_MESSAGE(end.why.starts_with("Did `use` take effect? It ran, but can't be looked at: the secret output `token`"),
                  end.why);
    CHECK(loop.state.of("use").state == StepState::running);
  }
  loop.facts.secret_outputs->learn("login", "token", secret);
  CHECK(loop.resume().end.state == "succeeded");
  CHECK(loop.state.open_question("use") == nullptr);
  CHECK(begun(loop) == 1);
}

// `beside` fails while `use` is looked at; then the engine dies.
static void dies_beside_the_look(DrivenRun& loop, const std::string& beside) {
  loop.performer.script["act login"] = {exits(0, secret), exits(0, secret)};
  loop.performer.script["look use"] = {std::nullopt};
  loop.performer.script[beside] = {std::nullopt};
  std::int64_t n = 0;
  loop.performer.on_start = [&](const Launch& launch) {
    if (told(launch) == beside) n = launch.n;
    if (told(launch) == "look use") loop.performer.finish(n, beside == "look w" ? no() : exits(1));
  };
  loop.journal.after_commit = [&] {
    const Event& last = loop.journal.committed.back();
    const bool has_failed = last.kind == event::watched || (last.kind == event::ended && last.instance == "boom");
    if (has_failed) throw std::runtime_error("the engine dies");
  };
  CHECK_THROWS(loop.run());
  loop.performer.on_start = nullptr;
  loop.journal.after_commit = nullptr;
  loop.facts.secret_outputs = std::make_shared<SecretOutputs>();
}
static std::string within(const std::string& indent, const std::string& steps) {
  std::string lines;
  for (std::size_t at = 0; at < steps.size(); at = steps.find('\n', at) + 1)
    lines += indent + steps.substr(at, steps.find('\n', at) + 1 - at);
  return lines;
}
static void decides(DrivenRun& loop, const std::string& instance, std::string_view kind, const Value& body) {
  Event event;
  event.kind = kind;
  event.instance = instance;
  event.body = body;
  loop.journal.append(std::move(event));
  loop.journal.commit();
}
static const std::string looked_at = login("{value: stdout, secret: true}") +
                                     "- {id: use, shell: fetch, env: {TOKEN: '${{ $steps.login.token }}'}, verify: {shell: "
                                     "look, timeout: 1h}, undo: {shell: back}}\n";

TEST_CASE("an answer to a doubt that was given beforehand is none about what ran and can't be looked at") {
  DrivenRun loop(looked_at);
  lose_the_secret_at_the_look(loop);
  for (const Doubt said : {Doubt::retry, Doubt::done}) {
    loop.limits.on_doubt = {{"use", said}};
    CHECK(loop.resume().end.state == "in_doubt");
  }
  CHECK(begun(loop) == 1);
}

TEST_CASE("once its secret is to be given again nobody is asked any more what a step did") {
  DrivenRun loop(looked_at);
  lose_the_secret_at_the_look(loop);
  CHECK(loop.resume().end.state == "in_doubt");
  decides(loop, "login", event::renewed, object({{"how", "redo"}, {"who", "ada"}}));
  loop.performer.script["act login"] = {exits(0, secret)};
  loop.performer.on_start = [&](const Launch& launch) {
    if (launch.step.id == "login") CHECK(loop.state.open_question("use") == nullptr);
  };
  loop.limits.is_interactive = true;
  CHECK(loop.resume().end.state == "succeeded");
  CHECK(loop.person.asked.empty());
  CHECK(loop.state.deviations.size() == 1);  // that it was done anew, and no decision about a doubt
}

TEST_CASE("who is asked what a step did can pause, also in a section that is left") {
  DrivenRun loop("- section: S\n  parallel:\n  - section: T\n    steps:\n" + within("    ", looked_at) +
                 "  - {id: boom, shell: x}\n  rescue: [{id: r, shell: x}]\n");
  dies_beside_the_look(loop, "act boom");
  loop.limits.is_interactive = true;
  loop.person.on_ask = [&](const Question&) { loop.inbox.post(Interrupt{Interrupt::Kind::pause, "Ctrl-D"}); };
  CHECK(loop.resume().end.state == "interrupted");
  CHECK(loop.person.asked.size() == 1);
}

TEST_CASE("what a cancelled run has not come to know is asked before it is undone") {
  DrivenRun loop(looked_at);
  lose_the_secret_at_the_look(loop);
  CHECK(loop.resume().end.state == "in_doubt");
  loop.limits.is_cancelling = true;
  CHECK(loop.resume().end.state == "cancelled");
  loop.limits.is_cancelling = false;
  decides(loop, "", event::undoing, object({{"to", ""}, {"border", 0}, {"who", "ada"}}));
  CHECK(loop.resume().end.state == "in_doubt");
  loop.journal.answer({loop.state.of("use").question, "not-done", "grace", "she looked", 0, {}});
  CHECK(loop.resume().end.state == "undone");
  const auto& told = loop.performer.told_of;
  CHECK(std::count(told.begin(), told.end(), "act use:undo") == 0);
}

TEST_CASE("what ran and can't be looked at is settled by who knows what it did") {
  DrivenRun loop(
      login("{value: stdout, secret: true}") +
      "- {id: use, shell: fetch, outputs: {it: stdout}, env: {TOKEN: '${{ $steps.login.token }}'}, verify: {shell: look, "
      "timeout: 1h}}\n- {id: then, exec: [x, '${{ $steps.use.it }}']}\n");
  loop.performer.script["act use"] = {exits(0, "its result")};
  lose_the_secret_at_the_look(loop);
  CHECK(loop.resume().end.state == "in_doubt");
  const std::string question = loop.state.of("use").question;
  SUBCASE("it took effect, and what it gave counts") {
    loop.journal.answer({question, "done", "grace", "she looked", 0, {}});
    CHECK(loop.resume().end.state == "succeeded");
    CHECK(to_json(parse_json(loop.journal.blob(loop.state.of("use").outputs))) == "{\"it\":\"its result\"}");
    CHECK(begun(loop) == 1);
  }
  SUBCASE("it did not") {
    loop.journal.answer({question, "not-done", "grace", "she looked", 0, {}});
    const End end = loop.resume().end;
    CHECK(end.state == "failed");
    CHECK(end.why == "decided by grace: not-done");
    CHECK(loop.state.of("use").acted_seq == 0);
    CHECK(begun(loop) == 1);
  }
  SUBCASE("it is to be run again, whether or not it did") {
    loop.journal.answer({question, "retry", "grace", "it may run twice", 0, {}});
    CHECK(loop.resume().end.why.starts_with("the secret output `token` of step `login` is not there"));
    loop.facts.secret_outputs->learn("login", "token", secret);
    CHECK(loop.resume().end.state == "succeeded");
    CHECK(begun(loop) == 2);
  }
}

TEST_CASE("what ran and can't be looked at, for who gives its secret was left out since, names what helps") {
  DrivenRun loop(login("{value: stdout, secret: true}") +
                 "- {id: use, shell: fetch, env: {TOKEN: '${{ $steps.login.token }}'}, verify: {shell: look, timeout: 1h}}\n");
  lose_the_secret_at_the_look(loop);
  decides(loop, "login", event::renewed, object({{"how", "redo"}, {"who", "ada"}}));
  decides(loop, "login", event::skipped, object({{"why", "left out by ada"}, {"who", "ada"}}));
  CHECK(loop.resume().end.why ==
        "Did `use` take effect? It ran, but can't be looked at: the secret output `token` of step `login` is not there: that "
        "step did not run, it is "
        "skipped; let it run after all: runbook redo 20261120-2355-k3f9 login --because \"its secret is needed\"");
  loop.performer.script["act login"] = {exits(0, secret)};
  decides(loop, "login", event::renewed, object({{"how", "redo"}, {"who", "ada"}}));
  CHECK(loop.resume().end.state == "succeeded");
  CHECK(begun(loop) == 1);
}

static End fails_beside_the_look(DrivenRun& loop, const std::string& beside) {
  dies_beside_the_look(loop, beside);
  const End end = loop.resume().end;
  CHECK_MESSAGE(end.why.find("let the step give it again: runbook redo") != std::string::npos, end.why);
  decides(loop, "login", event::renewed, object({{"how", "redo"}, {"who", "ada"}, {"because", "its secret is needed"}}));
  return loop.resume().end;
}

TEST_CASE("in a section that is left a step begins that is to give the secret again with which is looked at what has run") {
  const std::string both =
      login("{value: stdout, secret: true}") +
      "- {id: use, shell: fetch, env: {TOKEN: '${{ $steps.login.token }}'}, verify: {shell: look, timeout: "
      "1h}}\n- {id: later, shell: x}\n";
  const auto begins = [](const DrivenRun& loop, const std::string& what) {
    return std::count(loop.performer.told_of.begin(), loop.performer.told_of.end(), what);
  };
  const auto is_known_in_the_end = [&](const DrivenRun& loop) {
    CHECK(begins(loop, "act login") == 2);
    CHECK(begins(loop, "act use") == 1);
    CHECK(begins(loop, "act later") == 0);
    CHECK(loop.state.of("use").state == StepState::succeeded);
  };
  SUBCASE("a section that is rescued") {
    DrivenRun loop("- section: S\n  parallel:\n  - section: T\n    steps:\n" + within("    ", both) +
                   "  - {id: boom, shell: x}\n  rescue: [{id: r, shell: x}]\n");
    CHECK(fails_beside_the_look(loop, "act boom").state == "succeeded");
    is_known_in_the_end(loop);
    CHECK(begins(loop, "act r") == 1);
  }
  SUBCASE("a section whose watch has tripped") {
    DrivenRun loop("- section: S\n  watch: [{id: w, shell: look, running: stop, on_trip: [{id: t, shell: x}]}]\n  steps:\n" +
                   within("  ", both));
    CHECK(fails_beside_the_look(loop, "look w").why.starts_with("watch `w` tripped"));
    is_known_in_the_end(loop);
    CHECK(begins(loop, "act t") == 1);
  }
}

TEST_CASE("what is in doubt and can't be looked at for lack of a secret is asked about, and not begun again") {
  DrivenRun loop(
      login("{value: stdout, secret: true}") +
      "- {id: use, shell: fetch, env: {TOKEN: '${{ $steps.login.token }}'}, done_when: {shell: look, timeout: 1h}}\n");
  loop.performer.script["act use"] = {is_lost()};
  loop.performer.script["look use"] = {no(), std::nullopt};
  lose_the_secret_at_the_look(loop);
  for (int i = 0; i < 2; ++i) {
    const End end = loop.resume().end;
    CHECK(end.state == "in_doubt");
    CHECK_MESSAGE(end.why.find("done_when can't be looked at") != std::string::npos, end.why);
  }
  CHECK(begun(loop) == 1);
}

TEST_CASE("a secret of a step that was left out is not said to have died with an engine") {
  DrivenRun loop("- {id: login, when: 1 == 2, shell: vault login, outputs: {token: {value: stdout, secret: true}}}\n" + use);
  const End end = loop.run().end;
  CHECK(end.state == "failed");
  CHECK(
      end.why ==
      "the secret output `token` of step `login` is not there: that step did not run, it is skipped; leave this step out too: "
      "runbook skip");
}
