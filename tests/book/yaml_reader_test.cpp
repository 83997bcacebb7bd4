#include "book/yaml_reader.h"

#include <doctest/doctest.h>

#include "book/scalar_place.h"

using namespace runbook;

namespace {

struct Read {
  NodePtr root;
  std::vector<Diagnostic> problems;
};

Read read(const std::string& text) {
  Read result;
  result.root = read_yaml(SourceText("test.yaml", text), result.problems);
  return result;
}

std::string message_of(const std::string& text) {
  const Read result = read(text);
  return result.problems.empty() ? "" : result.problems.front().message;
}

std::string repeated(std::string_view part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

}  // namespace

TEST_CASE("keys_and_values_have_places") {
  const NodePtr root = read("a: b\nlist:\n  - x\n  - {c: 'd'}\n").root;
  REQUIRE(root);
  CHECK(root->find("list")->key_place == Place{2, 1});
  CHECK(root->find("list")->value->items[0]->place == Place{3, 5});
  CHECK(root->find("list")->value->items[1]->find("c")->value->place == Place{4, 9});
  CHECK(root->find("list")->value->items[1]->find("c")->value->quoted);
}

TEST_CASE("columns_count_code_points") {
  const NodePtr root = read("{äöü: 東京, key: v}\n").root;
  REQUIRE(root);
  CHECK(root->find("key")->key_place == Place{1, 11});
}

TEST_CASE("text_is_what_stands_in_the_file") {
  const NodePtr root = read("a: 1.10\nb: 012345678901\nc: yes\nd: \"x\\ty\"\n").root;
  REQUIRE(root);
  CHECK(root->find("a")->value->text == "1.10");
  CHECK(root->find("b")->value->text == "012345678901");
  CHECK(root->find("c")->value->text == "yes");
  CHECK(root->find("d")->value->text == "x\ty");
}

TEST_CASE("a_block_is_told_from_a_quoted_value") {
  const NodePtr root = read("a: |\n  one\n  two\nb: >-\n  one\n  two\n").root;
  REQUIRE(root);
  CHECK(root->find("a")->value->block);
  CHECK(root->find("a")->value->text == "one\ntwo\n");
  CHECK(root->find("b")->value->text == "one two");
}

TEST_CASE("places_inside_a_value_follow_quotes_escapes_folds_and_indentation") {
  const std::pair<const char*, Place> texts[] = {
      {"a: one X", {1, 8}},
      {"a: 'it''s X'", {1, 11}},
      {"a: \"tab\\t \\u00e9\\U0001F600 é X\"", {1, 30}},
      {"a: \"one\\\n  two X\"", {2, 7}},
      {"a: one\n  two\n\n  X", {4, 3}},
      {"a: |\n  one\n    two X\n", {3, 9}},
      {"a: >- # comment\n  one\n  two\n\n  X\n", {5, 3}},
      {"a: &name\n  'X'", {2, 4}},
  };
  for (const auto& [text, place] : texts) {
    const SourceText source("test.yaml", text);
    std::vector<Diagnostic> problems;
    const NodePtr root = read_yaml(source, problems);
    REQUIRE(root);
    const Node& value = *root->find("a")->value;
    const Place found = place_in_scalar(value, value.text.find('X'), source);
    CHECK_MESSAGE(found == place, source.text(), " ", found.line, ":", found.column);
  }
}

TEST_CASE("a_missing_value_stands_at_its_key") {
  const NodePtr root = read("a:\n\n\nb: ~\n").root;
  REQUIRE(root);
  CHECK(root->find("a")->value->kind == Node::Kind::null);
  CHECK(root->find("a")->value->place == Place{1, 1});
  CHECK(root->find("b")->value->place == Place{4, 4});
}

TEST_CASE("aliases_repeat_what_their_anchor_names") {
  const NodePtr root = read("a: &x {b: 1}\nc: *x\nd: &y \"text\"\ne: *y\n").root;
  REQUIRE(root);
  CHECK(root->find("c")->value->find("b")->value->text == "1");
  CHECK(root->find("d")->value->place == Place{3, 7});
  CHECK(root->find("e")->value->text == "text");
}

TEST_CASE("a_byte_order_mark_and_windows_lines_are_read") {
  const Read result = read(
      "\xEF\xBB\xBF"
      "a: 1\r\nb: |\r\n  x\r\n");
  REQUIRE(result.root);
  CHECK(result.root->find("b")->key_place == Place{2, 1});
  CHECK(result.root->find("b")->value->text == "x\n");
}

TEST_CASE("a_key_that_stands_twice_is_a_problem_and_the_first_counts") {
  const Read result = read("a: 1\nb: 2\na: [3, {x: y}]\n");
  REQUIRE(result.root);
  REQUIRE(result.problems.size() == 1);
  CHECK(result.problems[0].place == Place{3, 1});
  CHECK(result.root->members.size() == 2);
  CHECK(result.root->find("a")->value->text == "1");
}

TEST_CASE("what_is_no_text_is_refused") {
  CHECK(message_of("") == "the file is empty");
  CHECK(message_of(" \n\n") == "the file is empty");
  CHECK(message_of("\xEF\xBB\xBF") == "the file is empty");
  CHECK(message_of("# only a comment\n") == "the file holds nothing but comments");
  CHECK(message_of(std::string("a: b\0c", 6)) == "the file is not UTF-8 text");
  CHECK(message_of("a: \xC3\x28") == "the file is not UTF-8 text");
  CHECK(message_of(std::string("\xFF\xFE"
                               "a\0:\0",
                               6)) == "the file is not UTF-8 text");
  CHECK(message_of("a: b\x04\nc: d\n") == "the control character U+0004 can't stand in YAML");
}

TEST_CASE("quotes_that_are_never_closed_are_found_at_the_end_of_the_file") {
  CHECK(message_of("a: \"x") == "the quote `\"` is never closed");
  CHECK(message_of("a: \"x\n") == "the quote `\"` is never closed");
  CHECK(message_of("a: 'x\nb: c\n") == "the quote `'` is never closed");
  CHECK(message_of("a: 'it''s'\nb: \"a\\\"b\"\n").empty());
}

TEST_CASE("nesting_has_a_limit_and_takes_no_stack") {
  CHECK(read(repeated("[", 100) + repeated("]", 100)).root);
  CHECK(message_of(repeated("[", 101) + repeated("]", 101)) == "values nest deeper than 100 levels");
  CHECK(message_of(repeated("[", 100'000)) == "this `[` is not closed");
  CHECK(message_of(repeated("- ", 100'000)) == "values nest deeper than 100 levels");
  CHECK(message_of(repeated("{a: ", 100'000)) == "this `{` is not closed");
  const std::string half = repeated("[", 60) + repeated("]", 60);
  CHECK(message_of("a: &x " + half + "\nb: " + repeated("[", 60) + "*x" + repeated("]", 60)) ==
        "values nest deeper than 100 levels");
}

TEST_CASE("aliases_have_a_budget") {
  std::string text = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 8; ++i) {
    text += "- &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) text += "*a" + std::to_string(i - 1) + ", ";
    text += "]\n";
  }
  CHECK(message_of(text) == "the aliases of this file expand to more than 100000 values");
  CHECK(message_of("&a [*a]\n") == "an alias can't stand inside what it repeats");
}

TEST_CASE("a_file_of_one_long_line_is_read_in_one_pass") {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) text += "key" + std::to_string(i) + ": v, ";
  const Read result = read(text + "}");
  REQUIRE(result.root);
  CHECK(result.root->members.size() == 100'000);
}

TEST_CASE("what_a_file_may_hold_has_bounds") {
  CHECK(message_of(repeated("- a\n", 100'001)) == "a list or a map holds at most 100000 entries");
  CHECK(message_of("[" + repeated("1,", 500'000) + "]") == "this line has more than 500000 brackets, commas and quotes");
  CHECK(message_of("a: &a '" + std::string(3'000'000, 'x') + "'\nb: [*a, *a, *a]\n").empty());
  CHECK(message_of("a: &a '" + std::string(3'000'000, 'x') + "'\nb: [*a, *a, *a, *a]\n") ==
        "the aliases of this file expand to more than 10000000 bytes of text");
  CHECK(read(repeated("a: b\n", 10'000)).problems.size() == 1'000);
}
