#include "expr/functions.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "tests/expr/scope.h"

using namespace runbook;

namespace {

const GivenScope scope{Value(Map())};

std::string over(std::string_view text, std::string_view json = "null") {
  const Value result = parse_json(json);
  return value_in(scope, text, &result);
}

ExpressionError error_of(std::string_view text) {
  const Value nothing;
  return error_in(scope, text, &nothing);
}

using Kind = ExpressionError::Kind;

}  // namespace

TEST_CASE("text_is_split_replaced_and_trimmed_with_the_subject_first") {
  CHECK(over("split('a,b,,c', ',')") == R"(["a","b","","c"])");
  CHECK(over("split('abc', ',')") == R"(["abc"])");
  CHECK(over("split('', ',')") == R"([""])");
  CHECK(over("replace('s3://a/b/a', 'a', 'x')") == R"("s3://x/b/x")");
  CHECK(over("replace('abc', 'abc', '')") == R"("")");
  CHECK(over("trim(@)", R"("\t x y \n")") == R"("x y")");
  CHECK(over("trim('  ')") == R"("")");
  CHECK(error_of("split('a', '')").kind() == Kind::invalid_value);
  CHECK(error_of("replace('a', '', 'b')").offset() == 13);
}

TEST_CASE("letters_of_every_alphabet_change_their_case") {
  CHECK(over("upper('straße äöü')") == R"("STRAßE ÄÖÜ")");
  CHECK(over("lower('ÄÖÜ ΑΒΓ ЖЗ')") == R"("äöü αβγ жз")");
}

TEST_CASE("a_regular_expression_is_searched_for") {
  CHECK(over("matches('db-14.aurora', '^db-[0-9]+')") == "true");
  CHECK(over("matches('x db-14', '^db')") == "false");
  CHECK(over("matches(@, '^b$')", R"("a\nb\nc")") == "true");
  const ExpressionError error = error_of("matches('a', '[')");
  CHECK(error.kind() == Kind::invalid_value);
  CHECK(std::string(error.what()) == "`[` is no regular expression: a `[` is not closed");
}

TEST_CASE("lines_end_with_a_newline_and_may_end_with_a_carriage_return") {
  CHECK(over("lines(@)", R"("a\r\nb\n\nc\n")") == R"(["a","b","","c"])");
  CHECK(over("lines('')") == "[]");
}

TEST_CASE("text_is_parsed_and_written") {
  CHECK(over("parse_json(@).a[0]", R"("{\"a\": [7]}")") == "7");
  CHECK(error_of("parse_json('{')").kind() == Kind::invalid_value);
  CHECK(error_of("parse_yaml('a: 1')").kind() == Kind::invalid_value);  // this scope reads none
  CHECK(over("to_json({a: 'x', b: `[1, null]`})", "1") == R"("{\"a\":\"x\",\"b\":[1,null]}")");
  CHECK(over("to_json('x')") == R"("\"x\"")");
  CHECK(over("url_decode('a%20b%2Fc+d%zz%4')") == R"("a b/c+d%zz%4")");
  CHECK(over("[base64(''), base64('f'), base64('fo'), base64('foo'), base64('foobar')]", "1") ==
        R"(["","Zg==","Zm8=","Zm9v","Zm9vYmFy"])");
  CHECK(over(R"(shell_quote('it\'s $HOME'))") == R"("'it'\\''s $HOME'")");
}

TEST_CASE("if_evaluates_only_what_it_chooses") {
  CHECK(over("if(1 < 2, 'a', $nothing)") == R"("a")");
  CHECK(over("if(true == false, $nothing, 'b')") == R"("b")");
  CHECK(error_of("if('yes', 1, 2)").kind() == Kind::invalid_type);
}

TEST_CASE("get_looks_up_computed_names") {
  CHECK(over("get(@, 'b')", R"({"b": 2})") == "2");
  CHECK(over("get(@, 'c', 'none')", R"({"b": 2})") == R"("none")");
  CHECK(over("get(@, sub(0, 1))", "[1, 2, 3]") == "3");
  CHECK(over("get(null, 'a', 0)") == "0");
}

TEST_CASE("numbers_stay_whole_as_long_as_they_can") {
  CHECK(over("[add(1, 2), sub(1, 2), mul(3, 4), div(8, 2), div(1, 4), add(1, 0.5)]", "1") == "[3,-1,12,4,0.25,1.5]");
  CHECK(over("add(9223372036854775807, 1)") == "9.223372036854776e+18");
  CHECK(over("mul(0.8, 1000)") == "800.0");
  CHECK(error_of("div(1, 0)").kind() == Kind::invalid_value);
  CHECK(over("div(sub(0, 9223372036854775807), 1)") == "-9223372036854775807");
}

TEST_CASE("unique_keeps_the_first_of_equals") {
  CHECK(over("unique(@)", R"(["b", "a", "b", 1, 1.0, {"x": 1, "y": 2}, {"y": 2, "x": 1}, null, null])") ==
        R"(["b","a",1,{"x":1,"y":2},null])");
}

TEST_CASE("versions_are_compared_as_versions") {
  CHECK(over("[semver_at_least('1.10.0', '1.9'), semver_at_least('v1.9.0-alpha', '1.9.0'), semver_at_least('2', '2.0.0')]",
             "1") == "[true,false,true]");
  CHECK(error_of("semver_at_least('new', '1')").kind() == Kind::invalid_value);
}

TEST_CASE("every_function_says_how_it_is_used") {
  for (const Function& function : all_functions()) {
    CAPTURE(function.name);
    CHECK(function.usage.starts_with(function.name + "("));
    CHECK_FALSE(function.summary.empty());
    CHECK(find_function(function.name, Dialect::runbook) == &function);
    CHECK((find_function(function.name, Dialect::plain) == nullptr) == function.is_addition);
  }
}
