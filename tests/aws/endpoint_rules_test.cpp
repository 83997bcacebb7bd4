// The language of endpoint rules: kinds of rules, scopes, templates, functions.
#include <doctest/doctest.h>

#include <string>

#include "base/error.h"
#include "base/json.h"
#include "plugins/aws/endpoint.h"

using namespace runbook;
using namespace runbook::aws;

namespace {

const Value& partitions() {
  static const Value value = parse_json(R"({"partitions": [
    {"id": "aws", "regionRegex": "^(us|eu)\\-\\w+\\-\\d+$", "regions": {"us-east-1": {}, "aws-global": {}},
     "outputs": {"name": "aws", "dnsSuffix": "amazonaws.com", "supportsFIPS": true}},
    {"id": "aws-cn", "regionRegex": "^cn\\-\\w+\\-\\d+$", "regions": {"cn-north-1": {}},
     "outputs": {"dnsSuffix": "amazonaws.com.cn", "supportsFIPS": false}}]})");
  return value;
}

// Parameters that may be given or not.
const std::string letters = R"({"A": {}, "B": {}, "C": {}, "F": {}, "R": {}, "T": {}, "U": {}})";

std::string rule_set(const std::string& parameters, const std::string& rules) {
  return R"({"version": "1.0", "parameters": )" + parameters + R"(, "rules": )" + rules + "}";
}

// The URL, or "error: ..." of the rules.
std::string outcome(const std::string& rules, const char* params = "{}") {
  const RuleOutcome found = evaluate_rules(parse_json(rules), partitions(), parse_json(params));
  return found.endpoint ? found.endpoint->url : "error: " + found.error;
}

// What a function gives to a URL that shows it; "unset" where it gives nothing, or false.
std::string result_of(const std::string& call, const char* params = "{}") {
  std::string assigned = call;
  assigned.insert(assigned.size() - 1, R"(, "assign": "x")");
  return outcome(rule_set(letters, R"([{"type": "endpoint", "conditions": [)" + assigned + R"(], "endpoint": {"url": "{x}"}},
                                    {"type": "endpoint", "conditions": [], "endpoint": {"url": "unset"}}])"),
                 params);
}

std::string problem(const std::string& rules, const char* params = "{}") try {
  return "no problem: " + outcome(rules, params);
} catch (const Error& error) {
  CHECK(error.code() == ExitCode::step_failed);
  return error.what();
}

}  // namespace

TEST_CASE("the_first_rule_whose_conditions_hold_counts") {
  const std::string rules = rule_set(letters, R"([
    {"type": "endpoint", "conditions": [{"fn": "isSet", "argv": [{"ref": "A"}]}], "endpoint": {"url": "https://a"}},
    {"type": "error", "conditions": [{"fn": "isSet", "argv": [{"ref": "B"}]}], "error": "no {B}"},
    {"type": "endpoint", "conditions": [], "endpoint": {"url": {"ref": "C"}}}])");
  CHECK(outcome(rules, R"({"A": "1", "B": "2"})") == "https://a");
  CHECK(outcome(rules, R"({"B": "2"})") == "error: no 2");
  CHECK(outcome(rules, R"({"C": "https://c"})") == "https://c");
}

TEST_CASE("a_tree_is_entered_where_its_conditions_hold_and_left_where_none_of_its_rules_does") {
  const std::string rules = rule_set(letters, R"([
    {"type": "tree", "conditions": [{"fn": "isSet", "argv": [{"ref": "A"}]}], "rules": [
      {"type": "endpoint", "conditions": [{"fn": "stringEquals", "argv": [{"ref": "A"}, "x"]}], "endpoint": {"url": "https://x"}}]},
    {"type": "endpoint", "conditions": [], "endpoint": {"url": "https://last"}}])");
  CHECK(outcome(rules, R"({"A": "x"})") == "https://x");
  CHECK(outcome(rules, R"({"A": "y"})") == "https://last");
  CHECK(outcome(rules) == "https://last");
}

TEST_CASE("what_a_condition_assigns_holds_within_its_rule_alone") {
  const std::string rules = rule_set(letters, R"([
    {"type": "tree", "conditions": [{"fn": "parseURL", "argv": ["https://h:1/p"], "assign": "url"}], "rules": [
      {"type": "endpoint", "conditions": [{"fn": "isSet", "argv": [{"ref": "A"}]}], "endpoint": {"url": "https://x.{url#authority}{url#path}"}}]},
    {"type": "error", "conditions": [{"fn": "isSet", "argv": [{"ref": "url"}]}], "error": "it is still known"},
    {"type": "endpoint", "conditions": [], "endpoint": {"url": "https://last"}}])");
  CHECK(outcome(rules, R"({"A": "1"})") == "https://x.h:1/p");
  CHECK(outcome(rules) == "https://last");
}

TEST_CASE("a_condition_with_an_empty_text_holds_and_one_with_null_or_false_does_not") {
  CHECK(result_of(R"({"fn": "getAttr", "argv": [{"ref": "A"}, "b"]})", R"({"A": {"b": ""}})").empty());
  CHECK(result_of(R"({"fn": "getAttr", "argv": [{"ref": "A"}, "b"]})", R"({"A": {"b": false}})") == "unset");
  CHECK(result_of(R"({"fn": "getAttr", "argv": [{"ref": "A"}, "b"]})", R"({"A": {}})") == "unset");
}

TEST_CASE("parameters_have_defaults_and_may_be_required") {
  const std::string rules =
      rule_set(R"({"Region": {"type": "String", "required": true},
                                         "UseFIPS": {"type": "Boolean", "required": true, "default": false}})",
               R"([{"type": "endpoint", "conditions": [{"fn": "booleanEquals", "argv": [{"ref": "UseFIPS"}, false]}],
                                          "endpoint": {"url": "https://{Region}"}},
                                         {"type": "error", "conditions": [], "error": "fips"}])");
  CHECK(outcome(rules, R"({"Region": "r"})") == "https://r");
  CHECK(outcome(rules, R"({"Region": "r", "UseFIPS": true})") == "error: fips");
  CHECK(outcome(rules, R"({"Region": null})") == "error: Region is required");
}

TEST_CASE("templates_fill_in_values_and_doubled_braces_are_braces") {
  const char* params = R"({"A": "a", "U": {"b": {"c": ["x", "y"]}}, "F": true})";
  const auto filled = [&](const std::string& text) {
    return outcome(rule_set(letters, R"([{"type": "endpoint", "conditions": [], "endpoint": {"url": ")" + text + R"("}}])"),
                   params);
  };
  CHECK(filled("{A}{A}-{F}") == "aa-true");
  CHECK(filled("{U#b#c[1]}") == "y");
  CHECK(filled("{{A}}") == "{A}");
  CHECK(filled("{{{A}}}") == "{a}");
  CHECK(filled("plain") == "plain");
}

TEST_CASE("properties_and_headers_are_filled_at_every_depth") {
  const RuleOutcome found = evaluate_rules(parse_json(rule_set(letters, R"([{"type": "endpoint", "conditions": [], "endpoint": {
      "url": "https://x",
      "properties": {"authSchemes": [{"name": "sigv4", "signingRegion": "{R}", "disableDoubleEncoding": true}], "n": {"deep": ["{R}"]}},
      "headers": {"x-region": ["{R}", {"ref": "R"}]}}}])")),
                                           partitions(), parse_json(R"({"R": "r"})"));
  REQUIRE(found.endpoint);
  CHECK(to_json(found.endpoint->properties) ==
        R"({"authSchemes":[{"name":"sigv4","signingRegion":"r","disableDoubleEncoding":true}],"n":{"deep":["r"]}})");
  CHECK(to_json(found.endpoint->headers) == R"({"x-region":["r","r"]})");
}

TEST_CASE("questions_are_answered") {
  const char* params = R"({"T": "text", "F": false, "B": "my-bucket"})";
  CHECK(result_of(R"({"fn": "isSet", "argv": [{"ref": "T"}]})", params) == "true");
  CHECK(result_of(R"({"fn": "isSet", "argv": [{"ref": "F"}]})", params) == "true");
  CHECK(result_of(R"({"fn": "isSet", "argv": [{"ref": "none"}]})", params) == "unset");
  CHECK(result_of(R"({"fn": "not", "argv": [{"fn": "isSet", "argv": [{"ref": "none"}]}]})", params) == "true");
  CHECK(result_of(R"({"fn": "not", "argv": [{"fn": "isSet", "argv": [{"ref": "T"}]}]})", params) == "unset");
  CHECK(result_of(R"({"fn": "stringEquals", "argv": ["{T}", "text"]})", params) == "true");
  CHECK(result_of(R"({"fn": "stringEquals", "argv": [{"ref": "none"}, "text"]})", params) == "unset");
  CHECK(result_of(R"({"fn": "booleanEquals", "argv": [{"ref": "F"}, false]})", params) == "true");
  CHECK(result_of(R"({"fn": "booleanEquals", "argv": [{"ref": "none"}, false]})", params) == "unset");
  CHECK(result_of(R"({"fn": "isValidHostLabel", "argv": ["a.b", true]})") == "true");
  CHECK(result_of(R"({"fn": "isValidHostLabel", "argv": ["a.b", false]})") == "unset");
  CHECK(result_of(R"({"fn": "aws.isVirtualHostableS3Bucket", "argv": [{"ref": "B"}, false]})", params) == "true");
  CHECK(result_of(R"({"fn": "aws.isVirtualHostableS3Bucket", "argv": ["My", false]})") == "unset");
}

TEST_CASE("texts_are_computed") {
  CHECK(result_of(R"({"fn": "substring", "argv": ["--x-s3", 0, 2, true]})") == "s3");
  CHECK(result_of(R"({"fn": "substring", "argv": ["ab", 0, 3, false]})") == "unset");
  CHECK(result_of(R"({"fn": "uriEncode", "argv": ["a b/:~é"]})") == "a%20b%2F%3A~%C3%A9");
  CHECK(result_of(R"({"fn": "getAttr", "argv": [{"fn": "parseURL", "argv": ["https://h/p"]}, "normalizedPath"]})") == "/p/");
  CHECK(result_of(R"({"fn": "getAttr", "argv": [{"fn": "aws.parseArn", "argv": ["arn:aws:s3:::a/b"]}, "resourceId[1]"]})") ==
        "b");
  CHECK(result_of(R"({"fn": "getAttr", "argv": [{"fn": "split", "argv": ["a--b--c", "--", 0]}, "[-1]"]})") == "c");
  CHECK(result_of(R"({"fn": "coalesce", "argv": [{"ref": "none"}, "second", "third"]})") == "second");
  CHECK(result_of(R"({"fn": "ite", "argv": [{"fn": "isSet", "argv": ["x"]}, "-fips", ""]})") == "-fips");
  CHECK(result_of(R"({"fn": "ite", "argv": [false, "-fips", "none"]})") == "none");
}

TEST_CASE("a_region_belongs_to_the_partition_that_lists_it_or_whose_pattern_fits_or_to_the_first") {
  const auto suffix = [](const std::string& region) {
    return result_of(R"({"fn": "getAttr", "argv": [{"fn": "aws.partition", "argv": [")" + region + R"("]}, "dnsSuffix"]})");
  };
  CHECK(suffix("us-east-1") == "amazonaws.com");
  CHECK(suffix("cn-north-1") == "amazonaws.com.cn");
  CHECK(suffix("cn-newer-9") == "amazonaws.com.cn");
  CHECK(suffix("xcn-newer-9") == "amazonaws.com");
  CHECK(suffix("nowhere") == "amazonaws.com");
  CHECK(partition_of(partitions(), "cn-north-1") == "aws-cn");
  CHECK(partition_of(partitions(), "eu-north-7") == "aws");
}

TEST_CASE("rules_that_fit_nothing_are_an_error_with_the_parameters") {
  CHECK(problem(rule_set(letters, "[]"), R"({"Region": "r"})") == R"(no endpoint rule fits the parameters {"Region":"r"})");
}

TEST_CASE("a_damaged_rule_set_is_an_error_that_names_the_place") {
  CHECK(problem("{}") == "endpoint rules: `parameters` is missing in {}");
  CHECK(problem(rule_set(letters, R"([{"type": "detour", "conditions": []}])")) ==
        "endpoint rules: a rule of the unknown type `detour`");
  CHECK(problem(rule_set(letters, R"([{"type": "endpoint", "conditions": [], "endpoint": {"url": "https://{Region}"}}])")) ==
        "endpoint rules: `{Region}` is used where it is not set");
  CHECK(problem(rule_set(letters, R"([{"type": "endpoint", "conditions": [], "endpoint": {"url": "https://{Region"}}])")) ==
        "endpoint rules: a `{` without its `}` in \"https://{Region\"");
  CHECK(problem(rule_set(letters,
                         R"([{"type": "endpoint", "conditions": [{"fn": "guess", "argv": []}], "endpoint": {"url": "x"}}])")) ==
        "endpoint rules call the function `guess`, which is not known here");
}
