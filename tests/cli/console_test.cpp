#include "cli/console.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

using namespace runbook;

namespace {

// A pseudo-terminal; what is written to it is read at once, and kept.
class Terminal {
 public:
  Terminal() {
    int master = -1, slave = -1;
    winsize window{24, 80, 0, 0};
    REQUIRE(::openpty(&master, &slave, nullptr, nullptr, &window) == 0);
    master_ = Fd(master);
    slave_ = Fd(slave);
    ::fcntl(master, F_SETFL, O_NONBLOCK);
  }
  int fd() const { return slave_.get(); }
  int keyboard() const { return master_.get(); }

  void take() {
    char buffer[4096];
    for (ssize_t count = 0; (count = ::read(master_.get(), buffer, sizeof buffer)) > 0;)
      text_.append(buffer, static_cast<std::size_t>(count));
  }
  const std::string& text() {
    take();
    return text_;
  }
  std::string taken() {
    take();
    return std::exchange(text_, {});
  }
  // Waits until that has been written since the last `taken`, and the rest of the same write: a read may come in its midst.
  bool shows(const std::string& wanted) {
    for (int i = 0; i < 30'000; ++i) {
      if (text().find(wanted) != std::string::npos && is_at_rest()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }
  void resize(unsigned short rows, unsigned short columns) {
    winsize window{rows, columns, 0, 0};
    REQUIRE(::ioctl(master_.get(), TIOCSWINSZ, &window) == 0);
  }
  bool echoes() const {
    termios now{};
    ::tcgetattr(slave_.get(), &now);
    return (now.c_lflag & ECHO) != 0;
  }

 private:
  // What draws the region hides the cursor first, and shows it last.
  bool is_at_rest() const {
    const std::size_t hidden = text_.rfind("\x1b[?25l"), shown = text_.rfind("\x1b[?25h");
    return hidden == std::string::npos || (shown != std::string::npos && shown > hidden);
  }

  Fd master_, slave_;
  std::string text_;
};

std::size_t count_of(const std::string& part, const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

template <class Is>
bool until(const Is& is) {
  for (int i = 0; i < 30'000 && !is(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return is();
}

}  // namespace

TEST_CASE("what_is_said_stands_above_the_region_and_the_region_goes_in_the_end") {
  Terminal terminal;
  {
    Console console(terminal.fd());
    console.set_region([](int, int) { return std::vector<std::string>{"one", "two"}; });
    CHECK(terminal.shows("one\x1b[K\r\n\x1b[Ktwo\x1b[K\r\n"));
    terminal.taken();
    console.say("a line");
    CHECK(terminal.shows("\x1b[2A\x1b[Ka line\x1b[K\r\n\x1b[Kone\x1b[K\r\n\x1b[Ktwo\x1b[K\r\n\x1b[J"));
    terminal.taken();
    console.set_region({});
  }
  CHECK(terminal.text() == "\x1b[?25l\r\x1b[2A\x1b[K\r\n\x1b[J\x1b[A\x1b[?25h");
}

TEST_CASE("without_a_region_lines_are_lines") {
  Terminal terminal;
  {
    Console console(terminal.fd());
    console.say("first\nsecond\n");
    console.say("third");
  }
  CHECK(terminal.text() == "first\r\nsecond\r\nthird\r\n");
}

TEST_CASE("only_the_line_that_changed_is_written_and_nothing_where_nothing_did") {
  Terminal terminal;
  std::atomic<int> number{1}, draws{0};
  Console console(terminal.fd());
  console.set_region([&](int, int) {
    ++draws;
    return std::vector<std::string>{"head", "number " + std::to_string(number), "foot"};
  });
  REQUIRE(terminal.shows("foot"));
  terminal.taken();
  number = 2;
  console.changed();
  REQUIRE(terminal.shows("number 2"));
  CHECK(terminal.taken() == "\x1b[?25l\r\x1b[3A\r\n\x1b[Knumber 2\x1b[K\r\n\r\n\x1b[?25h");
  const int before = draws;
  for (int i = 1; i <= 5; ++i) {
    console.changed();
    REQUIRE(until([&] { return draws >= before + i; }));
  }
  CHECK(terminal.text().empty());
}

TEST_CASE("a_thousand_changes_are_no_thousand_writes") {
  Terminal terminal;
  std::atomic<int> number{0}, draws{0};
  Console console(terminal.fd());
  console.set_region([&](int, int) {
    ++draws;
    return std::vector<std::string>{"number " + std::to_string(number)};
  });
  const auto began = std::chrono::steady_clock::now();
  for (int i = 1; i <= 1000; ++i) {
    number = i;
    console.changed();
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  CHECK(terminal.shows("number 1000"));
  const int drawn = draws;  // before the time is taken: it draws on
  const auto passed = std::chrono::steady_clock::now() - began;
  CHECK(drawn <= 3 + passed / std::chrono::milliseconds(100));
}

TEST_CASE("lines_are_cut_to_the_width_and_the_region_to_a_third_of_the_rows") {
  Terminal terminal;
  terminal.resize(24, 20);
  int columns = 0, rows = 0;
  {
    Console console(terminal.fd());
    console.set_region([&](int wide, int high) {
      columns = wide;
      rows = high;
      return std::vector<std::string>(50, std::string(50, 'x'));
    });
    CHECK(terminal.shows("\x1b[J"));
    CHECK(count_of("\r\n", terminal.text()) == 8);
  }
  CHECK(columns == 19);
  CHECK(rows == 8);
  CHECK(terminal.text().find(std::string(20, 'x')) == std::string::npos);
}

TEST_CASE("a_small_terminal_still_shows_four_lines") {
  Terminal terminal;
  terminal.resize(6, 40);
  int rows = 0;
  Console console(terminal.fd());
  console.set_region([&](int, int high) {
    rows = high;
    return std::vector<std::string>{"there"};
  });
  CHECK(terminal.shows("there"));
  console.set_region({});
  CHECK(rows == 4);
}

TEST_CASE("what_a_narrower_terminal_has_wrapped_is_erased_too") {
  Terminal terminal;
  Console console(terminal.fd());
  console.set_region([](int columns, int) {
    return std::vector<std::string>{std::string(static_cast<std::size_t>(std::min(columns, 70)), 'x'), "short"};
  });
  REQUIRE(terminal.shows("short"));
  terminal.taken();
  terminal.resize(24, 30);
  console.changed();
  REQUIRE(terminal.shows("short"));
  CHECK(terminal.text().find("\x1b[4A\x1b[K" + std::string(29, 'x')) != std::string::npos);
}

TEST_CASE("nothing_that_is_said_does_anything_to_the_terminal_but_colour_it") {
  Terminal terminal;
  {
    Console console(terminal.fd());
    console.say("\x1b[32mgreen\x1b[2J\x1b]0;title\a and\tmore");
  }
  CHECK(terminal.text() == "\x1b[32mgreen and more\x1b[0m\r\n");
}

TEST_CASE("hidden_it_is_silent_until_it_is_revealed") {
  Terminal terminal;
  Console console(terminal.fd());
  console.set_region([](int, int) { return std::vector<std::string>{"region"}; });
  REQUIRE(terminal.shows("region"));
  CHECK_FALSE(terminal.echoes());
  console.say("before");
  console.hide({});
  CHECK(terminal.echoes());
  const std::string hidden = terminal.taken();
  CHECK(hidden.find("before") != std::string::npos);
  CHECK(hidden.rfind("region") < hidden.rfind("\x1b[J"));
  console.say("meanwhile");
  console.changed();
  CHECK(terminal.text().empty());
  console.reveal();
  CHECK(terminal.shows("meanwhile\x1b[K\r\n\x1b[Kregion\x1b[K\r\n"));
}

TEST_CASE("who_types_is_told_what_is_said") {
  Terminal terminal;
  Console console(terminal.fd());
  std::mutex mutex;
  std::string told;
  const auto has = [&](const std::string& text) {
    std::lock_guard lock(mutex);
    return told == text;
  };
  console.hide([&](const std::string& text) {
    std::lock_guard lock(mutex);
    told += text;
  });
  console.say("first");
  console.hide({});
  console.say("second");
  CHECK(until([&] { return has("first\nsecond\n"); }));
  console.reveal();
  console.reveal();
  console.say("third");
  CHECK(terminal.shows("third\r\n"));
  CHECK(has("first\nsecond\n"));
}

TEST_CASE("a_stopped_terminal_holds_nobody_up_and_shows_all_when_it_goes_on") {
  Terminal terminal;
  Console console(terminal.fd());
  std::atomic<int> number{0};
  console.set_region([&](int, int) { return std::vector<std::string>{"number " + std::to_string(number)}; });
  REQUIRE(terminal.shows("number 0"));
  REQUIRE(::tcflow(terminal.fd(), TCOOFF) == 0);
  for (int i = 0; i < 2000; ++i) {
    console.say("line " + std::to_string(i) + " " + std::string(100, '.'));
    number = i;
    console.changed();
  }
  CHECK(terminal.text().find("line 1999") == std::string::npos);
  REQUIRE(::tcflow(terminal.fd(), TCOON) == 0);
  CHECK(terminal.shows("line 1999"));
  CHECK(terminal.shows("number 1999"));
}

TEST_CASE("the_end_does_not_wait_for_a_terminal_that_stays_stopped") {
  Terminal terminal;
  auto console = std::make_unique<Console>(terminal.fd());
  REQUIRE(::tcflow(terminal.fd(), TCOOFF) == 0);
  console->say("never seen");
  console.reset();
  REQUIRE(::tcflow(terminal.fd(), TCOON) == 0);
}
