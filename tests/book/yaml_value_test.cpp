#include "book/yaml_value.h"

#include <doctest/doctest.h>

#include "base/json.h"

using namespace runbook;

namespace {

std::string json_of(const std::string& yaml) {
  std::string why;
  const auto value = parse_yaml_text(yaml, why);
  return value ? to_json(*value) : "! " + why;
}

}  // namespace

TEST_CASE("plain scalars are what the core schema says, quoted ones are text") {
  CHECK(json_of("[null, ~, true, False, yes, on, 12, -3, +4, 0x1F, 0o17, 010, 1.5, .5, 2e3, -1.5e-2]") ==
        R"([null,null,true,false,"yes","on",12,-3,4,31,15,10,1.5,0.5,2000.0,-0.015])");
  CHECK(json_of(R"(["12", 'true', "null", 1.2.3, -, a1, 99999999999999999999])") ==
        R"(["12","true","null","1.2.3","-","a1",1e+20])");
}

TEST_CASE("lists and maps nest, and nothing is null") {
  CHECK(json_of("a:\n  - b: 1\n    c:\n  - |\n    x\n    y\n") == R"({"a":[{"b":1,"c":null},"x\ny\n"]})");
  CHECK(json_of("") == "null");
  CHECK(json_of(" \n") == "null");
}

TEST_CASE("what is no YAML is said with its line") {
  CHECK(json_of("a: [1,\nb: 2").starts_with("! line "));
  CHECK(json_of("a: 1\na: 2").starts_with("! line 2: "));
}

TEST_CASE("what is written is read again as it was") {
  for (const char* json :
       {R"({"a":1,"b":[true,null,1.5,"x y",""],"c":{"d":{}},"e":[]})", R"([[1,[2]],[{"a":[]}]])", R"("text")", "7", "null",
        R"({"yes":"no","true":"false","12":"12","- a":"b: c","#":"%","null":"null","é":"a\nb\u0001","y":"on"})"}) {
    CAPTURE(json);
    CHECK(json_of(to_yaml(parse_json(json))) == json);
  }
}

TEST_CASE("it is written in blocks, quoted only where it could be misread") {
  CHECK(to_yaml(parse_json(R"({"kind":"Service","replicas":"3","ports":[{"port":80,"name":"on"}],"empty":[]})")) ==
        "kind: Service\nreplicas: \"3\"\nports:\n  -\n    port: 80\n    name: \"on\"\nempty: []\n");
}
