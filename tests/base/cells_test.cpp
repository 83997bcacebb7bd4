#include "base/cells.h"

#include <doctest/doctest.h>

using namespace runbook;

TEST_CASE("nothing of what a step writes does anything to a terminal") {
  const auto shown = [](std::string_view text) { return harmless(text, Charset::utf8); };
  CHECK(shown("plain") == "plain");
  CHECK(shown("\x1b[31mred\x1b[0m and \x1b[2J\x1b[Hcleared") == "red and cleared");
  CHECK(shown("\x1b]0;a title\a\x1b]52;c;Y2xpcA==\x1b\\text") == "text");
  CHECK(shown("\x1bPq data\x1b\\after\x1b_x\x1b\\") == "after");
  CHECK(shown("\x1b(B\x1b=\x1b"
              "7kept\x1b"
              "8") == "kept");
  CHECK(shown("a\tb\rc\x07"
              "d\x7f") == "a b c d ");
  CHECK(shown("\xC2\x9B"
              "31mc1") == " 31mc1");
  CHECK(shown("cut off \x1b[3") == "cut off ");
  CHECK(shown("cut off \x1b") == "cut off ");
  CHECK(shown("\x1b]0;never ended") == "0;never ended");
}

TEST_CASE("marks that turn or hide text are gone, and broken bytes are shown as broken") {
  CHECK(harmless("safe\u202Egnp.exe", Charset::utf8) == "safegnp.exe");
  CHECK(harmless("a\u200Bb\u2066c\uFEFF", Charset::utf8) == "abc");
  CHECK(harmless("a\u2028b", Charset::utf8) == "a b");
  CHECK(harmless("half \xE2\x82", Charset::utf8) == "half \uFFFD\uFFFD");
  CHECK(harmless("Größe", Charset::ascii) == "Gr??e");
  CHECK(harmless("Größe", Charset::utf8) == "Größe");
}

TEST_CASE("our own colours stay, and end with the line") {
  CHECK(harmless_with_colours("\x1b[32mdone", Charset::utf8) == "\x1b[32mdone\x1b[0m");
  CHECK(harmless_with_colours("\x1b[1;32mdone\x1b[2K", Charset::utf8) == "\x1b[1;32mdone\x1b[0m");
  CHECK(harmless_with_colours("done", Charset::utf8) == "done");
}

TEST_CASE("wide characters take two columns, combining marks and colours none") {
  CHECK(cells_of("abc") == 3);
  CHECK(cells_of("Größe") == 5);
  CHECK(cells_of("日本") == 4);
  CHECK(cells_of("e\u0301") == 1);
  CHECK(cells_of("\x1b[32mdone\x1b[0m") == 4);
  CHECK(cells_of("✓ … │ ─ ›") == 9);
}

TEST_CASE("text is cut where a column ends, never within a character") {
  CHECK(cut_to_cells("abcdef", 6, Charset::utf8) == "abcdef");
  CHECK(cut_to_cells("abcdef", 5, Charset::utf8) == "abcd…");
  CHECK(cut_to_cells("abcdef", 5, Charset::ascii) == "ab...");
  CHECK(cut_to_cells("日本語", 5, Charset::utf8) == "日本…");
  CHECK(cut_to_cells("日本語", 4, Charset::utf8) == "日…");
  CHECK(cut_to_cells("\x1b[32mabcdef\x1b[0m", 3, Charset::utf8) == "\x1b[32mab…\x1b[0m");
  CHECK(cut_to_cells("abc", 0, Charset::utf8).empty());
  CHECK(fitted_to_cells("日本語", 4, Charset::utf8) == "日… ");
  CHECK(fitted_to_cells("ab", 4, Charset::utf8) == "ab  ");
}
