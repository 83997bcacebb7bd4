#include "expr/expression.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "tests/expr/scope.h"

using namespace runbook;

namespace {

const GivenScope scope(object({{"inputs", object({{"region", "us-east-2"}, {"count", 3}, {"dry", false}})},
                               {"vars", object({{"list", List{1, 2, 3}}})}}),
                       object({{"vpc", object({{"state", "succeeded"}, {"id", "vpc-1"}})}}));

std::string value_of(std::string_view text, const Value& result = {}) { return value_in(scope, text, &result); }

std::string over(std::string_view text, std::string_view json) { return value_of(text, parse_json(json)); }

ExpressionError error_of(std::string_view text, const Value* result = nullptr) { return error_in(scope, text, result); }

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

TEST_CASE("what_is_no_map_has_no_field_and_what_is_no_list_no_item") {
  CHECK(over("a.b", R"({"a": "text"})") == "null");
  CHECK(over("a[0]", R"({"a": "text"})") == "null");
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
  CHECK(over("!a[?b].c", R"({"a": [{"b": 1, "c": 0}]})") == "false");
  CHECK(over("!a == b", R"({"a": false, "b": true})") == "true");
}

TEST_CASE("what_decides_ends_the_evaluation") {
  CHECK(over("a == null || a.b", R"({})") == "true");
  CHECK(value_of("false && 'text'") == "false");
  CHECK(value_of("true || $nothing") == "true");
}

TEST_CASE("only_equal_kinds_are_compared") {
  const Value result = object({{"exit_code", 0}, {"text", "0"}});
  const ExpressionError error = error_of("exit_code == text", &result);
  CHECK(error.kind() == Kind::invalid_type);
  CHECK(std::string(error.what()) == "can't compare a number with text: `exit_code` is a number, `text` is text");
  CHECK(over("a != null", R"({"a": "x"})") == "true");
  CHECK(over("a == b", R"({"a": [1, {"x": 2}], "b": [1, {"x": 2}]})") == "true");
}

TEST_CASE("text_is_not_compared_with_true") {
  const Value result = object({{"ready", "true"}});
  CHECK(error_of("ready == true", &result).kind() == Kind::invalid_type);
  CHECK(over("ready == 'true'", R"({"ready": "true"})") == "true");
  CHECK(over("a == b", R"({"a": [], "b": {}})") == "false");
}

TEST_CASE("less_and_greater_take_numbers_and_null_gives_null") {
  const Value result = object({{"a", "1"}, {"big", std::int64_t{9007199254740993}}});
  const ExpressionError error = error_of("a < 2", &result);
  CHECK(std::string(error.what()) == "`<` and its kin compare numbers, and `a` is text");
  CHECK(error.hint() == "text that holds a number: `to_number(a)`");
  CHECK(value_of("gone < 2", result) == "null");
  CHECK(value_of("big > 9007199254740992", result) == "true");
  CHECK(value_of("1 <= 1 && 1 >= 1.0 && !(1 < 1)") == "true");
}

TEST_CASE("or_gives_the_first_that_is_something_and_not_turns_it_round") {
  CHECK(over("name || 'none'", R"({"name": ""})") == "\"none\"");
  CHECK(over("name && 0", R"({"name": "x"})") == "0");
  CHECK(over("[!a, !b, !c, !d]", R"({"a": 0, "b": [], "c": {}, "d": "x"})") == "[false,true,true,false]");
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

TEST_CASE("bare_names_of_items_need_no_result") {
  for (const char* text : {"$vars.list[?@ > 1]", "$vars.list[*].name", "$vars.list[].name", "$vars.list | [0]",
                           "$vars.{first: list}", "$vars.[list]", "sort_by($vars.list, &name)", "length($vars.list)",
                           "[$inputs.region, 'x']", "{region: $inputs.region}"}) {
    CAPTURE(text);
    CHECK_FALSE(Expression::parse(text).uses_result());
  }
  for (const char* text : {"items[*].name", "*.name", "[]", "[?a]", "{a: b}", "[a]", "length(a)", "a | b", "[0:2]"}) {
    CAPTURE(text);
    CHECK(Expression::parse(text).uses_result());
  }
}

TEST_CASE("context_values_are_there_in_filters_behind_pipes_and_in_arguments") {
  CHECK(over("[?zone == $inputs.region].id", R"([{"zone": "us-east-2", "id": 1}, {"zone": "x", "id": 2}])") == "[1]");
  CHECK(over("@ | [$inputs.count, a]", R"({"a": 1})") == "[3,1]");
  CHECK(value_of("map(&[@, $inputs.count], $vars.list)") == "[[1,3],[2,3],[3,3]]");
  const Expression expression = Expression::parse("$vars.list[?@ > $inputs.count]");
  REQUIRE(expression.references().size() == 2);
  CHECK(expression.references()[1].path.front() == "count");
}

TEST_CASE("unknown_functions_and_wrong_counts_are_found_before_anything_runs") {
  const ExpressionError unknown = error_of("lenght(a)");
  CHECK(unknown.kind() == Kind::unknown_function);
  CHECK(unknown.hint() == "did you mean `length`?");
  const ExpressionError count = error_of("join(a)");
  CHECK(count.kind() == Kind::invalid_arity);
  CHECK(count.hint() == "write `join(separator, texts)`");
  CHECK(error_of("sort_by(a, name)").hint() == "write `&name`");
  CHECK(error_of("sort(&a)").kind() == Kind::invalid_type);
  CHECK(error_of("a[::0]").kind() == Kind::invalid_value);
}

TEST_CASE("an_argument_of_the_wrong_kind_is_named") {
  const Value result = object({{"n", 7}, {"mixed", List{1, "a"}}});
  CHECK(std::string(error_of("length(n)", &result).what()) ==
        "`length` takes text or a list or a map here, and `n` is a number");
  CHECK(std::string(error_of("sum(mixed)", &result).what()) ==
        "`sum` takes a list of numbers here, and `mixed` is a list of other things");
  CHECK(error_of("[length(n)]", &result).offset() == 8);
}

TEST_CASE("a_choice_ends_a_projection") {
  CHECK(over("a[*].[b, c][0]", R"({"a": [{"b": 1, "c": 2}, {"b": 3, "c": 4}]})") == "[1,2]");
  CHECK(over("a[*].{x: b} | [1].x", R"({"a": [{"b": 1}, {"b": 3}]})") == "3");
  CHECK(over("a.*.b.c", R"({"a": {"x": {"b": {"c": 1}}}})") == "[1]");
}

TEST_CASE("plain_jmespath_is_jmespath") {
  const auto plain = [](std::string_view text, std::string_view json) {
    const Value given = parse_json(json);
    return to_json(Expression::parse(text, Dialect::plain).evaluate(scope, &given));
  };
  CHECK(plain("\"a b\"", R"({"a b": 1})") == "1");
  CHECK(plain("true", R"({"true": 1})") == "1");
  CHECK(plain("a == '1'", R"({"a": 1})") == "false");
  CHECK(plain("a < '1'", R"({"a": 1})") == "null");
  for (const char* text : {"$inputs.a", "a == 1", "split(a, 'b')"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(Expression::parse(text, Dialect::plain), ExpressionError);
  }
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
      {"a[b]", 2, "an index is a number"},
      {"a.[]", 2, "an expression is missing between `[` and `]`"},
      {"{a}", 2, "a `:` must follow `a`"},
      {"a[?b", 1, "the closing `]` is missing"},
      {"keys(a", 4, "the closing `)` is missing"},
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
    CHECK(error.offset() == mistake.offset);
    CHECK(std::string(error.what()) == mistake.message);
  }
}

TEST_CASE("deep_and_long_expressions_end_in_an_error_and_not_in_the_stack") {
  for (const std::string part :
       {"(", "!", "a.", "a || ", "a == (", "[0]", "[", "[*]", "[]", "{a: ", "a[?", "a | ", "not_null("}) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += part;
    CAPTURE(part);
    CHECK_THROWS_AS(Expression::parse(text), ExpressionError);
  }
}

TEST_CASE("the parts of a result that an expression may give") {
  const auto paths = [](const char* text) {
    std::string all;
    for (const auto& path : Expression::parse(text).result_paths()) {
      std::string one;
      for (const std::string& name : path) one += (one.empty() ? "" : ".") + name;
      all += (all.empty() ? "" : " ") + one;
    }
    return all;
  };
  struct Row {
    const char *text, *paths;
  };
  for (const Row& row : {Row{"Vpc.VpcId", "Vpc.VpcId"}, Row{"DBs[?id == 'a'].Endpoint | [0]", "DBs.Endpoint"},
                         Row{"Keys[0].Name", "Keys.Name"}, Row{"Keys[].Name", "Keys.Name"}, Row{"Secret == 'x'", ""},
                         Row{"*.Name", "*.Name"}, Row{"{a: One, b: Two.Three}", "One Two.Three"}, Row{"[One, Two]", "One Two"},
                         Row{"join('', [One, 'x'])", "One"}, Row{"One || Two", "One Two"}, Row{"'text'", ""}}) {
    CAPTURE(row.text);
    CHECK(paths(row.text) == row.paths);
  }
}
