#include "os/terminal_relay.h"

#include <sys/ioctl.h>

#include <map>
#include <mutex>
#include <thread>

#include "engine.h"
#include "os/screen_modes.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

TerminalShape plain_shape() {
  TerminalShape shape;
  Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  shape.modes = TerminalShape::of(master.get()).value().modes;
  shape.size = {24, 80, 0, 0};
  return shape;
}

termios modes_of(int fd) { return TerminalShape::of(fd).value().modes; }

// Until that has come; gives all that has.
std::string read_until(int fd, const std::string& wanted) {
  std::string all;
  until(wanted + " on the screen", [&] {
    char buffer[4096];
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count > 0) all.append(buffer, static_cast<std::size_t>(count));
    return has(all, wanted);
  });
  return all;
}

void type(int fd, const std::string& keys) {
  must(::write(fd, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()), "it was typed");
}

// A person at a terminal that is this process's own.
class Person : public TerminalLender {
 public:
  Person() : terminal_(plain_shape()) {
    must(::setsid() > 0, "a session of its own");
    ::signal(SIGHUP, SIG_IGN);  // the story ends with its terminal
    end_ = Fd(::open(terminal_.path().c_str(), O_RDWR | O_CLOEXEC));
    before_ = modes_of(end_.get());
  }
  int keyboard() const { return terminal_.master(); }
  bool is_as_it_was() const { return are_same(modes_of(end_.get()), before_); }
  void resize(unsigned short rows, unsigned short columns) const {
    const winsize size{rows, columns, 0, 0};
    ::ioctl(terminal_.master(), TIOCSWINSZ, &size);
  }

  void take() override { ++taken; }
  void give_back() override {
    must(is_as_it_was(), "it is given back as it was");
    --taken;
  }
  Choice escaped(const std::string& step, std::stop_token stop) override {
    was_as_it_was = is_as_it_was();
    {
      std::lock_guard lock(mutex_);
      asked_about_ = step;
    }
    ++escapes;
    while (is_thinking && !stop.stop_requested()) ::usleep(1'000);
    return choice;
  }
  void stop(std::int64_t n) override { stopped = n; }
  void lost() override { was_lost = true; }

  std::atomic<int> taken = 0, escapes = 0;
  std::atomic<bool> was_as_it_was = false, is_thinking = false, was_lost = false;
  std::atomic<std::int64_t> stopped = 0;
  std::atomic<Choice> choice = Choice::go_back;
  std::string asked_about() {
    std::lock_guard lock(mutex_);
    return asked_about_;
  }

 private:
  std::mutex mutex_;
  std::string asked_about_;
  PseudoTerminal terminal_;
  Fd end_;
  termios before_{};
};

// The terminal of a step, and the step at its other end.
struct Step {
  PseudoTerminal terminal{plain_shape()};
  Fd end{::open(terminal.path().c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
  Step() {
    const termios raw = raw_modes(modes_of(end.get()));
    ::tcsetattr(end.get(), TCSANOW, &raw);
  }
  Fd master() const { return Fd(::fcntl(terminal.master(), F_DUPFD_CLOEXEC, 0)); }
};

}  // namespace

TEST_CASE("the escape is found in each of the forms in which a terminal reports it") {
  CHECK(find_escape("abc") == std::string_view::npos);
  CHECK(find_escape("ab\x1d"
                    "c") == 2);
  CHECK(find_escape("a\x1b[93;5u") == 1);
  CHECK(find_escape("\x1b[27;5;93~") == 0);
  CHECK(find_escape("\x1b[A") == std::string_view::npos);
}

TEST_CASE("what a program made of the screen is taken back, and nothing else") {
  ScreenModes modes;
  modes.feed("plain text\n");
  CHECK(modes.undone().empty());
  modes.feed("\x1b[?1049");
  modes.feed("h\x1b[?25l\x1b[?1;2004h\x1b[31mred");
  CHECK(modes.undone() == "\x1b[?1l\x1b[?25h\x1b[?1049l\x1b[?2004l\x1b[0m");
  CHECK(modes.redone() == "\x1b[?1h\x1b[?25l\x1b[?1049h\x1b[?2004h");
  modes.feed("\x1b[0m\x1b[?2004;1l\x1b[?25h\x1b[?1049l");
  CHECK(modes.undone().empty());
  modes.feed("half a line");
  CHECK(modes.undone() == "\n");
  modes.feed("\n\x1b[>1u\x1b[>4;2m\x1b=");
  CHECK(modes.undone() == "\x1b[<u\x1b[>4;0m\x1b>");
}

TEST_CASE("the terminal is raw for a while, and is then what it was") {
  PseudoTerminal terminal(plain_shape());
  Fd end(::open(terminal.path().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  const termios before = modes_of(end.get());
  {
    const RawTerminal raw(end.get());
    CHECK((modes_of(end.get()).c_lflag & (ICANON | ECHO | ISIG)) == 0);
  }
  CHECK(are_same(modes_of(end.get()), before));
}

TEST_CASE("a terminal whose engine died is restored, unless somebody has set it meanwhile") {
  PseudoTerminal terminal(plain_shape());
  Fd end(::open(terminal.path().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  const termios before = modes_of(end.get()), raw = raw_modes(before);
  const BorrowedTerminal borrowed(Fd(::fcntl(end.get(), F_DUPFD_CLOEXEC, 0)));
  ::tcsetattr(end.get(), TCSANOW, &raw);
  borrowed.restore();
  CHECK(are_same(modes_of(end.get()), before));
  termios of_a_shell = raw;
  of_a_shell.c_lflag |= ISIG;
  ::tcsetattr(end.get(), TCSANOW, &of_a_shell);
  borrowed.restore();
  CHECK(are_same(modes_of(end.get()), of_a_shell));
}

TEST_CASE("keys go to the step and what it writes to the screen, byte for byte") {
  CHECK(told([] {
          Person person;
          Step step;
          TerminalTurn turn(person, 1);
          turn.begin(step.master(), "edit", "what was missed\r\n", TerminalTurn::Beginning::again);
          must(has(read_until(person.keyboard(), "what was missed"), "back at `edit`"), "it says where one is");
          until("the terminal to be raw", [&] { return !person.is_as_it_was(); });
          const std::string keys = "\x03\x1a\x1c\x11\x13\x7f\xff\r\n";
          type(person.keyboard(), keys);
          must(read_until(step.end.get(), keys) == keys, "Ctrl-C, Ctrl-Z, Ctrl-S and the rest are keys");
          type(step.end.get(), "\x1b[1mbold\x1b[0m\r\n");
          read_until(person.keyboard(), "\x1b[1mbold\x1b[0m\r\n");
          person.resize(50, 132);
          until("the size", [&] {
            winsize size{};
            return ::ioctl(step.end.get(), TIOCGWINSZ, &size) == 0 && size.ws_row == 50 && size.ws_col == 132;
          });
          type(step.end.get(), "the last");
          turn.finish(TerminalTurn::Rest::shown);
          read_until(person.keyboard(), "the last\r\n");
          must(person.is_as_it_was(), "and all is as it was");
        }) == "");
}

TEST_CASE("behind the escape the person is asked, and goes back or has the step stopped") {
  CHECK(told([] {
          Person person;
          Step step;
          TerminalTurn turn(person, 7);
          turn.begin(step.master(), "edit", "", TerminalTurn::Beginning::first);
          until("the terminal to be raw", [&] { return !person.is_as_it_was(); });
          type(person.keyboard(),
               "ab\x1d"
               "cd");
          until("the question", [&] { return person.escapes == 1; });
          must(person.was_as_it_was && person.asked_about() == "edit" && person.stopped == 0, "asked on a sane terminal");
          until("the terminal to be raw again", [&] { return !person.is_as_it_was(); });
          person.choice = TerminalLender::Choice::stop_step;
          type(person.keyboard(), "ef\x1b[93;5u");
          until("the step to be stopped", [&] { return person.stopped == 7; });
          must(read_until(step.end.get(), "abef") == "abef", "what was typed behind it is for nobody");
        }) == "");
}

TEST_CASE("a step that reads nothing can be left") {
  CHECK(told([] {
          Person person;
          Step step;
          TerminalTurn turn(person, 1);
          turn.begin(step.master(), "deaf", "", TerminalTurn::Beginning::first);
          until("the terminal to be raw", [&] { return !person.is_as_it_was(); });
          std::thread pasting([&] {
            for (int i = 0; i < 40; ++i) {
              const std::string keys(1000, 'x');
              for (std::size_t at = 0; at < keys.size();) {
                const ssize_t count = ::write(person.keyboard(), keys.data() + at, keys.size() - at);
                if (count > 0) at += static_cast<std::size_t>(count);
                else ::usleep(1'000);
              }
            }
            while (::write(person.keyboard(), "\x1d", 1) != 1) ::usleep(1'000);
          });
          until("the question", [&] { return person.escapes == 1; });
          pasting.join();
        }) == "");
}

TEST_CASE("the end of the step, or of the engine, ends the question behind the escape") {
  CHECK(told([] {
          Person person;
          Step step;
          person.is_thinking = true;
          {
            TerminalTurn turn(person, 1);
            turn.begin(step.master(), "edit", "", TerminalTurn::Beginning::first);
            until("the terminal to be raw", [&] { return !person.is_as_it_was(); });
            type(person.keyboard(), "\x1d");
            until("the question", [&] { return person.escapes == 1; });
          }
          must(person.is_as_it_was() && person.taken == 0, "given back");
        }) == "");
}
