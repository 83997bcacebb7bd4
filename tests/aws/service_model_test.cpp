#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "plugins/aws/service_model.h"

using namespace runbook;
using namespace runbook::aws;

namespace {

ServiceModel model_of(const std::string& json) { return ServiceModel("shop", source_of_document(parse_json(json))); }

const char* const shop = R"({
  "metadata": {"apiVersion": "2020-01-01", "endpointPrefix": "shop", "protocol": "smithy-rpc-v2-cbor",
    "protocols": ["smithy-rpc-v2-cbor", "query", "json"], "serviceFullName": "Amazon Shop", "serviceId": "Shop",
    "signatureVersion": "v4", "signingName": "shopping", "jsonVersion": "1.1", "targetPrefix": "Shop_2020",
    "xmlNamespace": "http://shop/", "auth": ["aws.auth#sigv4"], "awsQueryCompatible": {}},
  "operations": {
    "PutThing": {"name": "PutThing", "http": {"method": "PUT", "requestUri": "/{Id}?put", "responseCode": 201},
      "input": {"shape": "PutThingRequest", "locationName": "Put", "xmlNamespace": {"uri": "http://put/", "prefix": "p"}},
      "output": {"shape": "Thing", "resultWrapper": "PutThingResult"}, "errors": [{"shape": "Gone"}, {"shape": "Taken"}],
      "endpoint": {"hostPrefix": "{Id}."}, "authtype": "v4-unsigned-body", "auth": ["smithy.api#noAuth"],
      "idempotent": true, "httpChecksum": {"requestAlgorithmMember": "Algorithm", "requestChecksumRequired": true},
      "staticContextParams": {"Big": {"value": true}}},
    "Listen": {"name": "Listen", "http": {"method": "GET", "requestUri": "/"}, "output": {"shape": "Feed"}, "readonly": true},
    "Broken": {"name": "Broken", "input": {"shape": "Nowhere"}}
  },
  "shapes": {
    "PutThingRequest": {"type": "structure", "required": ["Id"], "payload": "Body", "members": {
      "Id": {"shape": "Id", "location": "uri", "locationName": "Id", "hostLabel": true, "contextParam": {"name": "Thing"}},
      "Token": {"shape": "Id", "location": "header", "locationName": "x-token", "idempotencyToken": true},
      "Meta": {"shape": "Meta", "location": "headers", "locationName": "x-meta-"},
      "Zoo": {"shape": "Id", "location": "querystring", "locationName": "zoo", "deprecated": true},
      "Attributes": {"shape": "Id", "jsonvalue": true, "xmlAttribute": true, "queryName": "Attr"},
      "Status": {"shape": "Count", "location": "statusCode"},
      "Body": {"shape": "Body", "streaming": true}}},
    "Id": {"type": "string", "min": 1, "max": 5, "pattern": "[a-z]+", "enum": ["a", "b"], "sensitive": true},
    "Meta": {"type": "map", "key": {"shape": "Id", "locationName": "k"}, "value": {"shape": "Count"}, "flattened": true},
    "Count": {"type": "double", "min": 0.5, "max": 7},
    "Body": {"type": "blob", "streaming": true, "requiresLength": true},
    "Thing": {"type": "structure", "members": {"Next": {"shape": "Thing"}, "At": {"shape": "At", "timestampFormat": "rfc822"}}},
    "At": {"type": "timestamp", "timestampFormat": "iso8601"},
    "Feed": {"type": "structure", "members": {"Events": {"shape": "Events"}}},
    "Events": {"type": "structure", "eventstream": true, "members": {}},
    "Gone": {"type": "structure", "exception": true, "error": {"code": "Shop.Gone", "httpStatusCode": 410}, "members": {}},
    "Taken": {"type": "structure", "exception": true, "members": {}},
    "Choice": {"type": "structure", "union": true, "members": {}},
    "Any": {"type": "structure", "document": true, "members": {}},
    "Odd": {"type": "quaternion"}
  }})";

}  // namespace

TEST_CASE("of several protocols the one that is spoken here counts") {
  CHECK(model_of(shop).metadata().protocol == "json");
  CHECK(model_of(R"({"metadata": {"protocol": "query"}})").metadata().protocol == "query");
  CHECK(model_of(R"({"metadata": {"protocol": "x", "protocols": ["y", "ec2"]}})").metadata().protocol == "ec2");
}

TEST_CASE("metadata says how a service is named, signed and spoken to") {
  const ServiceModel model = model_of(shop);
  const Metadata& metadata = model.metadata();
  CHECK(metadata.service_id == "Shop");
  CHECK(metadata.full_name == "Amazon Shop");
  CHECK(metadata.api_version == "2020-01-01");
  CHECK(metadata.signing_name == "shopping");
  CHECK(metadata.xml_namespace.uri == "http://shop/");
  CHECK(metadata.is_query_compatible);
  CHECK(metadata.auth == std::vector<std::string>{"aws.auth#sigv4"});
}

TEST_CASE("an operation has the request, the shapes and the traits of its entry") {
  const ServiceModel model = model_of(shop);
  const Operation* put = model.operation("PutThing");
  REQUIRE(put != nullptr);
  CHECK(put->method == "PUT");
  CHECK(put->uri == "/{Id}?put");
  CHECK(put->success_status == 201);
  CHECK(put->input == "PutThingRequest");
  CHECK(put->input_location_name == "Put");
  CHECK(put->input_namespace.prefix == "p");
  CHECK(put->result_wrapper == "PutThingResult");
  CHECK(put->errors == std::vector<std::string>{"Gone", "Taken"});
  CHECK(put->host_prefix == "{Id}.");
  CHECK(put->auth_type == "v4-unsigned-body");
  CHECK(put->auth == std::vector<std::string>{"smithy.api#noAuth"});
  CHECK(put->is_idempotent);
  CHECK_FALSE(put->is_read_only);
  CHECK(put->requires_checksum);
  CHECK(put->checksum_algorithm_member == "Algorithm");
  CHECK(put->static_context.get("Big").bool_or("value", false));
  CHECK_FALSE(put->has_event_stream);
}

TEST_CASE("an event stream in the output is noticed") {
  const ServiceModel model = model_of(shop);
  CHECK(model.operation("Listen")->has_event_stream);
  CHECK(model.operation("Listen")->is_read_only);
}

TEST_CASE("members keep their order, their place in the request and their traits") {
  const ServiceModel model = model_of(shop);
  const Shape& request = model.shape("PutThingRequest");
  REQUIRE(request.members.size() == 7);
  CHECK(request.members[1].first == "Token");
  CHECK(request.payload == "Body");
  CHECK(request.requires_member("Id"));
  CHECK_FALSE(request.requires_member("Token"));
  CHECK(request.find("Id")->location == Location::uri);
  CHECK(request.find("Id")->is_host_label);
  CHECK(request.find("Id")->context_param == "Thing");
  CHECK(request.find("Token")->location == Location::header);
  CHECK(request.find("Token")->is_idempotency_token);
  CHECK(request.find("Meta")->location == Location::headers);
  CHECK(request.find("Meta")->location_name == "x-meta-");
  CHECK(request.find("Zoo")->location == Location::querystring);
  CHECK(request.find("Zoo")->is_deprecated);
  CHECK(request.find("Attributes")->is_json_text);
  CHECK(request.find("Attributes")->is_xml_attribute);
  CHECK(request.find("Attributes")->query_name == "Attr");
  CHECK(request.find("Status")->location == Location::status_code);
  CHECK(request.find("Body")->is_streaming);
  CHECK(request.find("Nothing") == nullptr);
}

TEST_CASE("shapes have their limits, parts and traits") {
  const ServiceModel model = model_of(shop);
  CHECK(model.shape("Id").least == 1.0);
  CHECK(model.shape("Id").most == 5.0);
  CHECK(model.shape("Id").pattern == "[a-z]+");
  CHECK(model.shape("Id").choices == std::vector<std::string>{"a", "b"});
  CHECK(model.shape("Id").is_sensitive);
  CHECK(model.shape("Count").least == 0.5);
  CHECK(model.shape("Meta").key.location_name == "k");
  CHECK(model.shape("Meta").value.shape == "Count");
  CHECK(model.shape("Meta").is_flattened);
  CHECK(model.shape("Body").is_streaming);
  CHECK(model.shape("Body").requires_length);
  CHECK(model.shape("Thing").find("At")->timestamp_format == "rfc822");
  CHECK(model.shape("At").timestamp_format == "iso8601");
  CHECK(model.shape("Gone").error_code == "Shop.Gone");
  CHECK(model.shape("Gone").error_status == 410);
  CHECK(model.shape("Taken").is_exception);
  CHECK(model.shape("Choice").is_union);
  CHECK(model.shape("Any").is_document);
}

TEST_CASE("an operation that is not there is nullptr, a shape that is not there is damage") {
  const ServiceModel model = model_of(shop);
  CHECK(model.operation("TakeThing") == nullptr);
  CHECK_THROWS_WITH_AS(model.shape("Nowhere"), "the service model of shop is damaged: it has no shape `Nowhere`", Error);
  CHECK_THROWS_AS(model.operation("Broken"), Error);
  CHECK_THROWS_WITH_AS(model.shape("Odd"), "the service model is damaged: its shape `Odd` has the type `quaternion`", Error);
}

TEST_CASE("operations are listed sorted") {
  CHECK(model_of(shop).operation_names() == std::vector<std::string>{"Broken", "Listen", "PutThing"});
}

TEST_CASE("threads share a model, and what they were given stays where it is") {
  const ServiceModel model = model_of(shop);
  const Shape* first = &model.shape("Thing");
  std::vector<std::thread> threads;
  std::vector<const Operation*> seen(4);
  for (const Operation*& found : seen) {
    threads.emplace_back([&model, &found] {
      for (const char* name : {"Id", "Meta", "Count", "Body", "Thing", "At", "Feed"}) static_cast<void>(model.shape(name));
      found = model.operation("PutThing");
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(first == &model.shape("Thing"));
  for (const Operation* operation : seen) CHECK(operation == model.operation("PutThing"));
}
