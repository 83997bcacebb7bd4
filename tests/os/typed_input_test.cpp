#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <string_view>

#include "os/terminal.h"

using namespace runbook;

namespace {

class Terminal {
 public:
  Terminal() {
    int keyboard = -1, screen = -1;
    REQUIRE(::openpty(&keyboard, &screen, nullptr, nullptr, nullptr) == 0);
    keyboard_ = Fd(keyboard);
    screen_ = Fd(screen);
    // As while a line is edited: byte by byte, and Ctrl-C is a signal.
    termios modes{};
    ::tcgetattr(screen, &modes);
    modes.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
    modes.c_lflag |= ISIG;
    ::tcsetattr(screen, TCSANOW, &modes);
  }
  int fd() const { return screen_.get(); }
  void type(std::string_view keys) const {
    REQUIRE(::write(keyboard_.get(), keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
  }

 private:
  Fd keyboard_, screen_;
};

bool is_promised(const TypedInput& input) {
  pollfd typed{input.fd(), POLLIN, 0};
  return ::poll(&typed, 1, 60'000) == 1;
}

// The kernel hands on what is typed in its own time.
bool is_taken_back(const TypedInput& input) {
  pollfd typed{input.fd(), POLLIN, 0};
  for (int i = 0; i < 60'000; ++i) {
    if (::poll(&typed, 1, 0) == 0) return true;
    ::usleep(1'000);
  }
  return false;
}

}  // namespace

TEST_SUITE("os.typed_input") {
  TEST_CASE("Ctrl-C between the promise and the reading leaves nobody waiting") {
    const Terminal terminal;
    const TypedInput input(terminal.fd());
    terminal.type("some words");
    REQUIRE(is_promised(input));
    terminal.type("\x03");
    REQUIRE(is_taken_back(input));
    CHECK_FALSE(input.what_is_there());
    terminal.type("others");
    REQUIRE(is_promised(input));
    CHECK(input.what_is_there() == "others");
  }

  TEST_CASE("whoever shares the terminal still waits for what is typed there") {
    const Terminal terminal;
    const TypedInput input(terminal.fd());
    CHECK((::fcntl(terminal.fd(), F_GETFL) & O_NONBLOCK) == 0);
  }

  TEST_CASE("what is no terminal is read as it is, to its end") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const Fd reading(ends[0]);
    {
      const Fd writing(ends[1]);
      REQUIRE(::write(writing.get(), "line\n", 5) == 5);
    }
    const TypedInput input(reading.get());
    CHECK(input.what_is_there() == "line\n");
    CHECK(input.what_is_there() == "");
  }
}
