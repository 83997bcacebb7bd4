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
  RawEngine engine{seed.grow(folder.path())};
  Scene() {
    engine.say_hello(1);
    engine.hear_table();
  }
  void begin(std::int64_t n, const std::string& script) const {
    Command command = shell(folder.path(), script);
    command.tty = command.hides_output = true;
    command.step = "edit";
    command.grace_ms = 2'000;
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

Fd borrow(RawEngine& engine, std::int64_t n) {
  engine.say(protocol::lend(n));
  must(engine.hear() && engine.kind() == protocol::Kind::terminal && engine.number() == n, "an answer came");
  return engine.take_file();
}

std::string read_until(int fd, const std::string& wanted) {
  std::string all;
  until(wanted, [&] {
    char buffer[4096];
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count > 0) all.append(buffer, static_cast<std::size_t>(count));
    return has(all, wanted);
  });
  return all;
}

}  // namespace

TEST_CASE("a step with a terminal leads a session of its own that has it, in the person's size, and writes into no spool") {
  CHECK(told([] {
          Scene scene;
          scene.engine.say(protocol::lend(1));
          scene.begin(
              1, "stty size; tty < /dev/tty > /dev/null && echo a tty; read -r name; echo \"name=$name\" >> $RUNBOOK_OUTPUT");
          must(scene.engine.hear() && scene.engine.kind() == protocol::Kind::terminal, "an answer came");
          Fd terminal = scene.engine.take_file();
          must(terminal && lent_of(scene.engine).step == "edit", "it is lent, and named");
          must(has(read_until(terminal.get(), "a tty"), "40 120"), "of the person's size from the beginning");
          must(::write(terminal.get(), "ada\n", 4) == 4, "typed");
          must(scene.engine.hear_end_of(1) == protocol::Kind::exit, "it ended");
          must(!fs::exists(scene.folder / "1.spool"), "nothing is recorded");
          const AttemptLog log = read_attempt_log(scene.folder.path());
          must(log.attempts.at(1).status == 0 && log.attempts.at(1).output_total == 0, "but how it ended");
        }) == "");
}

TEST_CASE("without its engine a step with a terminal goes on, and who comes next gets the last that it wrote") {
  CHECK(told([] {
          Scene scene;
          scene.begin(1, "seq 1 100000; echo the last; read -r name; test \"$name\" = ada");
          must(borrow(scene.engine, 1).get() >= 0, "it is lent");
          scene.engine.hang_up();
          RawEngine next = RawEngine::connected_to(scene.folder.path());
          next.say_hello(2, {1});
          must(next.hear_table().entries.at(0).has_terminal, "the table tells of the terminal");
          Fd terminal = borrow(next, 1);
          const std::string missed = lent_of(next).missed;
          must(missed.size() <= 8 << 10, "a screen or two");
          if (!has(missed, "the last")) read_until(terminal.get(), "the last");
          must(::write(terminal.get(), "ada\n", 4) == 4, "typed");
          must(next.hear_end_of(1) == protocol::Kind::exit, "it ended");
          must(read_attempt_log(scene.folder.path()).attempts.at(1).status == 0, "well");
        }) == "");
}

TEST_CASE("a terminal that was asked for beforehand comes before the end of the step, and none after it") {
  CHECK(told([] {
          Scene scene;
          scene.engine.say(protocol::lend(1));
          scene.begin(1, "echo all of it");
          must(scene.engine.hear() && scene.engine.kind() == protocol::Kind::terminal, "first the terminal");
          Fd terminal = scene.engine.take_file();
          must(scene.engine.hear_end_of(1) == protocol::Kind::exit, "then its end");
          read_until(terminal.get(), "all of it");
          must(!borrow(scene.engine, 1), "that of one that has ended is not lent");
        }) == "");
}

TEST_CASE("a shell with a terminal that takes no SIGTERM is hung up on before it is killed") {
  CHECK(told([] {
          Scene scene;
          scene.engine.say(protocol::lend(1));
          scene.begin(1, "trap '' TERM; trap 'echo > hung; exit 3' HUP; echo ready; while :; do sleep 0.01; done");
          must(scene.engine.hear() && scene.engine.kind() == protocol::Kind::terminal, "an answer came");
          Fd terminal = scene.engine.take_file();
          read_until(terminal.get(), "ready");
          scene.engine.say(protocol::cancel(1));
          must(scene.engine.hear_end_of(1) == protocol::Kind::exit, "it ended");
          const LoggedAttempt attempt = read_attempt_log(scene.folder.path()).attempts.at(1);
          must(fs::exists(scene.folder / "hung") && !attempt.ended_by_signal && attempt.status == 3, "as it wanted to");
          must(attempt.was_cancelled, "by whoever stopped it");
        }) == "");
}
