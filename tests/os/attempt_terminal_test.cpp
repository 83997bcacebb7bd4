#include <sys/ioctl.h>

#include "engine.h"
#include "os/pseudo_terminal.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

// An engine and its supervisor, of which the engine asks for terminals.
struct Scene {
  TestFolder folder;
  SupervisorSeed seed = SupervisorSeed::plant();
  RawEngine engine = RawEngine::greeted(seed.grow(folder.path(), 0));
  void begin(std::int64_t n, const std::string& script) const {
    Command command = shell(folder.path(), script);
    command.tty = command.hides_output = true;
    command.step = "edit";
    command.grace_ms = 20'000;  // it is hung up on after a fifth of it, and needs time to take that
    engine.say_spawn(1, n, command, "/bin/sh", shape().bytes());
  }
  static TerminalShape shape() {
    TerminalShape shape;
    Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    shape.modes = TerminalShape::of(master.get()).value().modes;
    shape.size = {40, 120, 0, 0};
    return shape;
  }
};

protocol::Lent lent_of(const RawEngine& engine) {
  WireReader reader(engine.bytes());
  protocol::read_kind(reader);
  return protocol::read_terminal(reader);
}

struct Borrowed {
  Fd terminal;
  std::string written;  // so far

  void read_until(const std::string& wanted) {
    until(wanted, [&] {
      char buffer[4096];
      const ssize_t count = ::read(terminal.get(), buffer, sizeof buffer);
      if (count > 0) written.append(buffer, static_cast<std::size_t>(count));
      return has(written, wanted);
    });
  }
  void type(const std::string& keys) const {
    must(::write(terminal.get(), keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()), "typed");
  }
};

Borrowed hear_terminal(RawEngine& engine, std::int64_t n) {
  must(engine.hear() && engine.kind() == protocol::Kind::terminal && engine.number() == n, "an answer came");
  return {engine.take_file(), lent_of(engine).missed};
}

Borrowed borrow(RawEngine& engine, std::int64_t n) {
  engine.say(protocol::lend(n));
  return hear_terminal(engine, n);
}

}  // namespace

TEST_CASE("a step with a terminal leads a session of its own that has it, in the person's size, and writes into no spool") {
  CHECK(told([] {
          Scene scene;
          scene.engine.say(protocol::lend(1));
          scene.begin(
              1, "stty size; tty < /dev/tty > /dev/null && echo a tty; read -r name; echo \"name=$name\" >> $RUNBOOK_OUTPUT");
          Borrowed borrowed = hear_terminal(scene.engine, 1);
          must(borrowed.terminal && lent_of(scene.engine).step == "edit", "it is lent, and named");
          borrowed.read_until("a tty");
          must(has(borrowed.written, "40 120"), "of the person's size from the beginning");
          borrowed.type("ada\n");
          must(scene.engine.hear_end_of(1) == protocol::Kind::exit, "it ended");
          must(!fs::exists(scene.folder / "1.spool"), "nothing is recorded");
          const AttemptLog log = read_attempt_log(scene.folder.path());
          must(log.attempts.at(1).status == 0 && log.attempts.at(1).output_total == 0, "but how it ended");
        }) == "");
}

TEST_CASE("without its engine a step with a terminal goes on, and who comes next gets the last that it wrote") {
  CHECK(told([] {
          Scene scene;
          scene.begin(1,
                      "until test -e go; do sleep 0.01; done; seq 1 100000; echo the last; touch written; "
                      "read -r name; test \"$name\" = ada");
          must(borrow(scene.engine, 1).terminal.get() >= 0, "it is lent");
          scene.engine.hang_up();
          write_text(scene.folder / "go", "");  // or the first could be given what the second waits for
          until("it goes on", [&] { return fs::exists(scene.folder / "written"); });
          RawEngine next = RawEngine::connected_to(scene.folder.path());
          next.say_hello(2, {1});
          must(next.hear_table().entries.at(0).has_terminal, "the table tells of the terminal");
          Borrowed borrowed = borrow(next, 1);
          must(borrowed.written.size() <= 8 << 10, "a screen or two");
          borrowed.read_until("the last");
          borrowed.type("ada\n");
          must(next.hear_end_of(1) == protocol::Kind::exit, "it ended");
          must(read_attempt_log(scene.folder.path()).attempts.at(1).status == 0, "well");
        }) == "");
}

TEST_CASE("a terminal that was asked for beforehand comes before the end of the step, and none after it") {
  CHECK(told([] {
          Scene scene;
          scene.engine.say(protocol::lend(1));
          scene.begin(1, "echo all of it");
          Borrowed borrowed = hear_terminal(scene.engine, 1);
          must(borrowed.written.empty(), "nobody has read what it writes");
          must(scene.engine.hear_end_of(1) == protocol::Kind::exit, "then its end");
          borrowed.read_until("all of it");
          must(!borrow(scene.engine, 1).terminal, "that of one that has ended is not lent");
        }) == "");
}

TEST_CASE("the first that a step writes is there when its engine reads, however late that is") {
  CHECK(told([] {
          Scene scene;
          constexpr int refused = 600;  // more than a socket holds
          for (int n = 2; n < refused; ++n) scene.engine.say_spawn(1, n, shell(scene.folder.path(), "true"), "/nonexistent");
          scene.engine.say(protocol::lend(1));
          scene.begin(1, "touch began; seq 1 20000; echo the last");
          until("it began", [&] { return fs::exists(scene.folder / "began"); });
          while (scene.engine.hear() && scene.engine.kind() != protocol::Kind::terminal) {
          }
          Borrowed borrowed{scene.engine.take_file(), lent_of(scene.engine).missed};
          borrowed.read_until("the last");
          must(borrowed.written.starts_with("1\r\n2\r\n3\r\n"), "from its first line");
          must(has(borrowed.written, "\r\n10000\r\n"), "and all between");
        }) == "");
}

TEST_CASE("a shell with a terminal that takes no SIGTERM is hung up on before it is killed") {
  CHECK(told([] {
          Scene scene;
          scene.engine.say(protocol::lend(1));
          scene.begin(1, "trap '' TERM; trap 'echo > hung; exit 3' HUP; echo ready; while :; do sleep 0.01; done");
          hear_terminal(scene.engine, 1).read_until("ready");
          scene.engine.say(protocol::cancel(1));
          must(scene.engine.hear_end_of(1) == protocol::Kind::exit, "it ended");
          const LoggedAttempt attempt = read_attempt_log(scene.folder.path()).attempts.at(1);
          must(fs::exists(scene.folder / "hung") && !attempt.ended_by_signal && attempt.status == 3, "as it wanted to");
          must(attempt.was_cancelled, "by whoever stopped it");
        }) == "");
}
