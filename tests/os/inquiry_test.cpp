#include "os/inquiry.h"

#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <stop_token>
#include <thread>

#include "world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

constexpr std::int64_t an_hour_ms = 3'600'000;

Reply ask_shell(const std::string& script, const std::filesystem::path& dir = "/",
                std::optional<std::int64_t> timeout_ms = {}) {
  return inquire({{"sh", "-c", script}, dir, timeout_ms, Inquiry::Errors::kept});
}

}  // namespace

TEST_CASE("what a program prints is its answer") {
  const Reply reply = ask_shell("echo one; echo two >&2; echo three");
  CHECK(reply.is_good());
  CHECK(reply.out == "one\nthree\n");
  CHECK(reply.err == "two\n");
}

TEST_CASE("it runs in its folder, and a path starts there") {
  TestFolder folder;
  std::ofstream(folder / "tool") << "#!/bin/sh\npwd\n";
  std::filesystem::permissions(folder / "tool", std::filesystem::perms::owner_all);
  CHECK(inquire({{"./tool"}, folder.path(), {}, Inquiry::Errors::kept}).out == folder.path().string() + "\n");
}

TEST_CASE("its standard input is empty") { CHECK(ask_shell("cat; echo end").out == "end\n"); }

TEST_CASE("how it ended is told") {
  CHECK(why_no_reply(ask_shell("exit 3")) == "exited with 3");
  CHECK(why_no_reply(ask_shell("kill -TERM $$")) == "was ended by signal 15");
  CHECK(why_no_reply(inquire({{"no-such-program"}, "/", {}, Inquiry::Errors::kept})) ==
        "can't be started: No such file or directory");
}

TEST_CASE("one that does not answer in time is killed with all that it started") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);  // inherited: at its end when nobody lives who has it
  const Reply reply = ask_shell("sleep 3600 & wait", "/", 500);
  ::close(ends[1]);
  char byte = 0;
  CHECK(::read(ends[0], &byte, 1) == 0);
  ::close(ends[0]);
  CHECK(reply.kind == Reply::Kind::timed_out);
}

TEST_CASE("one that prints without end is killed") {
  const Reply reply = ask_shell("yes", "/", an_hour_ms);
  CHECK(reply.kind == Reply::Kind::too_long);
  CHECK(reply.out.size() > reply_limit);
}

TEST_CASE("what it leaves running does not keep its answer") {
  TestFolder folder;
  const Reply reply = ask_shell("sleep 3600 & echo $! > child; echo done", folder.path(), an_hour_ms);
  std::ifstream child(folder / "child");
  pid_t pid = 0;
  child >> pid;
  REQUIRE(pid > 0);
  ::kill(pid, SIGKILL);
  CHECK(reply.is_good());
  CHECK(reply.out == "done\n");
}

TEST_CASE("one whose answer nobody waits for any more is killed with all that it started") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  TestFolder folder;
  std::stop_source source;
  std::jthread stopper([&] {
    while (!std::filesystem::exists(folder / "began")) std::this_thread::yield();
    source.request_stop();
  });
  const Reply reply = inquire({{"sh", "-c", "sleep 3600 & > began; wait"},
                               folder.path(),
                               an_hour_ms,
                               Inquiry::Errors::kept,
                               {},
                               {},
                               source.get_token()});
  ::close(ends[1]);
  char byte = 0;
  CHECK(::read(ends[0], &byte, 1) == 0);
  ::close(ends[0]);
  CHECK(why_no_reply(reply) == "was ended by signal 9");
}
