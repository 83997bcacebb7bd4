#include "os/attempt_log.h"

#include "base/digest.h"
#include "world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

using State = LoggedAttempt::State;

void append_all(const TestFolder& folder, const std::vector<std::string>& lines) {
  AttemptLogWriter log(folder.path(), 0);
  for (const auto& line : lines) REQUIRE(log.append(line));
}

}  // namespace

TEST_CASE("a log that is not there says so") {
  TestFolder folder;
  AttemptLog log = read_attempt_log(folder.path());
  CHECK_FALSE(log.exists);
  CHECK(log.greatest() == 0);
}

TEST_CASE("each kind of line is understood") {
  TestFolder folder;
  append_all(folder, {"S 1 10 aa", "P 1 100 5000", "E 1 code 3 77 beef", "S 2 11 bb", "N 2", "S 3 12 cc", "P 3 101 5001", "T 3",
                      "E 3 signal 9 0 00", "S 4 13 dd", "P 4 102 5002", "C 4", "S 7 14 ee", "S 8 15 ff leaves", "P 8 103 5003",
                      "L 8 104 5004", "L 8 105 5005", "E 8 code 0 0 -"});
  AttemptLog log = read_attempt_log(folder.path());
  CHECK(log.exists);
  CHECK(log.last_world == this_world());
  CHECK(log.last_seq == 15);
  CHECK(log.last_hash == "ff");
  CHECK(log.greatest() == 8);
  CHECK(log.names_one_that_leaves());
  const LoggedAttempt& first = log.attempts.at(1);
  CHECK(first.state == State::ended);
  CHECK(first.process.pid == 100);
  CHECK_FALSE(first.leaves);
  CHECK(first.left.empty());
  const LoggedAttempt& last = log.attempts.at(8);
  CHECK(last.state == State::ended);
  CHECK(last.leaves);
  REQUIRE(last.left.size() == 2);
  CHECK(last.left[1].pid == 105);
  CHECK(last.left[1].start_time == 5005);
  CHECK(first.process.start_time == 5000);
  CHECK(first.status == 3);
  CHECK_FALSE(first.ended_by_signal);
  CHECK(first.output_total == 77);
  CHECK(first.output_sha256 == "beef");
  CHECK(log.attempts.at(2).state == State::not_started);
  CHECK(log.attempts.at(3).has_timed_out);
  CHECK(log.attempts.at(3).ended_by_signal);
  CHECK(log.attempts.at(3).status == 9);
  CHECK(log.attempts.at(4).was_cancelled);
  CHECK(log.attempts.at(4).state == State::running);
  CHECK(log.attempts.at(7).state == State::announced);
  CHECK(log.attempts.at(7).world == this_world());
}

TEST_CASE("a log is private") {
  TestFolder folder;
  append_all(folder, {});
  struct stat info {};
  REQUIRE(::stat((folder / "log").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("wherever the last line is torn, the lines before it count and the next ones are not harmed") {
  TestFolder folder;
  append_all(folder, {"S 1 10 aa", "P 1 100 5000"});
  std::string before = text_of(folder / "log");
  append_all(folder, {});
  { AttemptLogWriter(folder.path(), 0).append("E 1 code 0 5 beef"); }
  std::string line = text_of(folder / "log");
  line = line.substr(line.rfind("E 1"));
  for (std::size_t size = 0; size < line.size(); ++size) {
    write_text(folder / "log", before + line.substr(0, size));
    bool is_complete = size == line.size() - 1;  // all but the newline
    State expected = is_complete ? State::ended : State::running;
    CHECK(read_attempt_log(folder.path()).attempts.at(1).state == expected);
    CHECK_FALSE(read_attempt_log(folder.path()).is_damaged);
    append_all(folder, {"S 2 11 bb"});
    AttemptLog log = read_attempt_log(folder.path());
    CHECK(log.attempts.at(1).state == expected);
    CHECK(log.attempts.at(2).state == State::announced);
    CHECK_FALSE(log.is_damaged);
  }
}

TEST_CASE("a flipped byte loses its line, which is noticed, and no other") {
  TestFolder folder;
  append_all(folder, {"S 1 10 aa", "P 1 100 5000", "S 2 11 bb"});
  std::string sound = text_of(folder / "log");
  std::size_t begin = sound.find("P 1"), end = sound.find("S 2");
  for (std::size_t at = begin; at < end - 1; ++at) {
    std::string bytes = sound;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x01);
    write_text(folder / "log", bytes);
    AttemptLog log = read_attempt_log(folder.path());
    CHECK(log.is_damaged);
    CHECK(log.attempts.at(1).state == State::announced);
    CHECK(log.attempts.at(2).state == State::announced);
    CHECK(log.attempts.size() == 2);
  }
}

TEST_CASE("an attempt whose announcement was lost is still known to run, and where") {
  TestFolder folder;
  append_all(folder, {"S 1 10 aa", "P 1 100 5000"});
  std::string bytes = text_of(folder / "log");
  bytes[bytes.find("S 1") + 2] = '7';
  write_text(folder / "log", bytes);
  const LoggedAttempt attempt = read_attempt_log(folder.path()).attempts.at(1);
  CHECK(attempt.state == State::running);
  CHECK(attempt.world == this_world());
}

TEST_CASE("two supervisors, one after the other and at once, harm no line of each other") {
  TestFolder folder;
  AttemptLogWriter first(folder.path(), 0);
  REQUIRE(first.append("S 1 10 aa"));
  AttemptLogWriter second(folder.path(), 0);
  for (int n = 2; n < 200; n += 2) {
    REQUIRE(first.append("S " + std::to_string(n) + " 1 a"));
    REQUIRE(second.append("S " + std::to_string(n + 1) + " 1 a"));
  }
  AttemptLog log = read_attempt_log(folder.path());
  CHECK(log.attempts.size() == 199);
  CHECK_FALSE(log.is_damaged);
}

TEST_CASE("attempts belong to the world of the supervisor that announced them") {
  TestFolder folder;
  std::string header = "H other-boot 4026531836";
  write_text(folder / "log", header + " " + "00000000\n");
  append_all(folder, {"S 5 1 a"});
  CHECK(read_attempt_log(folder.path()).attempts.at(5).world == this_world());
}

TEST_CASE("the journal's place is the greatest that was named") {
  TestFolder folder;
  append_all(folder, {"S 2 12 bb", "S 1 10 aa"});
  CHECK(read_attempt_log(folder.path()).last_seq == 12);
  CHECK(read_attempt_log(folder.path()).last_hash == "bb");
}

TEST_CASE("a line that did not fit on the disk spoils no later one") {
  CHECK(told([] {
          TestFolder folder;
          ::signal(SIGXFSZ, SIG_IGN);
          AttemptLogWriter log(folder.path(), 0);
          auto size = fs::file_size(folder / "log");
          for (rlim_t room = 0; room < 24; ++room) {
            rlimit limit{size + room, RLIM_INFINITY};
            must(::setrlimit(RLIMIT_FSIZE, &limit) == 0, "the limit was set");
            must(!log.append("S 5 12345 0123456789abcdef"), "there was no room");
            limit.rlim_cur = RLIM_INFINITY;
            must(::setrlimit(RLIMIT_FSIZE, &limit) == 0, "the limit was lifted");
            must(log.append("S " + std::to_string(100 + room) + " 1 a"), "there is room again");
            size = fs::file_size(folder / "log");
            AttemptLog read = read_attempt_log(folder.path());
            must(read.attempts.count(100 + static_cast<std::int64_t>(room)) == 1, "the later line counts");
            must(read.attempts.count(5) == 0, "the torn one does not");
            must(!read.is_damaged, "a torn line is no damage");
          }
        }) == "");
}

TEST_CASE("a log that can't be read is not taken for one that is missing") {
  TestFolder folder;
  CHECK_FALSE(read_attempt_log(folder.path()).exists);
  fs::create_directory(folder / "log");
  try {
    read_attempt_log(folder.path());
    FAIL("it was read");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::journal);
    CHECK(std::string(error.what()).find((folder / "log").string()) != std::string::npos);
    CHECK_FALSE(error.hint().empty());
  }
}

// What it would announce after a restart of the machine would count as begun before it.
TEST_CASE("a supervisor that can't name its world in the log does not begin") {
  CHECK(told([] {
          TestFolder folder;
          ::signal(SIGXFSZ, SIG_IGN);
          append_all(folder, {"S 1 10 aa"});
          const auto size = fs::file_size(folder / "log");
          for (const rlim_t room : {rlim_t{0}, rlim_t{20}}) {
            rlimit limit{size + room, RLIM_INFINITY};
            must(::setrlimit(RLIMIT_FSIZE, &limit) == 0, "the limit was set");
            bool has_begun = true;
            try {
              AttemptLogWriter log(folder.path(), 0);
            } catch (const Error& error) {
              has_begun = error.code() != ExitCode::journal;
            }
            must(!has_begun, "it refuses");
            limit.rlim_cur = RLIM_INFINITY;
            must(::setrlimit(RLIMIT_FSIZE, &limit) == 0, "the limit was lifted");
          }
          AttemptLogWriter(folder.path(), 0).append("S 2 11 bb");
          must(read_attempt_log(folder.path()).attempts.size() == 2, "and another one can");
        }) == "");
}
