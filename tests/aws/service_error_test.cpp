#include <doctest/doctest.h>

#include "aws/wire_fixture.h"

using namespace runbook;
using namespace runbook::aws;

namespace {

const char* const shapes = R"({
  "Output": {"type": "structure", "members": {"Text": {"shape": "Text"}}}, "Text": {"type": "string"},
  "Input": {"type": "structure", "members": {"Bucket": {"shape": "Text", "location": "uri", "locationName": "Bucket"},
            "EncodingType": {"shape": "Text", "location": "querystring", "locationName": "encoding-type"}}},
  "Gone": {"type": "structure", "exception": true, "error": {"code": "ToyGone", "httpStatusCode": 404}, "members": {
           "Message": {"shape": "Text"}, "Wait": {"shape": "Long", "location": "header", "locationName": "Retry-After"},
           "Toy": {"shape": "Output"}}},
  "Long": {"type": "long"},
  "Listing": {"type": "structure", "members": {"EncodingType": {"shape": "Text"}, "Prefix": {"shape": "Text"},
              "Contents": {"shape": "Entries", "flattened": true}}},
  "Entries": {"type": "list", "member": {"shape": "Entry"}},
  "Entry": {"type": "structure", "members": {"Key": {"shape": "Text"}, "ETag": {"shape": "Text"}}}})";

Service service_of(const std::string& protocol) {
  return {protocol, shapes,
          R"({"http": {"method": "POST", "requestUri": "/"}, "output": {"shape": "Output"}, "errors": [{"shape": "Gone"}]})"};
}

// "code | message | members"
std::string said(const Service& service, int status, const std::string& body, HttpHeaders headers = {}) {
  const WireAnswer answer = service.answer(status, body, std::move(headers));
  if (!answer.error) return "no error";
  CHECK(answer.error->status == status);
  CHECK(answer.result.is_null());
  return answer.error->code + " | " + answer.error->message + " | " + to_json(answer.error->members);
}

Service s3(const std::string& operation, const std::string& output) {
  return {"rest-xml", shapes,
          R"({"name": ")" + operation + R"(", "http": {"method": "GET", "requestUri": "/{Bucket}"}, "input": {"shape": "Input"},
              "output": {"shape": ")" +
              output + R"("}})",
          "s3"};
}

}  // namespace

TEST_CASE("an error in JSON is named by header, code or __type, without namespace and address") {
  for (const char* protocol : {"json", "rest-json"}) {
    const Service service = service_of(protocol);
    CHECK(said(service, 400, R"({"__type": "toys.v1#Broken:http://x/", "message": "It fell."})") == "Broken | It fell. | null");
    CHECK(said(service, 400, R"({"code": "Broken", "Message": "It fell."})") == "Broken | It fell. | null");
    CHECK(said(service, 400, "", {{"x-amzn-errortype", "Broken:http://x/"}}) == "Broken | Bad Request | null");
    CHECK(said(service, 400, R"({"message": null})") == "400 |  | null");
  }
}

TEST_CASE("a modelled error carries its members, from the body and from headers") {
  const char* const members = R"({"Message":"Off.","Wait":3,"Toy":{"Text":"ball"}})";
  CHECK(said(service_of("rest-json"), 404, R"({"code": "ToyGone", "Message": "Off.", "Toy": {"Text": "ball"}})",
             {{"retry-after", "3"}}) == std::string("ToyGone | Off. | ") + members);
  const std::string error = "<Error><Code>ToyGone</Code><Message>Off.</Message><Toy><Text>ball</Text></Toy></Error>";
  for (const std::string& body : {error, "<ErrorResponse>" + error + "</ErrorResponse>"})
    CHECK(said(service_of("rest-xml"), 404, body, {{"Retry-After", "3"}}) == std::string("ToyGone | Off. | ") + members);
  CHECK(said(service_of("ec2"), 404, "<Response><Errors>" + error + "</Errors></Response>").starts_with("ToyGone | Off. | {"));
}

TEST_CASE("members that are nothing of their shape do not hide what the error was") {
  CHECK(said(service_of("json"), 400, R"({"__type": "Gone", "message": "Off.", "Toy": "ball"})") == "Gone | Off. | null");
}

TEST_CASE("a service that spoke the protocol query before still names its errors as then") {
  CHECK(said(service_of("json"), 400, R"({"__type": "toys#Gone", "message": "Off."})",
             {{"x-amzn-query-error", "Toys.NotThere;Sender"}}) == "Toys.NotThere | Off. | {}");
}

TEST_CASE("an error without a body is named by its status") {
  for (const char* protocol : {"query", "ec2", "json", "rest-json", "rest-xml"}) {
    CHECK(said(service_of(protocol), 404, "") == "404 | Not Found | null");
    CHECK(said(service_of(protocol), 304, "") == "304 | Not Modified | null");
  }
}

TEST_CASE("what a proxy says is kept, by its status") {
  for (const char* protocol : {"query", "ec2", "json", "rest-json", "rest-xml"}) {
    CHECK(said(service_of(protocol), 503, "<html><b>Down\n for now</b></html>") ==
          "503 | <html><b>Down  for now</b></html> | null");
    CHECK(said(service_of(protocol), 502, "upstream broke") == "502 | upstream broke | null");
  }
  CHECK(said(service_of("rest-xml"), 403, "<AccessDeniedException><Message>No.</Message></AccessDeniedException>") ==
        "AccessDeniedException | No. | null");
}

TEST_CASE("S3's answer 200 that holds an error is one, and an empty one decides nothing") {
  const std::string error = "\n\n<?xml version=\"1.0\"?><Error><Code>InternalError</Code><Message>Again</Message></Error>";
  CHECK(said(s3("CopyObject", "Output"), 200, error) == "InternalError | Again | null");
  CHECK(s3("CompleteMultipartUpload", "Output").result("").find("only its body would say whether it was done") !=
        std::string::npos);
  CHECK(s3("GetBucketTagging", "Output").result("") == "{}");
  CHECK(service_of("rest-xml").result("<Error><Code>a</Code></Error>") == "{}");
}

TEST_CASE("S3 says where a bucket lies as the root's text, or with nothing") {
  const Service service = s3("GetBucketLocation", "Output");
  CHECK(service.result("<LocationConstraint xmlns=\"http://x/\">eu-west-1</LocationConstraint>") ==
        R"({"LocationConstraint":"eu-west-1"})");
  CHECK(service.result("<LocationConstraint/>") == R"({"LocationConstraint":null})");
}

TEST_CASE("names in S3's lists are asked for encoded and given as they are") {
  const Service service = s3("ListObjectsV2", "Listing");
  CHECK(query_text(service.request(R"({"Bucket": "b"})").query) == "encoding-type=url");
  CHECK(service.result("<R><EncodingType>url</EncodingType><Prefix>a+b%2F</Prefix><Contents><Key>a+b%2F%01</Key>"
                       "<ETag>\"a+b\"</ETag></Contents></R>") ==
        R"({"EncodingType":"url","Prefix":"a b/","Contents":[{"Key":"a b/\u0001","ETag":"\"a+b\""}]})");
}

TEST_CASE("S3 names the type of what it stores itself, unless the params do") {
  const char* const object = R"({"Input": {"type": "structure", "payload": "Body", "members": {"Body": {"shape": "Bytes"},
      "ContentType": {"shape": "Text", "location": "header", "locationName": "Content-Type"}}},
      "Bytes": {"type": "blob", "streaming": true}, "Text": {"type": "string"}})";
  const Service service("rest-xml", object, R"({"http": {"method": "PUT", "requestUri": "/"}, "input": {"shape": "Input"}})",
                        "s3");
  CHECK(header_of(service.request(R"({"Body": "x"})"), "Content-Type") == "none");
  CHECK(header_of(service.request(R"({"Body": "x", "ContentType": "text/css"})"), "Content-Type") == "text/css");
}
