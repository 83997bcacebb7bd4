#include "expr/expression.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "tests/expr/scope.h"

using namespace runbook;

namespace {

const GivenScope scope(object({{"inputs", object({{"region", "us-east-2"}, {"count", 3}, {"dry", false}})},
                               {"vars", object({{"list", List{1, 2, 3}}})}}),
                       object({{"vpc", object({{"state", "succeeded"}, {"id", "vpc-1"}})}}));

std::string value_of(std::string_view text, const Value& result = {}) {
  return to_json(Expression::parse(text).evaluate(scope, &result));
}

std::string over(std::string_view text, std::string_view json) { return value_of(text, parse_json(json)); }

ExpressionError error_of(std::string_view text, const Value* result = nullptr) {
  try {
    Expression::parse(text).evaluate(scope, result);
  } catch (const ExpressionError& error) {
    return error;
  }
  FAIL("no error in " << text);
  return {ExpressionError::Kind::syntax, 0, ""};
}

using Kind = ExpressionError::Kind;

}  // namespace

TEST_CASE("bare_names_look_into_the_result") {
  CHECK(over("a.b", R"({"a": {"b": 7}})") == "7");
  CHECK(over("a.\"with-dash\"", R"({"a": {"with-dash": 7}})") == "7");
  CHECK(over("@", "[1]") == "[1]");
  CHECK(over("[1]", "[1, 2]") == "2");
  CHECK(over("a[-1].b", R"({"a": [{"b": 1}, {"b": 2}]})") == "2");
}

TEST_CASE("a_missing_field_is_null_and_so_is_a_field_of_null") {
  CHECK(over("a.b.c", "{}") == "null");
  CHECK(over("a[3]", R"({"a": [1]})") == "null");
  CHECK(over("a[-2]", R"({"a": [1]})") == "null");
  CHECK(value_of("$steps.vpc.nothing") == "null");
}

TEST_CASE("a_field_of_text_is_an_error") {
  const Value result = object({{"a", "text"}});
  const ExpressionError error = error_of("a.b", &result);
  CHECK(error.kind() == Kind::invalid_type);
  CHECK(std::string(error.what()) == "`a` is text and has no field `b`");
}

TEST_CASE("context_values_are_there_at_any_depth") {
  CHECK(value_of("$inputs.region") == "\"us-east-2\"");
  CHECK(value_of("$vars.list[-1]") == "3");
  CHECK(value_of("$steps.vpc.state == 'succeeded' && !($inputs.count < 3)") == "true");
  CHECK(over("n == $inputs.count", R"({"n": 3})") == "true");
}

TEST_CASE("numbers_true_false_and_null_are_literals") {
  CHECK(over("n == 3", R"({"n": 3.0})") == "true");
  CHECK(over("n > -1.5e2", R"({"n": 0})") == "true");
  CHECK(over("ok == true && gone == null", R"({"ok": true})") == "true");
  CHECK(over("a.true", R"({"a": {"true": 1}})") == "1");
  CHECK(value_of("true") == "true");
}

TEST_CASE("strings_and_json_literals") {
  CHECK(value_of(R"('it\'s')") == R"("it's")");
  CHECK(value_of(R"('a\z\\')") == R"("a\\z\\\\")");
  CHECK(value_of(R"(`{"a": [1, "x"]}`)") == R"({"a":[1,"x"]})");
  CHECK(value_of(R"(`"a\`b"`)") == R"("a`b")");
}

TEST_CASE("operators_bind_as_in_jmespath_and_a_not_holds_a_whole_path") {
  CHECK(over("a || b && c", R"({"a": true, "b": false, "c": false})") == "true");
  CHECK(over("(a || b) && c", R"({"a": true, "b": false, "c": false})") == "false");
  CHECK(over("!a.b", R"({"a": {"b": false}})") == "true");
  CHECK(over("!a == b", R"({"a": false, "b": true})") == "true");
}

TEST_CASE("what_decides_ends_the_evaluation") {
  CHECK(over("a == null || a.b", R"({})") == "true");
  CHECK(value_of("false && 'text'") == "false");
}

TEST_CASE("only_equal_kinds_are_compared") {
  const Value result = object({{"exit_code", 0}, {"text", "0"}});
  const ExpressionError error = error_of("exit_code == text", &result);
  CHECK(error.kind() == Kind::invalid_type);
  CHECK(std::string(error.what()) == "can't compare a number with text: `exit_code` is a number, `text` is text");
  CHECK(over("a != null", R"({"a": "x"})") == "true");
  CHECK(over("a == b", R"({"a": [1, {"x": 2}], "b": [1, {"x": 2}]})") == "true");
}

TEST_CASE("less_and_greater_take_numbers") {
  const Value result = object({{"a", "1"}, {"big", std::int64_t{9007199254740993}}});
  CHECK(std::string(error_of("a < 2", &result).what()) == "`<` and its kin compare numbers, and `a` is text");
  CHECK(std::string(error_of("gone < 2", &result).what()) == "`<` and its kin compare numbers, and `gone` is null");
  CHECK(value_of("big > 9007199254740992", result) == "true");
  CHECK(value_of("1 <= 1 && 1 >= 1.0 && !(1 < 1)") == "true");
}

TEST_CASE("connectives_take_booleans") {
  const ExpressionError error = error_of("$inputs.region && true");
  CHECK(error.kind() == Kind::invalid_type);
  CHECK(std::string(error.what()) == "`&&` takes true or false, and `$inputs.region` is text");
  CHECK(error_of("true && !$inputs.count").offset() == 9);
}

TEST_CASE("a_bare_name_without_a_result_is_not_available") {
  CHECK(error_of("exit_code == 0").kind() == Kind::not_available);
  CHECK(Expression::parse("exit_code == 0").uses_result());
  CHECK(Expression::parse("[0]").uses_result());
  CHECK_FALSE(Expression::parse("$inputs.a == true").uses_result());
}

TEST_CASE("unknown_names_are_named") {
  CHECK(error_of("$nothing.x").kind() == Kind::unknown_name);
  CHECK(std::string(error_of("1 == $steps.vcp.id").what()) == "there is no step `vcp`");
  CHECK(error_of("1 == $steps.vcp.id").offset() == 5);
}

TEST_CASE("references_are_the_leading_plain_names") {
  const Expression expression = Expression::parse("$steps.vpc.ids[0].x == $inputs.\"a\" && $run == b.c");
  REQUIRE(expression.references().size() == 3);
  CHECK(expression.references()[0].root == "steps");
  CHECK(expression.references()[0].path == std::vector<std::string>{"vpc", "ids"});
  CHECK(expression.references()[1].path == std::vector<std::string>{"a"});
  CHECK(expression.references()[2].offset == 38);
  CHECK(expression.bare_names()[0].root == "b");
  CHECK(expression.bare_names()[0].path == std::vector<std::string>{"c"});
}

TEST_CASE("the_rest_of_jmespath_is_refused_by_name") {
  struct Refusal {
    const char* text;
    const char* what;
  };
  const Refusal refusals[] = {{"a == length(b)", "functions"},
                              {"a.length(b)", "functions"},
                              {"a[*].b", "projections `[*]`"},
                              {"a[]", "projections `[]`"},
                              {"*.a", "projections `*`"},
                              {"a.*", "projections `*`"},
                              {"a[?b]", "filters `[?...]`"},
                              {"a[1:2]", "slices"},
                              {"a[:2]", "slices"},
                              {"a | b", "pipes"},
                              {"[a, b]", "multiselects"},
                              {"{a: b}", "multiselects"},
                              {"a.{b: c}", "multiselects"},
                              {"a.[b]", "multiselects"},
                              {"&a", "references to expressions `&`"}};
  for (const Refusal& refusal : refusals) {
    CAPTURE(refusal.text);
    const ExpressionError error = error_of(refusal.text);
    CHECK(error.kind() == Kind::unsupported);
    CHECK(std::string(error.what()) == std::string(refusal.what) + " are not supported by this version");
  }
  CHECK(error_of("a == length(b)").offset() == 5);
}

TEST_CASE("mistakes_are_named_with_their_place") {
  struct Mistake {
    const char* text;
    std::size_t offset;
    const char* message;
  };
  const Mistake mistakes[] = {
      {"", 0, "the expression is empty"},
      {"a ==", 4, "the expression ends too early"},
      {"a = 1", 2, "`=` is no operator"},
      {"a == \"x\"", 5, "strings take single quotes"},
      {"'x", 0, "the closing quote `'` is missing"},
      {"`x`", 0, "`x` between backticks is not JSON"},
      {"a b", 2, "`b` can't stand here"},
      {"(a", 0, "the closing `)` is missing"},
      {"a[0", 1, "the closing `]` is missing"},
      {"a['x']", 2, "a list is indexed by a number"},
      {"a[1.5]", 2, "an index is a whole number"},
      {"a < b < c", 6, "comparisons can't be chained"},
      {"$", 0, "a name must follow `$`, like `$inputs.region`"},
      {"$steps", 0, "`$steps` needs the id of a step"},
      {"a.$b", 2, "`$b` can't stand after a dot"},
      {"a-b", 1, "`-` can't stand here"},
      {"a == 3x", 5, "`3x` is not a number"},
      {"a and b", 2, "`and` can't stand here"},
      {"a ü", 2, "`ü` can't stand here"},
  };
  for (const Mistake& mistake : mistakes) {
    CAPTURE(mistake.text);
    const ExpressionError error = error_of(mistake.text);
    CHECK(error.kind() == Kind::syntax);
    CHECK(error.offset() == mistake.offset);
    CHECK(std::string(error.what()) == mistake.message);
  }
}

TEST_CASE("deep_and_long_expressions_end_in_an_error_and_not_in_the_stack") {
  for (const std::string part : {"(", "!", "a.", "a || ", "a == (", "[0]"}) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += part;
    CAPTURE(part);
    CHECK_THROWS_AS(Expression::parse(text), ExpressionError);
  }
}
