#include <doctest/doctest.h>

#include "base/json.h"
#include "plugins/aws/check_params.h"
#include "plugins/aws/model_pattern.h"

using namespace runbook;
using namespace runbook::aws;

namespace {

const char* const shop = R"({
  "metadata": {"protocol": "rest-json"},
  "operations": {
    "Put": {"name": "Put", "input": {"shape": "PutRequest"}},
    "Ping": {"name": "Ping"}
  },
  "shapes": {
    "PutRequest": {"type": "structure", "required": ["Name", "Size", "Token"], "members": {
      "Name": {"shape": "Name"}, "Size": {"shape": "Size"}, "Token": {"shape": "Text", "idempotencyToken": true},
      "Tags": {"shape": "Tags"}, "Kind": {"shape": "Kind"}, "Level": {"shape": "Level"}, "Labels": {"shape": "Labels"},
      "Choice": {"shape": "Choice"}, "Data": {"shape": "Data"}, "At": {"shape": "At"}, "Any": {"shape": "Any"}, "On": {"shape": "On"},
      "Ratio": {"shape": "Ratio"}, "Id": {"shape": "Text", "location": "uri", "locationName": "Id"}, "Policy": {"shape": "Text", "jsonvalue": true},
      "Host": {"shape": "Text", "hostLabel": true}, "Password": {"shape": "Password"}, "Tree": {"shape": "Tree"}, "Big": {"shape": "Big"}}},
    "Name": {"type": "string", "min": 2, "max": 5, "pattern": "^[a-z]+$"},
    "Text": {"type": "string"},
    "Size": {"type": "integer", "min": 1, "max": 10},
    "Big": {"type": "long"},
    "Ratio": {"type": "double", "min": 0.5},
    "On": {"type": "boolean"},
    "Level": {"type": "string", "enum": ["low", "high"]},
    "Kind": {"type": "string", "enum": ["gp2", "gp3", "io1"]},
    "Password": {"type": "string", "enum": ["x"], "sensitive": true},
    "Tags": {"type": "list", "member": {"shape": "Tag"}, "max": 2},
    "Tag": {"type": "structure", "required": ["Key"], "members": {"Key": {"shape": "Text"}, "Value": {"shape": "Text"}}},
    "Labels": {"type": "map", "key": {"shape": "Level"}, "value": {"shape": "Size"}},
    "Choice": {"type": "structure", "union": true, "members": {"One": {"shape": "Text"}, "Two": {"shape": "Text"}}},
    "Data": {"type": "blob", "min": 1, "max": 3},
    "At": {"type": "timestamp"},
    "Any": {"type": "structure", "document": true, "members": {}},
    "Tree": {"type": "structure", "members": {"Child": {"shape": "Tree"}, "Leaf": {"shape": "On"}}}
  }})";

bool holds_no_template(const Value& text) { return text.as_text().find("${{") == std::string::npos; }

std::vector<ParamFault> faults_of(const std::string& params, const char* operation = "Put") {
  const ServiceModel model("shop", source_of_document(parse_json(shop)));
  return check_params(model, *model.operation(operation), parse_json(params), holds_no_template);
}

// The one fault of a request that is right but for this: "message / hint".
std::string fault_of(const std::string& members) {
  const auto faults = faults_of("{\"Name\": \"abc\", \"Size\": 1, " + members + "}");
  if (faults.empty()) return "";
  CHECK(faults.size() == 1);
  return faults[0].message + (faults[0].hint.empty() ? "" : " / " + faults[0].hint);
}

struct Row {
  const char* members;
  const char* fault;
};

void check_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(std::string(row.members));
    CHECK(fault_of(row.members) == row.fault);
  }
}

}  // namespace

TEST_CASE("a request that is right has no fault") {
  check_rows({{R"("Tags": [{"Key": "a"}, {"Key": "b", "Value": "c"}])", ""},
              {R"("Kind": "gp3", "Level": "low", "Labels": {"high": 3})", ""},
              {R"("Choice": {"Two": "x"}, "Any": [1, {"x": null}], "On": false)", ""},
              {R"("Tree": {"Child": {"Child": {"Leaf": true}}})", ""},
              {R"("Policy": {"Version": 1}, "Host": "a-1", "Id": "x", "Ratio": 1, "Big": 5000000000)", ""}});
}

TEST_CASE("a name that is not known is found at every depth, and the nearest one proposed") {
  check_rows(
      {{R"("Tagz": [])", "`Tagz` is no parameter of shop.Put / did you mean `Tags`?"},
       {R"("kind": "gp2")", "`kind` is no parameter of shop.Put / did you mean `Kind`?"},
       {R"("Tags": [{"Key": "a", "Valeu": "b"}])", "`Valeu` is no member of `Tags[0]` of shop.Put / did you mean `Value`?"},
       {R"("Tree": {"Child": {"Leef": true}})", "`Leef` is no member of `Tree.Child` of shop.Put / did you mean `Leaf`?"}});
  const auto faults = faults_of(R"({"Name": "abc", "Size": 1, "Tags": [{"Key": "a", "Valeu": "b"}]})");
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].is_name);
  REQUIRE(faults[0].path.size() == 3);
  CHECK(std::get<std::string>(faults[0].path[0]) == "Tags");
  CHECK(std::get<std::size_t>(faults[0].path[1]) == 0);
  CHECK(std::get<std::string>(faults[0].path[2]) == "Valeu");
}

TEST_CASE("what is required and missing is said at once; null is missing, a token of idempotency is filled in") {
  auto faults = faults_of("{}");
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].message == "shop.Put needs `Name`, `Size`");
  CHECK(faults[0].path.empty());
  CHECK(faults_of(R"({"Name": null, "Size": 2})")[0].message == "shop.Put needs `Name`");
  CHECK(fault_of(R"("Tags": [{"Value": "x"}])") == "`Tags[0]` of shop.Put needs `Key`");
  CHECK(faults_of("null").size() == 1);
}

TEST_CASE("a value of another kind is refused") {
  check_rows({{R"("Tags": "a")", "`Tags` must be a list, not text / write its items as `- ...` or [...]"},
              {R"("Tags": ["a"])", "`Tags[0]` must be a map, not text / known: Key, Value"},
              {R"("Labels": [1])", "`Labels` must be a map, not a list"},
              {R"("Kind": ["gp2"])", "`Kind` must be text, not a list"},
              {R"("On": "true")", "`On` must be true or false, not text / write true without quotes"},
              {R"("On": 1)", "`On` must be true or false, not a number"},
              {R"("Ratio": "0.7")", "`Ratio` must be a number, not text / write 0.7 without quotes"},
              {R"("Big": 1.5)", "`Big` must be a whole number"},
              {R"("Big": true)", "`Big` must be a whole number, not true or false"},
              {R"("Big": "many")", "`Big` must be a whole number, not text"}});
  CHECK(faults_of(R"({"Name": "abc", "Size": "5"})")[0].hint == "write 5 without quotes");
  CHECK(faults_of(R"(["Name"])")[0].message == "the parameters must be a map, not a list");
}

TEST_CASE("a number or a boolean serves as text, and NaN as a number") {
  check_rows({{R"("Tags": [{"Key": 5, "Value": true}])", ""}, {R"("Ratio": "NaN")", ""}, {R"("Host": 12)", ""}});
}

TEST_CASE("ranges and lengths are held, in characters and bytes") {
  const auto said = [](const char* params) { return faults_of(params)[0].message; };
  CHECK(said(R"({"Name": "abc", "Size": 0})") == "`Size` must be at least 1");
  CHECK(said(R"({"Name": "abc", "Size": 11})") == "`Size` must be at most 10");
  CHECK(said(R"({"Name": "a", "Size": 1})") == "`Name` must have at least 2 characters, it has 1");
  CHECK(said(R"({"Name": "abcdef", "Size": 1})") == "`Name` must have at most 5 characters, it has 6");
  CHECK(faults_of(R"({"Name": "äöüäö", "Size": 1})").empty());
  check_rows({{R"("Ratio": 0.25)", "`Ratio` must be at least 0.5"},
              {R"("Tags": [{"Key": 1}, {"Key": 2}, {"Key": 3}])", "`Tags` must have at most 2 items, it has 3"},
              {R"("Data": "")", "`Data` must have at least 1 byte, it has 0"},
              {R"("Data": {"base64": "YWJjZA=="})", "`Data` must have at most 3 bytes, it has 4"}});
  CHECK(said(R"({"Name": "abc", "Size": 3000000000})") == "`Size` is beyond 32 bits");
}

TEST_CASE("a word that is not in an enum is a warning, and a secret one is not repeated") {
  auto faults = faults_of(R"({"Name": "abc", "Size": 1, "Kind": "gp22"})");
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].severity == ParamFault::Severity::warning);
  CHECK(faults[0].message == "`Kind` does not have `gp22` among its values");
  CHECK(faults[0].hint == "did you mean `gp2`?");
  CHECK(fault_of(R"("Password": "hunter2")") == "`Password` has a value that is not in the model / known: x");
  faults = faults_of(R"({"Name": "abc", "Size": 1, "Labels": {"hihg": 3}})");
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].is_name);
  CHECK(faults[0].hint == "did you mean `high`?");
}

TEST_CASE("patterns are held where they mean the same here") {
  CHECK(faults_of(R"({"Name": "AB", "Size": 1})")[0].message == "`Name` does not fit the pattern `^[a-z]+$`");
  CHECK(is_refused_by_pattern("^\\d{12}$", "12345"));
  CHECK_FALSE(is_refused_by_pattern("^\\d{12}$", "123456789012"));
  CHECK_FALSE(is_refused_by_pattern("arn:aws", "x arn:aws:y"));
  for (const char* foreign : {"^[\\p{L}]*$", "^[\\u0020-\\u00FF]+$", "^a++$", "^(?i)abc$", "^[a-z&&[^b]]$", "^(unclosed$"}) {
    CAPTURE(std::string(foreign));
    CHECK_FALSE(is_refused_by_pattern(foreign, "~"));
  }
  CHECK_FALSE(is_refused_by_pattern("^.$", "é"));
  CHECK_FALSE(is_refused_by_pattern("^(a|aa)+$", std::string(100'000, 'a') + "b"));
}

TEST_CASE("a union has exactly one member") {
  check_rows({{R"("Choice": {})", "`Choice` must have exactly one member, it has 0 / known: One, Two"},
              {R"("Choice": {"One": "a", "Two": "b"})", "`Choice` must have exactly one member, it has 2 / known: One, Two"},
              {R"("Choice": {"One": "a", "Two": null})", ""}});
}

TEST_CASE("blobs are text, base64 or a file; times are what can be read as one") {
  const char* const no_time = "`At` is no point in time / write for example 2024-05-01T12:00:00Z, or seconds since 1970";
  check_rows({{R"("Data": "abc")", ""},
              {R"("Data": {"base64": "YWJj"})", ""},
              {R"("Data": {"file": "big.bin"})", ""},
              {R"("Data": {"base64": "%"})", "`Data` is not valid base64"},
              {R"("Data": {"fiel": "x"})", "`Data` must be text, {base64: ...} or {file: ...}, not a map"},
              {R"("Data": 5)", "`Data` must be text, {base64: ...} or {file: ...}, not a number"},
              {R"("At": "2024-05-01T12:00:00Z")", ""},
              {R"("At": 1714564800)", ""},
              {R"("At": "tomorrow")", no_time},
              {R"("At": [1])", no_time}});
}

TEST_CASE("what becomes a part of the address is never empty, and a host's label is one") {
  check_rows({{R"("Id": "")", "`Id` must not be empty: it is a part of the address"},
              {R"("Host": "a.b")", "`Host` must have only letters, digits and dashes: it is a part of the host's name"}});
}

TEST_CASE("what depends on a template is passed over, the rest is not") {
  CHECK(faults_of(R"("${{ $inputs.params }}")").empty());
  check_rows({{R"("Tags": "${{ $inputs.tags }}")", ""},
              {R"("Tags": [{"Key": "${{ $k }}", "Valeu": 1}])",
               "`Valeu` is no member of `Tags[0]` of shop.Put / did you mean `Value`?"},
              {R"("Big": "${{ $n }}", "On": "${{ $b }}", "At": "${{ $t }}", "Kind": "${{ $e }}", "Choice": "${{ $c }}")", ""},
              {R"("Data": {"base64": "${{ $d }}"}, "Labels": {"${{ $l }}": 2})", ""}});
}

TEST_CASE("an operation without input takes no parameters") {
  CHECK(faults_of("{}", "Ping").empty());
  CHECK(faults_of("null", "Ping").empty());
  CHECK(faults_of(R"({"a": 1})", "Ping")[0].message == "the parameters must be empty: shop.Ping takes none");
}

TEST_CASE("after twenty faults it is enough") {
  std::string items;
  for (int i = 0; i < 100; ++i) items += std::string(i > 0 ? "," : "") + R"({"Nope": 1})";
  CHECK(faults_of(R"({"Name": "abc", "Size": 1, "Tags": [)" + items + "]}").size() == 20);
}
