#include "expr/template.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "tests/expr/scope.h"

using namespace runbook;

namespace {

const GivenScope scope(
    object({{"inputs", object({{"name", "api"}, {"port", 8080}, {"ratio", 0.5}, {"on", true}, {"zones", List{"a", "b"}}})}}));

std::string value_of(std::string_view text) { return to_json(Template::parse(text).evaluate(scope)); }

ExpressionError error_of(std::string_view text) {
  return error_from(text, [&] { Template::parse(text).evaluate(scope); });
}

}  // namespace

TEST_CASE("text_without_expressions_is_itself") {
  CHECK(value_of("plain {{ text }} $x") == R"("plain {{ text }} $x")");
  CHECK(value_of("") == R"("")");
  CHECK_FALSE(Template::parse("plain").has_expressions());
  CHECK(to_json(Template().evaluate(scope)) == R"("")");
}

TEST_CASE("a_lone_expression_keeps_its_type") {
  CHECK(value_of("${{ $inputs.port }}") == "8080");
  CHECK(value_of("${{$inputs.zones}}") == R"(["a","b"])");
}

TEST_CASE("inside_text_stand_text_numbers_and_booleans") {
  CHECK(value_of("http://${{ $inputs.name }}:${{ $inputs.port }}/?${{ $inputs.on }}&${{ $inputs.ratio }}") ==
        R"("http://api:8080/?true&0.5")");
  const ExpressionError error = error_of("zones: ${{ $inputs.zones }}");
  CHECK(error.kind() == ExpressionError::Kind::invalid_type);
  CHECK(error.offset() == 11);
  CHECK(std::string(error.what()) == "a list can't stand inside text: `$inputs.zones`");
}

TEST_CASE("null_is_an_error") {
  CHECK(std::string(error_of("${{ $inputs.gone }}").what()) == "`$inputs.gone` is null");
  CHECK(error_of("a ${{ $inputs.gone }}").offset() == 6);
}

TEST_CASE("a_doubled_dollar_is_a_literal") {
  CHECK(value_of("$${{ x }} ${{ $inputs.name }}") == R"("${{ x }} api")");
  CHECK(value_of("$${{") == R"("${{")");
}

TEST_CASE("braces_inside_quotes_do_not_end_an_expression") {
  CHECK(value_of("${{ $inputs.name == '}}' }}") == "false");
  CHECK(value_of(R"(${{ `{"a": {"b": 1}}`.a.b }})") == "1");
}

TEST_CASE("offsets_count_from_the_beginning_of_the_text") {
  CHECK(error_of("abc ${{ a == }}").offset() == 12);
  CHECK(error_of("abc ${{ x").offset() == 4);
  CHECK(std::string(error_of("abc ${{ x").what()) == "`${{` has no closing `}}`");
  CHECK(error_of("${{ }}").offset() == 0);
  const std::vector<Reference> references = Template::parse("é ${{ $inputs.a }} ${{ x == $vars.b }}").references();
  REQUIRE(references.size() == 2);
  CHECK(references[0].offset == 7);
  CHECK(references[1].root == "vars");
  CHECK(references[1].offset == 29);
}
