// A process whose standard output is followed: what it writes is written here.
#include "plugins/followed_stream.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include "plugins/all.h"
#include "plugins/process_step.h"

using namespace runbook;

namespace {

// Writes those pieces, then ends, or waits to be ended.
class WritingRunner : public ProcessRunner {
 public:
  std::vector<std::string> pieces;
  bool goes_on = false;
  Exit exit;
  Command asked;

  WritingRunner() { exit.kind = Exit::Kind::code; }
  Exit run(std::int64_t, Command command, const Sink&, std::stop_token stop) override {
    for (const std::string& piece : pieces) write_all(command.out->get(), piece);
    command.out.reset();
    asked = command;
    while (goes_on && !stop.stop_requested()) ::usleep(1'000);
    exit.was_cancelled = goes_on;
    return exit;
  }
  Exit attach(std::int64_t, bool, const Sink&, std::stop_token) override { return exit; }

 private:
  static void write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd, bytes.data(), bytes.size());
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
};

// A log whose lines begin with a number; it can be asked for from there on, and repeats the line that was asked for.
class NumberedLog : public ProcessStep {
 public:
  explicit NumberedLog(ProcessRunner* runner) : ProcessStep(exec_declaration(), runner) {}

 private:
  std::vector<std::string> argv(const Value&) const override { return {"log"}; }
  std::vector<std::string> argv_from(const Value&, const std::string& position) const override {
    return position.empty() ? std::vector<std::string>{"log"} : std::vector<std::string>{"log", "--since=" + position};
  }
  FollowedLine followed_line(std::string_view line, const std::string& position) const override {
    const std::string number(line.substr(0, line.find(' ')));
    const bool is_known = number <= position;
    return {std::string(line.substr(number.size() + 1)), is_known ? position : number, is_known};
  }
};

StepContext following(const std::string& until, const std::string& fail_on = "", const std::string& position = "") {
  ::signal(SIGPIPE, SIG_IGN);
  StepContext context;
  context.n = 7;
  context.params = object({{"argv", List{"log"}}});
  context.following = Following{until, fail_on, position};
  return context;
}

Outcome followed(WritingRunner& runner, const StepContext& context) { return make_exec(&runner)->run(context); }

std::string told(const Outcome& outcome) {
  if (!outcome.said) return "nothing";
  const char* word = outcome.said->fails                         ? "fails: "
                     : outcome.said->answer == Said::Answer::yes ? "yes: "
                     : outcome.said->answer == Said::Answer::no  ? "no: "
                                                                 : "can't tell: ";
  return word + outcome.said->says;
}

std::string told(std::vector<std::string> pieces, const StepContext& context) {
  WritingRunner runner;
  runner.pieces = std::move(pieces);
  return told(followed(runner, context));
}

}  // namespace

TEST_CASE("the first line that matches is the yes, and the result; the process is ended") {
  WritingRunner runner;
  runner.goes_on = true;
  runner.pieces = {"star", "ting\nit has start", "ed now\r\nit has started again\n"};
  const Outcome outcome = followed(runner, following("has started"));
  CHECK(told(outcome) == "yes: it has started now");
  CHECK(outcome.result == object({{"stdout", "it has started now"}}));
}

TEST_CASE("a pattern is searched in each line alone, and its ends are those of the line") {
  CHECK(told({"xstarted\nstartedx\nstarted\n"}, following("^started$")) == "yes: started");
  CHECK(told({"is\nup\n"}, following("is[^x]up")) == "no: the stream ended, and no line matched (the last line: up)");
  CHECK(told({"up"}, following("up")) == "yes: up");
  CHECK(told({}, following("^$")) == "no: the stream ended, and no line matched");
  CHECK(told({"\n"}, following("^$")) == "yes: ");
}

TEST_CASE("fail_on comes first, line by line") {
  CHECK(told({"error\nstarted\n"}, following("started", "error")) == "fails: fail_on matches: error");
  CHECK(told({"started\nerror\n"}, following("started", "error")) == "yes: started");
  CHECK(told({"started with an error\n"}, following("started", "error")) == "fails: fail_on matches: started with an error");
}

TEST_CASE("a stream that ended badly says how, with the last that it wrote") {
  WritingRunner runner;
  runner.exit.number = 3;
  runner.exit.output = "one\nerror: refused\n";
  CHECK(told(followed(runner, following("up"))) == "no: the stream ended: it exited with 3 (the last line: error: refused)");
  runner.exit.kind = Exit::Kind::lost;
  CHECK(told(followed(runner, following("up"))) == "nothing");
}

TEST_CASE("what could not be begun says nothing about the stream, and what matched counts however the process ended") {
  WritingRunner runner;
  runner.exit.kind = Exit::Kind::not_started;
  runner.exit.why = "there is no program `log`";
  const Outcome outcome = followed(runner, following("up"));
  CHECK(told(outcome) == "nothing");
  CHECK(outcome.kind == Outcome::Kind::not_started);
  runner.exit.kind = Exit::Kind::lost;
  runner.pieces = {"up\n"};
  CHECK(told(followed(runner, following("up"))) == "yes: up");
}

TEST_CASE("a pattern that is none starts nothing") {
  WritingRunner runner;
  CHECK(followed(runner, following("(")).kind == Outcome::Kind::not_started);
  CHECK(runner.asked.argv.empty());
}

TEST_CASE("secrets are masked before anything is matched, wherever they are cut") {
  StepContext context = following("password (.*)hunter22", "ok$");
  context.secrets = {"hunter22"};
  CHECK(told({"password hun", "ter", "22 ok\n"}, context) == "fails: fail_on matches: password [secret] ok");
  CHECK(told({"password hunter2"}, context) == "no: the stream ended, and no line matched (the last line: password hunter2)");
}

TEST_CASE("of a long line the beginning is looked at, and the next line is whole again") {
  const std::string most(longest_followed_line - 2, 'x');
  CHECK(told({most + "up" + most + "\n"}, following("up$")).rfind("yes: xxx", 0) == 0);
  CHECK(told({most + "xxup\n", "down\n"}, following("up$")) ==
        "no: the stream ended, and no line matched (the last line: down)");
  std::vector<std::string> pieces(160, std::string(65'536, 'y'));
  pieces.emplace_back("\nup\n");
  CHECK(told(pieces, following("^up$")) == "yes: up");
}

TEST_CASE("a type takes a stream up where the last look stopped, and passes over what that has had") {
  WritingRunner runner;
  NumberedLog log(&runner);
  runner.pieces = {"1 starting\n2 still starting\n"};
  Outcome outcome = log.run(following("started"));
  CHECK(outcome.position == "2");
  CHECK(runner.asked.argv == std::vector<std::string>{"log"});
  runner.pieces = {"2 still starting\n3 hm\n"};
  outcome = log.run(following("started", "still", outcome.position));
  CHECK(runner.asked.argv == std::vector<std::string>{"log", "--since=2"});
  CHECK(told(outcome) == "no: the stream ended, and no line matched (the last line: hm)");
  CHECK(outcome.position == "3");
  runner.pieces = {};
  CHECK(log.run(following("started", "", "3")).position == "3");
}
