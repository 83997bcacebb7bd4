#include "book/inputs.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "tests/book/given.h"

using namespace runbook;

TEST_CASE("a_flag_beats_the_file_the_file_the_environment_and_that_the_default") {
  const std::string inputs = "  region: {default: d}\n";
  const std::map<std::string, std::string> environment = {{"RUNBOOK_INPUT_REGION", "e"}};
  CHECK(values_of(inputs, given({{"region", "x"}, {"region", "flag"}}, "region: f", environment)) == R"({"region":"flag"})");
  CHECK(values_of(inputs, given({}, "region: f", environment)) == R"({"region":"f"})");
  CHECK(values_of(inputs, given({}, "", environment)) == R"({"region":"e"})");
  CHECK(values_of(inputs, given({})) == R"({"region":"d"})");
}

TEST_CASE("values_have_the_type_of_their_input") {
  const std::string inputs =
      "  text: {}\n  count: {type: int}\n  ratio: {type: number}\n  on: {type: bool}\n  file: {type: path}\n  from_file: "
      "{type: int}\n";
  CHECK(values_of(inputs, given({{"text", "012"}, {"count", "-3"}, {"ratio", "0.5"}, {"on", "true"}, {"file", "./x"}},
                                "from_file: 7")) ==
        R"({"text":"012","count":-3,"ratio":0.5,"on":true,"file":"./x","from_file":7})");
}

TEST_CASE("defaults_see_the_inputs_before_them") {
  const std::string inputs =
      "  cluster: {}\n  port: {type: int, default: \"80\"}\n  bucket: {default: \"kops-${{ $inputs.cluster }}-${{ $inputs.port "
      "}}\"}\n";
  CHECK(values_of(inputs, given({{"cluster", "prod"}})) == R"({"cluster":"prod","port":80,"bucket":"kops-prod-80"})");
}

TEST_CASE("a_missing_input_says_what_to_type") {
  CHECK(refusal_of("  cluster: {description: Full DNS name, example: imrt.example.org}\n", given({})) ==
        "input `cluster` is missing (Full DNS name) / -i cluster=imrt.example.org");
  CHECK(refusal_of("  region: {}\n", given({})) == "input `region` is missing / -i region=...");
  CHECK(refusal_of("  git_password: {type: secret}\n", given({})) ==
        "input `git_password` is missing / export RUNBOOK_INPUT_GIT_PASSWORD=...");
}

TEST_CASE("all_problems_are_named_at_once") {
  CHECK(refusal_of("  a: {}\n  b: {type: int}\n  c: {default: \"${{ $inputs.a }}\"}\n", given({{"b", "many"}, {"d", "1"}})) ==
        "3 problems with the inputs:\n"
        "  there is no input `d`\n"
        "  input `a` is missing\n"
        "  input `b`: `many` is not a whole number / "
        "known: a, b, c\n-i a=...\n-i b=...");
}

TEST_CASE("an_unknown_name_proposes_the_nearest") {
  CHECK(refusal_of("  cluster_name: {default: x}\n", given({{"cluster_nam", "y"}})) ==
        "there is no input `cluster_nam` / did you mean `cluster_name`?");
}

TEST_CASE("a_pattern_matches_the_whole_value") {
  const std::string inputs = "  account: {pattern: \"[0-9]{12}\", example: \"012345678901\"}\n";
  CHECK(values_of(inputs, given({{"account", "012345678901"}})) == R"({"account":"012345678901"})");
  CHECK(refusal_of(inputs, given({{"account", "0123456789012"}})) ==
        "input `account`: `0123456789012` does not match the pattern `[0-9]{12}` / -i account=012345678901");
}

TEST_CASE("a_secret_never_stands_on_the_command_line_and_never_among_the_values") {
  const std::string inputs = "  password: {type: secret}\n";
  CHECK(refusal_of(inputs, given({{"password", "hunter22"}})) ==
        "the secret `password` can't be given on the command line, where every user of this machine can see it / export "
        "RUNBOOK_INPUT_PASSWORD=...");
  const InputValues values = resolve_inputs(*with_inputs(inputs), given({}, "", {{"RUNBOOK_INPUT_PASSWORD", "hunter22"}}));
  CHECK(to_json(values.values) == "{}");
  CHECK(values.secrets.at("password") == "hunter22");
}

TEST_CASE("a_secret_is_not_repeated_in_a_refusal") {
  CHECK(refusal_of("  password: {type: secret}\n", given({}, "", {{"RUNBOOK_INPUT_PASSWORD", "abc"}})) ==
        "input `password`: a secret of less than 6 characters can't be masked in what is shown / export "
        "RUNBOOK_INPUT_PASSWORD=...");
  CHECK(refusal_of("  password: {type: secret, pattern: \"[a-z]+\"}\n", given({}, "password: HUNTER22")) ==
        "input `password`: its value does not match the pattern `[a-z]+` / export RUNBOOK_INPUT_PASSWORD=...");
}

TEST_CASE("on_resume_the_secrets_that_are_there_are_read_again") {
  const auto runbook = with_inputs("  region: {}\n  one: {type: secret}\n  two: {type: secret}\n");
  const std::map<std::string, std::string> secrets =
      resolve_secrets(*runbook, given({}, "", {{"RUNBOOK_INPUT_TWO", "hunter22"}}));
  CHECK(secrets == std::map<std::string, std::string>{{"two", "hunter22"}});
}
