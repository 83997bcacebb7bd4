#include "plugins/process_step.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "plugins/all.h"

using namespace runbook;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Remembers what it was asked for and gives the end that it was told to give.
class ScriptedRunner : public ProcessRunner {
 public:
  Exit exit;
  Command asked;
  int starts = 0, attached = 0;

  ScriptedRunner() { exit.kind = Exit::Kind::code; }
  Exit run(std::int64_t, Command command, const Sink& sink, std::stop_token) override {
    ++starts;
    asked = command;
    if (sink) sink("shown\n");
    return exit;
  }
  Exit attach(std::int64_t, bool, const Sink&, std::stop_token) override {
    ++attached;
    return exit;
  }
};

StepContext with_params(Value params) {
  StepContext context;
  context.n = 7;
  context.params = std::move(params);
  context.env = {"PATH=/bin"};
  context.dir = std::filesystem::temp_directory_path().string();
  return context;
}

Outcome shell_outcome(const Exit& exit, const StepContext& context = with_params(object({{"script", "true"}}))) {
  ScriptedRunner runner;
  runner.exit = exit;
  return make_shell(&runner)->run(context);
}

Exit exited(int code) {
  Exit exit;
  exit.kind = Exit::Kind::code;
  exit.number = code;
  return exit;
}

Exit ended_by(int signal) {
  Exit exit;
  exit.kind = Exit::Kind::signal;
  exit.number = signal;
  return exit;
}

std::optional<std::string> input_of(const Value& input) {
  ScriptedRunner runner;
  make_exec(&runner)->run(with_params(object({{"argv", List{"cat"}}, {"stdin", input}})));
  return runner.asked.input;
}

}  // namespace

TEST_CASE("a script is run by bash, which stops at the first failure") {
  ScriptedRunner runner;
  make_shell(&runner)->run(with_params(object({{"script", "echo $x"}})));
  CHECK(runner.asked.argv == std::vector<std::string>{"bash", "-euo", "pipefail", "-c", "echo $x"});
  make_shell(&runner)->run(with_params(object({{"script", "echo"}, {"with", "bash"}})));
  CHECK(runner.asked.argv[0] == "bash");
}

TEST_CASE("a script may ask for sh") {
  ScriptedRunner runner;
  make_shell(&runner)->run(with_params(object({{"script", "echo"}, {"with", "sh"}})));
  CHECK(runner.asked.argv == std::vector<std::string>{"sh", "-eu", "-c", "echo"});
}

TEST_CASE("exec gives each argument as it is") {
  ScriptedRunner runner;
  make_exec(&runner)->run(with_params(object({{"argv", List{"printf", "%s", "a b; $(c)"}}})));
  CHECK(runner.asked.argv == std::vector<std::string>{"printf", "%s", "a b; $(c)"});
}

TEST_CASE("the runner gets all that the attempt may know") {
  ScriptedRunner runner;
  StepContext context = with_params(object({{"script", "true"}}));
  context.secrets = {"hunter22"};
  context.keeps_result = true;
  context.output_head = 1;
  context.output_tail = 2;
  context.timeout_ms = 3;
  context.seq = 4;
  context.hash = "ab";
  std::string shown;
  context.output = [&](std::string_view bytes) { shown += bytes; };
  make_shell(&runner)->run(context);
  CHECK(runner.asked.env == context.env);
  CHECK(runner.asked.dir == context.dir);
  CHECK(runner.asked.secrets == context.secrets);
  CHECK(runner.asked.keeps_result);
  CHECK(runner.asked.output_head == 1);
  CHECK(runner.asked.output_tail == 2);
  CHECK(runner.asked.timeout_ms == 3);
  CHECK(runner.asked.seq == 4);
  CHECK(runner.asked.hash == "ab");
  CHECK(shown == "shown\n");
}

TEST_CASE("standard input is text, JSON, YAML or a file") {
  CHECK_FALSE(input_of(Value()).has_value());
  CHECK(input_of("") == "");
  CHECK(input_of("text\n") == "text\n");
  CHECK(input_of(5) == "5");
  CHECK(input_of(object({{"json", object({{"a", List{1, true, Value()}}})}})) == "{\"a\":[1,true,null]}\n");
  CHECK(input_of(object({{"json", "x"}})) == "\"x\"\n");
  CHECK(input_of(object({{"yaml", object({{"kind", "Service"}, {"ports", List{80, "on"}}})}})) ==
        "kind: Service\nports:\n  - 80\n  - \"on\"\n");
}

TEST_CASE("a file for standard input is read from the step's folder, whatever its name") {
  auto folder = std::filesystem::temp_directory_path() / ("runbook-plugins-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "data.sql") << "SELECT 1;\n";
  std::ofstream(folder / "5") << "five\n";
  ScriptedRunner runner;
  auto given = [&](const Value& name) {
    StepContext context = with_params(object({{"argv", List{"cat"}}, {"stdin", object({{"file", name}})}}));
    context.dir = folder.string();
    make_exec(&runner)->run(context);
    return runner.asked.input;
  };
  CHECK(given("data.sql") == "SELECT 1;\n");
  CHECK(given((folder / "data.sql").string()) == "SELECT 1;\n");
  CHECK(given(5) == "five\n");
  std::filesystem::remove_all(folder);
}

TEST_CASE("a file that can't be read starts nothing, provably") {
  ScriptedRunner runner;
  Value params = object({{"argv", List{"cat"}}, {"stdin", object({{"file", "no/such.sql"}})}});
  Outcome outcome = make_exec(&runner)->run(with_params(params));
  CHECK(outcome.kind == Outcome::Kind::not_started);
  CHECK(outcome.reason.find("no/such.sql: No such file or directory") != std::string::npos);
  CHECK(runner.starts == 0);
}

TEST_CASE("an end is what it means") {
  CHECK(shell_outcome(exited(0)).kind == Outcome::Kind::succeeded);
  CHECK(shell_outcome(exited(0)).reason.empty());
  CHECK(shell_outcome(exited(3)).kind == Outcome::Kind::failed);
  CHECK(shell_outcome(exited(3)).reason == "it exited with 3");
  CHECK(shell_outcome(exited(3)).exit_code == 3);
  CHECK(shell_outcome(ended_by(9)).kind == Outcome::Kind::failed);
  CHECK(shell_outcome(ended_by(9)).reason == "it was ended by signal 9 (Killed)");
  CHECK(shell_outcome(ended_by(9)).exit_code == -1);
}

TEST_CASE("what was ended by us is neither a failure nor a success, whatever it exited with") {
  for (Exit exit : {exited(0), exited(1), ended_by(15)}) {
    exit.has_timed_out = true;
    CHECK(shell_outcome(exit).kind == Outcome::Kind::timed_out);
    exit.has_timed_out = false;
    exit.was_cancelled = true;
    CHECK(shell_outcome(exit).kind == Outcome::Kind::cancelled);
  }
}

TEST_CASE("not started is proven, lost is not known, and both keep their reason") {
  Exit exit;
  exit.kind = Exit::Kind::not_started;
  exit.why = "there is no program `x` in PATH";
  CHECK(shell_outcome(exit).kind == Outcome::Kind::not_started);
  CHECK(shell_outcome(exit).reason == exit.why);
  exit.kind = Exit::Kind::lost;
  CHECK(shell_outcome(exit).kind == Outcome::Kind::unknown);
  CHECK(shell_outcome(exit).reason == exit.why);
}

TEST_CASE("the result holds both streams, the exit code, and JSON if it is JSON") {
  StepContext context = with_params(object({{"script", "true"}}));
  context.keeps_result = true;
  Exit exit = exited(0);
  exit.out = "{\"a\": 1}\n";
  exit.err = "warning\n";
  Value result = shell_outcome(exit, context).result;
  CHECK(result.get("stdout") == Value("{\"a\": 1}\n"));
  CHECK(result.get("stderr") == Value("warning\n"));
  CHECK(result.get("exit_code") == Value(0));
  CHECK(result.get("json").get("a") == Value(1));
  exit.out = "plain";
  CHECK(shell_outcome(exit, context).result.find("json") == nullptr);
  CHECK(shell_outcome(exit).result.is_null());
}

TEST_CASE("a result that is missing or too large is said to be") {
  StepContext context = with_params(object({{"script", "true"}}));
  Exit exit = exited(0);
  exit.result_is_missing = exit.result_is_too_large = true;
  CHECK(shell_outcome(exit, context).kind == Outcome::Kind::succeeded);
  CHECK(shell_outcome(exit, context).why_no_result.empty());
  context.keeps_result = true;
  CHECK(shell_outcome(exit, context).why_no_result == "the output was held by the supervisor, which died");
  CHECK(shell_outcome(exit, context).kind == Outcome::Kind::failed);
  CHECK(shell_outcome(exit, context).reason.find("larger than 16 MB") != std::string::npos);
}

TEST_CASE("named outputs that are missing are said to be, and are no reason why the result is") {
  StepContext context = with_params(object({{"script", "true"}}));
  context.keeps_result = context.hides_output = true;
  Exit exit = exited(0);
  exit.named_outputs_are_missing = true;
  CHECK(shell_outcome(exit, context).named_outputs_are_missing);
  CHECK(shell_outcome(exit, context).why_no_result.empty());
}

TEST_CASE("named outputs come in order, and the last of a name counts") {
  Exit exit = exited(0);
  exit.named_outputs = "a=1\nb=x=y\na=2\nempty=\n";
  CHECK(shell_outcome(exit).named_outputs == Pairs{{"a", "2"}, {"b", "x=y"}, {"empty", ""}});
}

TEST_CASE("a file of outputs that can't be read is not taken for an empty one") {
  Exit exit = exited(0);
  CHECK_FALSE(shell_outcome(exit).named_outputs_are_missing);
  exit.named_outputs_are_missing = true;
  CHECK(shell_outcome(exit).named_outputs_are_missing);
  CHECK(shell_outcome(exit).kind == Outcome::Kind::succeeded);  // whose outputs nobody asks for has done its work
}

TEST_CASE("a failed step gives no named outputs") {
  Exit exit = exited(1);
  exit.named_outputs = "a=1\nnonsense\n";
  CHECK(shell_outcome(exit).named_outputs.empty());
  CHECK(shell_outcome(exit).reason == "it exited with 1");
}

TEST_CASE("named outputs show no secret") {
  StepContext context = with_params(object({{"script", "true"}}));
  context.secrets = {"hunter22"};
  Exit exit = exited(0);
  exit.named_outputs = "key=hunter22\n";
  CHECK(shell_outcome(exit, context).named_outputs == Pairs{{"key", "[secret]"}});
}

TEST_CASE("a line of $RUNBOOK_OUTPUT that is no output fails the step, and is quoted") {
  Exit exit = exited(0);
  exit.named_outputs = "a=1\nno equals\n";
  Outcome outcome = shell_outcome(exit);
  CHECK(outcome.kind == Outcome::Kind::failed);
  CHECK(outcome.reason == "it ran and exited with 0, but $RUNBOOK_OUTPUT holds a line that is not name=value: `no equals`");
}

TEST_CASE("the lines of $RUNBOOK_OUTPUT") {
  auto parsed = [](const std::string& text) {
    Pairs pairs;
    std::string why;
    bool is_sound = parse_named_outputs(text, pairs, why);
    CHECK(why.empty() == is_sound);
    return is_sound ? pairs : Pairs{{"(refused)", ""}};
  };
  Pairs refused = {{"(refused)", ""}};
  CHECK(parsed("").empty());
  CHECK(parsed("\n\r\n\n").empty());
  CHECK(parsed("a=1") == Pairs{{"a", "1"}});
  CHECK(parsed("a=1\r\nb=2\r\n") == Pairs{{"a", "1"}, {"b", "2"}});
  CHECK(parsed("_A9= spaced \n") == Pairs{{"_A9", " spaced "}});
  CHECK(parsed("a=\xc3\xa9\n") == Pairs{{"a", "\xc3\xa9"}});
  CHECK(parsed("=1\n") == refused);
  CHECK(parsed("9a=1\n") == refused);
  CHECK(parsed("a b=1\n") == refused);
  CHECK(parsed(" a=1\n") == refused);
  CHECK(parsed("a-b=1\n") == refused);
  CHECK(parsed("\xc3\xa9=1\n") == refused);
  CHECK(parsed("a\n") == refused);
}

TEST_CASE("a quoted line is cut, but never inside a character") {
  Pairs pairs;
  std::string why, line = std::string(79, 'x') + "\xc3\xa9\xc3\xa9";
  CHECK_FALSE(parse_named_outputs(line, pairs, why));
  CHECK(why == "$RUNBOOK_OUTPUT holds a line that is not name=value: `" + std::string(79, 'x') + "`");
}

TEST_CASE("an attempt is taken up by its runner, and its end means the same") {
  ScriptedRunner runner;
  runner.exit = exited(4);
  Outcome outcome = make_shell(&runner)->attach(with_params(object({{"script", "true"}})));
  CHECK(runner.attached == 1);
  CHECK(runner.starts == 0);
  CHECK(outcome.kind == Outcome::Kind::failed);
  CHECK(outcome.exit_code == 4);
}

TEST_CASE("every type in the table says what it is") {
  ScriptedRunner runner;
  auto types = all_step_types(&runner);
  const Declarations declared = step_types_of(all_declarations());
  REQUIRE(types.size() == declared.size());
  for (std::size_t i = 0; i < types.size(); ++i) {
    const Declaration& declaration = declared[i];
    CHECK(types[i]->declaration().name == declaration.name);
    CHECK_FALSE(declaration.summary.empty());
    CHECK(declaration.find(declaration.main_param) != nullptr);
    for (const Param& param : declaration.params) CHECK_FALSE(param.doc.empty());
  }
}

TEST_CASE("shell and exec do things again when they are run again, unless the step says otherwise") {
  const Declaration* shell = find_declaration(all_declarations(), "shell");
  const Declaration* exec = find_declaration(all_declarations(), "exec");
  REQUIRE(shell != nullptr);
  REQUIRE(exec != nullptr);
  CHECK(shell->effect == Effect::once);
  CHECK(exec->effect == Effect::once);
  CHECK(shell->exports_inputs);
  CHECK_FALSE(exec->exports_inputs);
  CHECK(shell->has_process);
  CHECK(exec->has_process);
  CHECK(shell->find("script")->type == Param::Type::text);
  CHECK(exec->find("argv")->type == Param::Type::arguments);
  CHECK(shell->find("with")->choices == std::vector<std::string>{"bash", "sh"});
  CHECK(shell->find("nonesuch") == nullptr);
}
