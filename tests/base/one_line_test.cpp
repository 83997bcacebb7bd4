#include "base/one_line.h"

#include <doctest/doctest.h>

using namespace runbook;

TEST_CASE("text from outside becomes part of one line") {
  CHECK(one_line("  2 of 3 replicas\nare available\n") == "2 of 3 replicas are available");
  CHECK(one_line("\x1b[31mred\x1b[0m\x07") == "[31mred [0m");
  CHECK(one_line("caf\xc3\xa9 \xff") == "caf\xc3\xa9 \xef\xbf\xbd");
  CHECK(one_line("") == "");
}

TEST_CASE("a long text is cut between characters, and says so") {
  CHECK(one_line("abcdef", 6) == "abcdef");
  CHECK(one_line("abcdefg", 6) == "abcdef...");
  CHECK(one_line("ab\xc3\xa9\xc3\xa9", 5) == "ab\xc3\xa9...");
}
