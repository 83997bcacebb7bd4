// A log that is cut and read on: no line twice, none left out.
#include "plugins/kubectl_log.h"

#include <doctest/doctest.h>

#include <sstream>

using namespace runbook;

namespace {

std::vector<std::string> split(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string asked(const std::string& words, const std::string& position) {
  std::string line;
  for (const std::string& word : log_words_from(read_kubectl_words(split(words)), split(words), position))
    line += (line.empty() ? "" : " ") + word;
  return line;
}

// What a look at the log reads anew, and where it stops.
struct Look {
  std::string text, stopped_at;
};
Look look(const std::string& words, const std::string& stopped_at, const std::vector<std::string>& lines) {
  Look seen{"", log_position(read_kubectl_words(split(words)), stopped_at)};
  for (const std::string& line : lines) {
    FollowedLine read = line_of_log(line, seen.stopped_at);
    if (!read.is_known) seen.text += read.text + ";";
    seen.stopped_at = read.position;
  }
  return seen;
}

const std::string a = "2026-01-01T00:00:01.000000001Z", b = "2026-01-01T00:00:01.5Z", c = "2026-01-01T00:00:02Z";

}  // namespace

TEST_CASE("a_log_is_asked_for_with_times_and_from_where_it_was_cut") {
  CHECK(asked("logs -f web", "log") == "logs -f web --timestamps");
  CHECK(asked("logs -f web", "log " + b + " 1 0") == "logs -f web --timestamps --since-time=" + b);
  CHECK(asked("logs -f --tail=5 --since 1h web --timestamps", "times " + b + " 1 0") ==
        "logs -f web --timestamps --since-time=" + b);
  CHECK(asked("logs -f --tail=5 web", "log") == "logs -f --tail=5 web --timestamps");
}

TEST_CASE("lines_that_come_again_are_passed_over_and_new_ones_of_the_same_time_are_not") {
  const Look first = look("logs -f web", "", {a + " one", b + " two", b + " three"});
  CHECK(first.text == "one;two;three;");
  const Look second = look("logs -f web", first.stopped_at, {a + " one", b + " two", b + " three", b + " four", c + " five"});
  CHECK(second.text == "four;five;");
  CHECK(look("logs -f web", second.stopped_at, {c + " five"}).text.empty());
}

TEST_CASE("a_look_that_is_cut_while_lines_come_again_leaves_none_out") {
  const Look first = look("logs -f web", "", {b + " two", b + " three"});
  const Look second = look("logs -f web", first.stopped_at, {a + " one", b + " two"});
  CHECK(second.text.empty());
  CHECK(look("logs -f web", second.stopped_at, {b + " two", b + " three", b + " four"}).text == "four;");
}

TEST_CASE("times_that_the_person_asked_for_stay_in_the_line") {
  CHECK(look("logs -f --timestamps web", "", {a + " one"}).text == a + " one;");
  CHECK(look("logs -f web", "", {a + " one", "no time", a}).text == "one;no time;;");
}

TEST_CASE("what_is_no_log_of_one_container_is_read_as_it_is") {
  for (const char* words : {"logs -f -l app=web", "logs -f --all-containers web", "logs web", "get pods -w"}) {
    CAPTURE(words);
    CHECK(log_position(read_kubectl_words(split(words)), "").empty());
    CHECK(asked(words, "") == words);
    CHECK(look(words, "", {a + " one"}).text == a + " one;");
  }
}
