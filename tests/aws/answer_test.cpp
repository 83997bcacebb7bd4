#include <doctest/doctest.h>

#include "aws/wire_fixture.h"
#include "base/base64.h"

using namespace runbook;
using namespace runbook::aws;

namespace {

const char* const shapes = R"({
  "Output": {"type": "structure", "members": {
    "Whole": {"shape": "Long"}, "Real": {"shape": "Double"}, "Time": {"shape": "Time"}, "Bytes": {"shape": "Bytes"},
    "Items": {"shape": "List"}, "Pairs": {"shape": "Pairs"}, "Inner": {"shape": "Output"}, "Yes": {"shape": "Bool"},
    "Text": {"shape": "Text"}}},
  "Long": {"type": "long"}, "Double": {"type": "double"}, "Time": {"type": "timestamp"}, "Bytes": {"type": "blob"},
  "Text": {"type": "string"}, "Bool": {"type": "boolean"}, "List": {"type": "list", "member": {"shape": "Text"}},
  "Pairs": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
  "Gone": {"type": "structure", "exception": true, "members": {"Message": {"shape": "Text"}, "Name": {"shape": "Text"}}}})";

Service service_of(const std::string& protocol) {
  return {protocol, shapes,
          R"({"http": {"method": "POST", "requestUri": "/"}, "output": {"shape": "Output"}, "errors": [{"shape": "Gone"}]})"};
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

std::string in_xml(const std::string& members) { return "<PlayResponse>" + members + "</PlayResponse>"; }

Service download() {
  return {"rest-xml",
          R"({"Output": {"type": "structure", "payload": "Body", "members": {
                "Body": {"shape": "Stream"}, "Size": {"shape": "Long", "location": "header", "locationName": "Content-Length"},
                "Meta": {"shape": "Pairs", "location": "headers", "locationName": "x-amz-meta-"},
                "Dates": {"shape": "Dates", "location": "header", "locationName": "x-dates"},
                "Words": {"shape": "Words", "location": "header", "locationName": "x-words"},
                "Status": {"shape": "Long", "location": "statusCode"}}},
              "Stream": {"type": "blob", "streaming": true}, "Long": {"type": "long"}, "Text": {"type": "string"},
              "Dates": {"type": "list", "member": {"shape": "Time"}}, "Time": {"type": "timestamp"},
              "Words": {"type": "list", "member": {"shape": "Text"}},
              "Pairs": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}}})",
          R"({"http": {"method": "GET", "requestUri": "/"}, "output": {"shape": "Output"}})"};
}

}  // namespace

TEST_CASE("a result has the model's names in the model's order, and nothing for what was not said") {
  CHECK(service_of("json").result(
            R"({"Text": "a", "Unheard": 1, "Whole": 9223372036854775807, "Items": [null], "Real": null})") ==
        R"({"Whole":9223372036854775807,"Items":[null],"Text":"a"})");
  CHECK(service_of("rest-xml").result(in_xml("<Text>a</Text><Whole>-9223372036854775808</Whole><Items/>")) ==
        R"({"Whole":-9223372036854775808,"Items":[],"Text":"a"})");
}

TEST_CASE("points in time become one notation, blobs stay in base64, and numbers that are none stay text") {
  CHECK(service_of("json").result(R"({"Time": 1420070400.5, "Bytes": "AP8=", "Real": "NaN"})") ==
        R"({"Real":"NaN","Time":"2015-01-01T00:00:00.500000+00:00","Bytes":"AP8="})");
  CHECK(service_of("rest-xml").result(in_xml("<Time>Thu, 01 Jan 2015 00:00:00 GMT</Time><Real>-Infinity</Real>")) ==
        R"({"Real":"-Infinity","Time":"2015-01-01T00:00:00+00:00"})");
}

TEST_CASE("an answer that was cut is an error that says where, and does not show what it held") {
  const std::string wrong = service_of("json").result(R"({"Text": "hunter2", "Who)");
  CHECK(
      wrong.starts_with("error: the answer to toys.Play (status 200) is not one of the protocol json: not valid JSON: line 1"));
  CHECK(wrong.find("hunter2") == std::string::npos);
  CHECK(service_of("query").result("<PlayResponse><PlayResult><Text>hunter2").starts_with("error: the answer to toys.Play"));
}

TEST_CASE("the page of a proxy is no answer of the service") {
  const std::string page = "<html><body>Please log in</body></html>";
  for (const char* protocol : {"query", "ec2", "json", "rest-json", "rest-xml"})
    CHECK(service_of(protocol).result(page).find("it begins with `<html><body>Please log in") != std::string::npos);
  Service silent = service_of("rest-json");
  silent.operation.output.clear();
  CHECK(silent.result("<!DOCTYPE html><html></html>").find("it is a page in HTML") != std::string::npos);
  CHECK(silent.result("") == "{}");
}

TEST_CASE("a value of another kind than the model says is an error that names the shape") {
  const Service json = service_of("json");
  CHECK(json.result(R"({"Inner": "text"})").ends_with("where a structure should stand (Output), there is string"));
  CHECK(json.result(R"({"Items": {"a": 1}})").ends_with("where a list should stand (List), there is map"));
  CHECK(json.result(R"({"Pairs": [1]})").ends_with("where a map should stand (Pairs), there is list"));
  CHECK(json.result(R"({"Text": {"a": 1}})").ends_with("where a string should stand (Text), there is map"));
  CHECK(json.result(R"({"Time": "soon"})").ends_with("soon is no point in time"));
  CHECK(json.result("[1]").ends_with("where a structure should stand (Output), there is list"));
  const Service xml = service_of("rest-xml");
  CHECK(xml.result(in_xml("<Whole>many</Whole>")).ends_with("where a long stands (Long), `many` is none"));
  CHECK(xml.result(in_xml("<Yes>perhaps</Yes>")).ends_with("where a boolean stands (Bool), `perhaps` is none"));
  CHECK(
      xml.result(in_xml("<Pairs><entry><value>a</value></entry></Pairs>")).ends_with("an entry of a map (Pairs) has no <key>"));
  CHECK(xml.result(in_xml("<Inner>text</Inner>")) == R"({"Inner":{}})");
}

TEST_CASE("deep, long and broken answers end in a result or an error") {
  CHECK(service_of("json").result(repeated("{\"Inner\":", 5000) + "1" + repeated("}", 5000)).find("levels deep") !=
        std::string::npos);
  CHECK(service_of("rest-xml").result(repeated("<Inner>", 5000) + repeated("</Inner>", 5000)).find("levels deep") !=
        std::string::npos);
  const std::string text(10u << 20u, 'x');
  CHECK(service_of("json").answer(200, "{\"Text\":\"" + text + "\"}").result.get("Text").as_text().size() == text.size());
  CHECK(service_of("rest-xml").answer(200, in_xml("<Text>" + text + "</Text>")).result.get("Text").as_text().size() ==
        text.size());
  CHECK(service_of("json").result("{\"Text\":\"\xFF\"}").starts_with("error: "));
  CHECK(service_of("rest-xml").result(in_xml("<Text>\xFF</Text>")).starts_with("error: "));
}

TEST_CASE("a body that was streamed is text if it can be, else base64, and left out if it went to a file") {
  const Service service = download();
  CHECK(streaming_member(service.model, service.operation) == "Body");
  CHECK(service.result("héllo", {{"x-amz-meta-Owner", "me"}}) == R"({"Body":"héllo","Meta":{"Owner":"me"},"Status":200})");
  CHECK(service.result(std::string("\0\xFF", 2)) == R"({"Body":{"base64":"AP8="},"Meta":{},"Status":200})");
  CHECK(service.result("", {{"Content-Length", "7"}}) == R"({"Size":7,"Meta":{},"Status":200})");
  CHECK(service.result("", {{"content-length", "0"}}) == R"({"Body":"","Size":0,"Meta":{},"Status":200})");
}

TEST_CASE("lists in headers are divided at commas that are none of dates or quotes") {
  CHECK(download()
            .result("", {{"X-Dates", "Mon, 16 Dec 2019 23:48:18 GMT, Mon, 16 Dec 2019 23:48:18 GMT"}})
            .find(R"("Dates":["2019-12-16T23:48:18+00:00","2019-12-16T23:48:18+00:00"])") != std::string::npos);
  CHECK(download()
            .result("", {{"x-words", "a, \"b,c\", \"d\\\"e\""}, {"X-Words", "f"}})
            .find(R"("Words":["a","b,c","d\"e","f"])") != std::string::npos);
}

TEST_CASE("a request's identifier is found wherever a service puts it") {
  CHECK(service_of("json").answer(200, "{}", {{"X-Amzn-RequestId", "a"}}).request_id == "a");
  CHECK(service_of("rest-xml").answer(200, "", {{"x-amz-request-id", "b"}}).request_id == "b");
  CHECK(service_of("query").answer(200, in_xml("<ResponseMetadata><RequestId>c</RequestId></ResponseMetadata>")).request_id ==
        "c");
  CHECK(service_of("ec2").answer(200, in_xml("<requestId>d</requestId>")).request_id == "d");
  CHECK(service_of("ec2").answer(400, "<Response><Errors/><RequestID>e</RequestID></Response>").request_id == "e");
}

TEST_CASE("a policy document is given as what it says") {
  const Service service(
      "query",
      R"({"Output": {"type": "structure", "members": {"Policy": {"shape": "policyDocumentType"}}},
                            "policyDocumentType": {"type": "string"}})",
      R"({"http": {"method": "POST", "requestUri": "/"}, "output": {"shape": "Output", "resultWrapper": "PlayResult"}})");
  CHECK(service.result("<R><PlayResult><Policy>%7B%22a%22%3A1%7D</Policy></PlayResult></R>") == R"({"Policy":{"a":1}})");
  CHECK(service.result("<R><PlayResult><Policy>no JSON</Policy></PlayResult></R>") == R"({"Policy":"no JSON"})");
  CHECK(service.result("<R><Other/></R>").ends_with("there is no <PlayResult> in <R>"));
}
