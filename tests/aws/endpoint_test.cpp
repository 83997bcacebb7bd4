// Where a call goes and what it is signed for, with models of the test's own.
#include "plugins/aws/endpoint.h"

#include <doctest/doctest.h>

#include <string>

#include "aws/surroundings.h"
#include "aws/tiny_models.h"
#include "base/error.h"
#include "base/json.h"

using namespace runbook;
using namespace runbook::aws;
using testing::at_url;
using testing::in;

namespace {

const char* const partitions_json = R"({"partitions": [
  {"id": "aws", "regionRegex": "^(us|eu)\\-\\w+\\-\\d+$", "regions": {"us-east-1": {}, "eu-west-1": {}, "aws-global": {}},
   "outputs": {"name": "aws", "dnsSuffix": "amazonaws.com", "implicitGlobalRegion": "us-east-1"}}]})";

const char* const endpoints_json = R"({"version": 3, "partitions": [
  {"partition": "aws", "dnsSuffix": "amazonaws.com", "regionRegex": "^(us|eu)\\-\\w+\\-\\d+$", "regions": {"us-east-1": {}},
   "defaults": {"hostname": "{service}.{region}.{dnsSuffix}", "protocols": ["https"]},
   "services": {
     "gadgets": {"partitionEndpoint": "aws-global", "isRegionalized": false, "endpoints": {
       "aws-global": {"hostname": "gadgets.amazonaws.com", "credentialScope": {"region": "us-east-1", "service": "gadget-signing"}}}},
     "globals": {"partitionEndpoint": "aws-global", "endpoints": {}}}}]})";

std::string service(const std::string& prefix, const std::string& operations) {
  return R"({"metadata": {"serviceId": "S", "endpointPrefix": ")" + prefix + R"(", "signingName": ")" + prefix +
         R"(-signing", "protocol": "rest-xml", "apiVersion": "1"}, "operations": )" + operations + R"(, "shapes": {
    "Input": {"type": "structure", "members": {
      "Bucket": {"shape": "Text", "location": "uri", "locationName": "Bucket", "contextParam": {"name": "Bucket"}},
      "Items": {"shape": "Map"}}},
    "Map": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
    "Text": {"type": "string"}}})";
}

// The rules show in the path what they were told, and choose by the bucket what they say of signatures.
const char* const rules_json = R"({"version": "1.0",
  "parameters": {
    "Region": {"type": "string", "builtIn": "AWS::Region"}, "Endpoint": {"type": "string", "builtIn": "SDK::Endpoint"},
    "UseFIPS": {"type": "boolean", "builtIn": "AWS::UseFIPS", "default": false},
    "UseDualStack": {"type": "boolean", "builtIn": "AWS::UseDualStack", "default": false},
    "ForcePathStyle": {"type": "boolean", "builtIn": "AWS::S3::ForcePathStyle"},
    "AccountId": {"type": "string", "builtIn": "AWS::Auth::AccountId"},
    "Kind": {"type": "string"}, "Bucket": {"type": "string"}, "Names": {"type": "stringArray"}, "RequiresAccountId": {"type": "boolean"}},
  "rules": [
    {"type": "error", "conditions": [{"fn": "stringEquals", "argv": [{"ref": "Bucket"}, "refused"]}, {"fn": "booleanEquals", "argv": [{"ref": "UseFIPS"}, true]}],
     "error": "FIPS is not supported for {Bucket}"},
    {"type": "endpoint", "conditions": [{"fn": "stringEquals", "argv": [{"ref": "Bucket"}, "signed"]}],
     "endpoint": {"url": "https://signed:443/", "headers": {"x-told": ["{Region}"]}, "properties": {"authSchemes": [
       {"name": "sigv4a", "signingRegionSet": ["*"], "signingName": "many"},
       {"name": "sigv4", "signingRegion": "us-west-9", "signingName": "other", "disableDoubleEncoding": true}]}}},
    {"type": "endpoint", "conditions": [{"fn": "stringEquals", "argv": [{"ref": "Bucket"}, "everywhere"]}],
     "endpoint": {"url": "https://everywhere", "properties": {"authSchemes": [{"name": "sigv4a", "signingRegionSet": ["a", "b"]}]}}},
    {"type": "endpoint", "conditions": [{"fn": "stringEquals", "argv": [{"ref": "Bucket"}, "express"]}],
     "endpoint": {"url": "https://express", "properties": {"authSchemes": [{"name": "sigv4-s3express"}]}}},
    {"type": "endpoint", "conditions": [{"fn": "isSet", "argv": [{"ref": "Endpoint"}]}, {"fn": "parseURL", "argv": [{"ref": "Endpoint"}], "assign": "url"}],
     "endpoint": {"url": "{url#scheme}://{url#authority}{url#normalizedPath}fips-{UseFIPS}/path-{ForcePathStyle}"}},
    {"type": "endpoint", "conditions": [{"fn": "getAttr", "argv": [{"ref": "Names"}, "[0]"], "assign": "name"}], "endpoint": {"url": "https://{name}.{Region}"}},
    {"type": "endpoint", "conditions": [{"fn": "isSet", "argv": [{"ref": "Kind"}]}], "endpoint": {"url": "https://{Kind}.{Region}"}},
    {"type": "endpoint", "conditions": [{"fn": "isSet", "argv": [{"ref": "AccountId"}]}], "endpoint": {"url": "https://{AccountId}.{Region}"}},
    {"type": "endpoint", "conditions": [{"fn": "isSet", "argv": [{"ref": "Bucket"}]}], "endpoint": {"url": "https://{Bucket}.{Region}/path-{ForcePathStyle}"}},
    {"type": "endpoint", "conditions": [], "endpoint": {"url": "https://widgets.{Region}/fips-{UseFIPS}/dual-{UseDualStack}"}}]})";

const char* const operations_json = R"json({
  "Get": {"name": "Get", "http": {"method": "GET", "requestUri": "/{Bucket}?acl"}, "input": {"shape": "Input"}},
  "GetBucketLocation": {"name": "GetBucketLocation", "http": {"method": "GET", "requestUri": "/{Bucket}"}, "input": {"shape": "Input"}},
  "List": {"name": "List", "http": {"method": "GET", "requestUri": "/"}, "endpoint": {"hostPrefix": "data-"}},
  "Fixed": {"name": "Fixed", "http": {"method": "GET", "requestUri": "/"}, "staticContextParams": {"Kind": {"value": "control"}}},
  "Own": {"name": "Own", "http": {"method": "GET", "requestUri": "/"}, "endpoint": {"hostPrefix": "{AccountId}."},
          "staticContextParams": {"RequiresAccountId": {"value": true}}},
  "Batch": {"name": "Batch", "http": {"method": "POST", "requestUri": "/"}, "input": {"shape": "Input"},
            "operationContextParams": {"Names": {"path": "keys(Items)"}}}})json";

// `widgets` has rules, so has `globals`, which needs no region; `gadgets` has none.
class World {
 public:
  World() : store_(filled(models_).store()) {}

  Endpoint at(const std::string& service_name, const std::string& operation, const char* params,
              const EndpointSettings& settings) const {
    const auto model = store_.service(service_name);
    REQUIRE(model);
    REQUIRE(model->operation(operation));
    return endpoint_of(store_, *model, *model->operation(operation), parse_json(params), settings);
  }
  std::string url(const std::string& service_name, const std::string& operation, const char* params,
                  const EndpointSettings& settings) const {
    const Endpoint found = at(service_name, operation, params, settings);
    return found.scheme + "://" + found.host + found.path;
  }
  std::string refusal(const std::string& service_name, const std::string& operation, const char* params,
                      const EndpointSettings& settings) const try {
    return "not refused: " + url(service_name, operation, params, settings);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::step_failed);
    return std::string(error.what()) + " | " + error.hint();
  }

 private:
  static testing::TinyModels& filled(testing::TinyModels& models) {
    models.add("partitions.json", partitions_json).add("endpoints.json", endpoints_json);
    for (const std::string name : {"widgets", "globals", "gadgets"}) {
      models.add(name + "/2020-01-01/service-2.json", service(name, operations_json));
      if (name != "gadgets") models.add(name + "/2020-01-01/endpoint-rule-set-1.json", rules_json);
    }
    return models;
  }
  testing::TinyModels models_;
  ModelStore store_;
};

}  // namespace

TEST_CASE_FIXTURE(World, "the_surroundings_say_region_and_variant") {
  EndpointSettings settings = in("eu-west-1");
  CHECK(url("widgets", "List", "{}", settings) == "https://widgets.eu-west-1/fips-false/dual-false");
  settings.use_fips = settings.use_dualstack = true;
  CHECK(url("widgets", "List", "{}", settings) == "https://widgets.eu-west-1/fips-true/dual-true");
  settings.account_id = "123456789012";
  CHECK(url("widgets", "List", "{}", settings) == "https://123456789012.eu-west-1");
}

TEST_CASE_FIXTURE(World, "a_fips_region_of_old_is_the_region_with_fips") {
  CHECK(url("widgets", "List", "{}", in("fips-eu-west-1")) == "https://widgets.eu-west-1/fips-true/dual-false");
  CHECK(url("widgets", "List", "{}", in("eu-west-1-fips")) == "https://widgets.eu-west-1/fips-true/dual-false");
}

TEST_CASE_FIXTURE(World, "the_operation_says_what_is_fixed_and_its_parameters_say_the_rest") {
  CHECK(url("widgets", "Fixed", "{}", in("r")) == "https://control.r");
  CHECK(url("widgets", "Get", R"({"Bucket": "logs"})", in("r")) == "https://logs.r/path-false");
  CHECK(url("widgets", "Batch", R"({"Items": {"first": "1", "second": "2"}})", in("r")) == "https://first.r");
  CHECK(url("widgets", "Batch", "{}", in("r")) == "https://widgets.r/fips-false/dual-false");
}

TEST_CASE_FIXTURE(World, "without_a_word_of_the_rules_the_region_and_the_models_name_sign") {
  const Endpoint found = at("widgets", "List", "{}", in("eu-west-1"));
  CHECK(found.signing_region == "eu-west-1");
  CHECK(found.signing_name == "widgets-signing");
  CHECK_FALSE(found.encodes_path_once);
  CHECK_FALSE(found.is_sigv4a);
}

TEST_CASE_FIXTURE(World, "of_several_signatures_the_one_that_is_made_here_is_taken") {
  const Endpoint found = at("widgets", "Get", R"({"Bucket": "signed"})", in("eu-west-1"));
  CHECK(found.signing_region == "us-west-9");
  CHECK(found.signing_name == "other");
  CHECK(found.encodes_path_once);
  CHECK_FALSE(found.is_sigv4a);
  CHECK(to_json(found.headers) == R"({"x-told":["eu-west-1"]})");
}

TEST_CASE_FIXTURE(World, "a_signature_over_several_regions_is_said_and_one_of_sessions_refused") {
  const Endpoint found = at("widgets", "Get", R"({"Bucket": "everywhere"})", in("r"));
  CHECK(found.is_sigv4a);
  CHECK(found.signing_region == "a,b");
  CHECK(refusal("widgets", "Get", R"({"Bucket": "express"})", in("r")) ==
        "widgets.Get: objects in directory buckets (S3 Express One Zone) need sessions of their own, which are not made here | "
        "use a general purpose bucket, or the AWS CLI in a shell step");
}

TEST_CASE_FIXTURE(World, "a_refusal_of_the_rules_says_what_to_set") {
  EndpointSettings settings = in("r");
  settings.use_fips = true;
  CHECK(refusal("widgets", "Get", R"({"Bucket": "refused"})", settings) ==
        "widgets.Get: FIPS is not supported for refused | set use_fips_endpoint (AWS_USE_FIPS_ENDPOINT) to false, or choose "
        "another region");
}

TEST_CASE_FIXTURE(World, "a_region_is_needed_unless_the_service_is_global") {
  CHECK(refusal("widgets", "List", "{}", in("")) ==
        "widgets.List: no region is set | set AWS_REGION, `region` of the profile, or `region:` in the target");
  CHECK(refusal("widgets", "List", "{}", in("evil.com/")) ==
        "widgets.List: \"evil.com/\" is no name of a region | set AWS_REGION, `region` of the profile, or `region:` in the "
        "target");
  const Endpoint found = at("globals", "List", "{}", in(""));
  CHECK(found.host == "widgets.aws-global");
  CHECK(found.signing_region == "us-east-1");
}

TEST_CASE_FIXTURE(World, "an_endpoint_of_ones_own_keeps_port_and_path_and_has_no_variants") {
  EndpointSettings settings = at_url("http://127.0.0.1:5000/prefix");
  settings.use_fips = true;
  const Endpoint found = at("widgets", "List", "{}", settings);
  CHECK(found.scheme == "http");
  CHECK(found.host == "127.0.0.1:5000");
  CHECK(found.path == "/prefix/fips-false/path-true");
  CHECK(found.signing_region == "eu-west-1");
  CHECK(at("widgets", "Get", R"({"Bucket": "signed"})", settings).host == "signed");
}

TEST_CASE_FIXTURE(World, "a_bucket_stands_in_the_path_at_ones_own_server_or_where_it_is_asked_for") {
  EndpointSettings settings = at_url("http://storage");
  CHECK(at("widgets", "Get", R"({"Bucket": "b"})", settings).path == "/fips-false/path-true");
  CHECK(at("widgets", "Get", R"({"Bucket": "arn:aws:s3:eu-west-1:1:accesspoint/a"})", settings).path ==
        "/fips-false/path-false");
  settings.s3_virtual_style = true;
  CHECK(at("widgets", "Get", R"({"Bucket": "b"})", settings).path == "/fips-false/path-false");
  EndpointSettings aws = in("r");
  CHECK(at("widgets", "GetBucketLocation", R"({"Bucket": "b"})", aws).path == "/path-true");
  aws.s3_path_style = true;
  CHECK(at("widgets", "Get", R"({"Bucket": "b"})", aws).path == "/path-true");
  aws.s3_accelerate = true;
  CHECK(at("widgets", "Get", R"({"Bucket": "b"})", aws).path == "/path-false");
}

TEST_CASE_FIXTURE(World, "what_is_no_url_of_an_endpoint_is_refused_without_repeating_passwords") {
  CHECK(refusal("widgets", "List", "{}", at_url("localhost:5000")) ==
        "widgets.List: the endpoint \"localhost:5000\" is no URL that can be called | "
        "write scheme, host and port, without a query: \"http://localhost:5000\"");
  CHECK(refusal("widgets", "List", "{}", at_url("http://me:hunter2@localhost")) ==
        "widgets.List: the endpoint's URL holds a user name or a password, which requests to AWS can't carry | leave out what "
        "stands before `@`");
  CHECK(refusal("gadgets", "List", "{}", at_url("ftp://x")).starts_with("gadgets.List: the endpoint \"ftp://x\" is no URL"));
}

TEST_CASE_FIXTURE(World, "a_port_that_the_scheme_implies_is_left_out") {
  CHECK(at("widgets", "Get", R"({"Bucket": "signed"})", in("r")).host == "signed");
  CHECK(at("gadgets", "List", "{}", at_url("http://x:80")).host == "x");
  CHECK(at("gadgets", "List", "{}", at_url("http://x:443")).host == "x:443");
}

TEST_CASE_FIXTURE(World, "a_host_prefix_belongs_to_endpoints_of_aws_and_is_not_doubled") {
  CHECK(at("widgets", "List", "{}", in("r")).takes_host_prefix);
  CHECK_FALSE(at("widgets", "List", "{}", at_url("http://localhost:5000")).takes_host_prefix);
  CHECK_FALSE(at("widgets", "Own", "{}", in("r")).takes_host_prefix);
}

TEST_CASE_FIXTURE(World, "the_path_to_send_has_the_bucket_once") {
  const Endpoint bucket = at("widgets", "Get", R"({"Bucket": "logs"})", in("r"));
  CHECK(bucket.is_path_in_endpoint);
  CHECK(path_at(bucket, "/logs/a/b") == "/path-false/a/b");
  CHECK(path_at(bucket, "/logs") == "/path-false");
  Endpoint host = bucket;
  host.path.clear();
  CHECK(path_at(host, "/logs") == "/");
  CHECK(path_at(host, "/logs//a") == "//a");
  const Endpoint plain = at("widgets", "List", "{}", at_url("http://x/"));
  CHECK_FALSE(at("gadgets", "Get", R"({"Bucket": "logs"})", in("r")).is_path_in_endpoint);
  CHECK_FALSE(plain.is_path_in_endpoint);
  CHECK(path_without_bucket("/bucket/key") == "/key");
  CHECK(path_without_bucket("/bucket") == "/");
}

TEST_CASE_FIXTURE(World, "a_service_without_rules_is_found_in_the_list_of_endpoints") {
  const Endpoint found = at("gadgets", "List", "{}", in("eu-west-1"));
  CHECK(found.host == "gadgets.amazonaws.com");
  CHECK(found.signing_region == "us-east-1");
  CHECK(found.signing_name == "gadget-signing");
  const Endpoint custom = at("gadgets", "List", "{}", at_url("http://localhost:5000/x/"));
  CHECK(custom.host == "localhost:5000");
  CHECK(custom.path == "/x");
  CHECK(custom.signing_region == "eu-west-1");
}
