#include "base/diagnostic.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace runbook;

namespace {

using Severity = Diagnostic::Severity;

std::string shown(const std::string& text, Place place, int length, const std::string& hint = "") {
  return render({Severity::error, place, length, "unknown key `titel`", hint}, SourceText("imrt.yaml", text));
}

std::string repeated(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("a problem is shown with its place, its line and a hint") {
  const std::string text = repeated("\n", 11) + "  - titel: Create\n";
  CHECK(shown(text, {12, 5}, 5, "did you mean `title`?") ==
        "imrt.yaml:12:5: error: unknown key `titel`\n"
        "   12 |   - titel: Create\n"
        "      |     ^~~~~\n"
        "  hint: did you mean `title`?\n");
}

TEST_CASE("a problem with the file as a whole has no excerpt") {
  CHECK(render({Severity::warning, {}, 1, "no steps", ""}, SourceText("a.yaml", "x")) == "a.yaml: warning: no steps\n");
  CHECK(shown("x\n", {7, 1}, 1) == "imrt.yaml:7:1: error: unknown key `titel`\n");
}

TEST_CASE("a hint of several lines is aligned") {
  CHECK(shown("x", {}, 1, "say which:\n  --to A\n  --to B\n") ==
        "imrt.yaml: error: unknown key `titel`\n"
        "  hint: say which:\n"
        "          --to A\n"
        "          --to B\n");
}

TEST_CASE("the caret keeps to its line") {
  CHECK(shown("abc", {1, 3}, 99).ends_with("    1 | abc\n      |   ^\n"));
  CHECK(shown("abc", {1, 4}, 1).ends_with("    1 | abc\n      |    ^\n"));
  CHECK(shown("abc", {1, 99}, 5).ends_with("    1 | abc\n      |    ^\n"));
  CHECK(shown("abc", {1, 1}, 0).ends_with("    1 | abc\n      | ^\n"));
  CHECK(shown("", {1, 1}, 3).ends_with("    1 | \n      | ^\n"));
}

TEST_CASE("tabs, wide and combining characters keep the caret in place") {
  CHECK(shown("\tkey:\tx", {1, 7}, 1).ends_with("    1 | \tkey:\tx\n      | \t    \t^\n"));
  CHECK(shown("gr\xC3\xBC\xC3\x9F"
              "e: x",
              {1, 8}, 1)
            .ends_with("      |        ^\n"));
  CHECK(shown("\xE5\x90\x8D\xE5\x89\x8D: x", {1, 5}, 1).ends_with("      |       ^\n"));  // two wide ones
  CHECK(shown("\xE5\x90\x8D\xE5\x89\x8D: x", {1, 1}, 2).ends_with("      | ^~~~\n"));
  CHECK(shown("e\xCC\x81: x", {1, 5}, 1).ends_with("      |    ^\n"));  // a combining accent
}

TEST_CASE("nothing in a file can write to the terminal but text") {
  const std::string mark = "\xEF\xBF\xBD";
  CHECK(shown("a\x1B[31mb\x07\x7F\xC2\x9B\xE2\x80\xAE\xFF!", {1, 6}, 1)
            .ends_with("    1 | a" + mark + "[31mb" + repeated(mark, 5) + "!\n      |      ^\n"));
  const Diagnostic diagnostic{Severity::error,
                              {},
                              1,
                              "unknown `\x1B[2J`",
                              "type\x1B"
                              "c"};
  CHECK(render(diagnostic, SourceText("\x1B.yaml", "")) ==
        mark + ".yaml: error: unknown `" + mark + "[2J`\n  hint: type" + mark + "c\n");
}

TEST_CASE("a long line is cut around the place") {
  const std::string text = repeated("0123456789", 30);
  CHECK(shown(text, {1, 151}, 4)
            .ends_with("    1 | \u2026" + repeated("0123456789", 10) + "\u2026\n      | " + std::string(51, ' ') + "^~~~\n"));
  CHECK(shown(text, {1, 3}, 2).ends_with("    1 | " + repeated("0123456789", 10) + "\u2026\n      |   ^~\n"));
  CHECK(shown(text, {1, 300}, 9)
            .ends_with("    1 | \u2026" + repeated("0123456789", 10) + "\n      | " + std::string(100, ' ') + "^\n"));
  CHECK(shown(text, {1, 90}, 50).ends_with(std::string(50, ' ') + " ^" + std::string(49, '~') + "\n"));
  CHECK(shown(repeated("0123456789", 10), {1, 1}, 1).find("\u2026") == std::string::npos);
}

TEST_CASE("diagnostics are sorted by place, each once") {
  const auto at = [](int line, int column, const std::string& message) {
    return Diagnostic{Severity::error, {line, column}, 1, message, ""};
  };
  std::vector<Diagnostic> all = {at(3, 1, "c"), at(1, 9, "b"), at(3, 1, "c"), at(1, 2, "a"), at(0, 0, "file"), at(3, 1, "a")};
  sort_diagnostics(all);
  std::string order;
  for (const Diagnostic& d : all) order += d.message + " ";
  CHECK(order == "file a b a c ");
}

TEST_CASE("warnings are no errors") {
  CHECK_FALSE(has_errors({}));
  CHECK_FALSE(has_errors({{Severity::warning, {}, 1, "w", ""}}));
  const std::vector<Diagnostic> both = {{Severity::warning, {}, 1, "w", ""}, {Severity::error, {}, 1, "e", ""}};
  CHECK(has_errors(both));
  CHECK(first_error(both) == &both[1]);
}

TEST_CASE("a line of megabytes is cut like any long one") {
  const std::string text = repeated("0123456789", 300'000);
  CHECK(shown(text, {1, 1'500'001}, 4)
            .ends_with("    1 | \u2026" + repeated("0123456789", 10) + "\u2026\n      | " + std::string(51, ' ') + "^~~~\n"));
  CHECK(shown(text, {1, 3'000'000}, 9)
            .ends_with("    1 | \u2026" + repeated("0123456789", 10) + "\n      | " + std::string(100, ' ') + "^\n"));
}

TEST_CASE("all problems are shown but for those of a flood") {
  const SourceText source("a.yaml", repeated("x\n", 30));
  std::vector<Diagnostic> all;
  for (int line = 1; line <= 20; ++line) all.push_back({Severity::error, {line, 1}, 1, "wrong", ""});
  const std::string twenty = render_all(all, 20, source);
  CHECK(std::count(twenty.begin(), twenty.end(), '\n') == 60);
  all.push_back({Severity::error, {21, 1}, 1, "wrong", ""});
  const std::string flood = render_all(all, 5'000, source);
  CHECK(std::count(flood.begin(), flood.end(), '\n') == 25);
  CHECK(flood.ends_with("a.yaml: 4992 more problems are not shown; mend these first\n"));
  CHECK(render_all({}, 0, source).empty());
}

TEST_CASE("of long messages and hints the beginning and the end are kept") {
  const Diagnostic cut =
      in_short({Severity::error, {}, 1, "unknown key `" + repeated("\u00e4", 9'999) + "`", repeated("line\n", 99)});
  CHECK(cut.message.starts_with("unknown key `\u00e4\u00e4"));
  CHECK(cut.message.find("\u2026") != std::string::npos);
  CHECK(cut.message.ends_with("\u00e4`"));
  CHECK(cut.message.size() < 600);
  CHECK(cut.hint == repeated("line\n", 9) + "line");
  CHECK(in_short({Severity::error, {}, 1, "short", "one\ntwo"}).hint == "one\ntwo");
}
