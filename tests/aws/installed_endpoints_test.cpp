// Stories over the service models of this machine; without any they are passed over, and say so.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "aws/surroundings.h"
#include "base/error.h"
#include "base/json.h"
#include "plugins/aws/endpoint.h"
#include "plugins/aws/model_store.h"

using namespace runbook;
using namespace runbook::aws;
using testing::at_url;
using testing::in;

namespace {

std::vector<std::string> environment() {
  std::vector<std::string> env;
  for (const char* name : {"RUNBOOK_AWS_MODELS", "PATH", "HOME"}) {
    if (const char* value = std::getenv(name)) env.push_back(fmt::format("{}={}", name, value));
  }
  return env;
}

// nullptr: there are no models here.
const ModelStore* installed() {
  static const std::unique_ptr<ModelStore> store = [] {
    const auto folder = find_models(environment());
    return folder ? std::make_unique<ModelStore>(*folder, "") : nullptr;
  }();
  return store.get();
}

bool are_missing(const char* story) {
  if (installed()) return false;
  const std::string message = fmt::format("{}: skipped: {}", story, no_models);
  MESSAGE(message);
  return true;
}

Endpoint endpoint(const std::string& service, const std::string& operation, const char* params,
                  const EndpointSettings& settings) {
  const auto model = installed()->service(service);
  REQUIRE(model);
  REQUIRE(model->operation(operation));
  return endpoint_of(*installed(), *model, *model->operation(operation), parse_json(params), settings);
}

// "https://host/path region name"
std::string where(const std::string& service, const std::string& operation, const char* params,
                  const EndpointSettings& settings) {
  const Endpoint found = endpoint(service, operation, params, settings);
  return fmt::format("{}://{}{} {} {}", found.scheme, found.host, found.path, found.signing_region, found.signing_name);
}

std::string refusal(const std::string& service, const std::string& operation, const char* params,
                    const EndpointSettings& settings) try {
  return "not refused: " + where(service, operation, params, settings);
} catch (const Error& error) {
  return error.what();
}

}  // namespace

TEST_CASE("regional_services_are_found_in_each_partition") {
  if (are_missing("regional_services_are_found_in_each_partition")) return;
  CHECK(where("rds", "DescribeDBInstances", "{}", in("us-east-2")) == "https://rds.us-east-2.amazonaws.com us-east-2 rds");
  CHECK(where("rds", "DescribeDBInstances", "{}", in("cn-north-1")) ==
        "https://rds.cn-north-1.amazonaws.com.cn cn-north-1 rds");
  CHECK(where("rds", "DescribeDBInstances", "{}", in("us-gov-west-1")) ==
        "https://rds.us-gov-west-1.amazonaws.com us-gov-west-1 rds");
  CHECK(where("sts", "GetCallerIdentity", "{}", in("eu-west-1")) == "https://sts.eu-west-1.amazonaws.com eu-west-1 sts");
}

TEST_CASE("global_services_are_signed_for_the_region_of_their_partition") {
  if (are_missing("global_services_are_signed_for_the_region_of_their_partition")) return;
  CHECK(where("iam", "ListUsers", "{}", in("eu-west-1")) == "https://iam.amazonaws.com us-east-1 iam");
  CHECK(where("iam", "ListUsers", "{}", in("")) == "https://iam.amazonaws.com us-east-1 iam");
  CHECK(where("route53", "ListHostedZones", "{}", in("eu-west-1")) == "https://route53.amazonaws.com us-east-1 route53");
  CHECK(where("iam", "ListUsers", "{}", in("us-gov-west-1")) == "https://iam.us-gov.amazonaws.com us-gov-west-1 iam");
  CHECK(where("iam", "ListUsers", "{}", in("cn-north-1")) == "https://iam.cn-north-1.amazonaws.com.cn cn-north-1 iam");
}

TEST_CASE("a_regional_service_without_a_region_is_refused") {
  if (are_missing("a_regional_service_without_a_region_is_refused")) return;
  CHECK(refusal("rds", "DescribeDBInstances", "{}", in("")) == "rds.DescribeDBInstances: no region is set");
}

TEST_CASE("sts_has_its_old_global_endpoint_where_it_is_wanted") {
  if (are_missing("sts_has_its_old_global_endpoint_where_it_is_wanted")) return;
  EndpointSettings legacy = in("us-west-2");
  legacy.sts_regional = "legacy";
  CHECK(where("sts", "GetCallerIdentity", "{}", legacy) == "https://sts.amazonaws.com us-east-1 sts");
  legacy.region = "eu-south-1";
  CHECK(where("sts", "GetCallerIdentity", "{}", legacy) == "https://sts.eu-south-1.amazonaws.com eu-south-1 sts");
}

TEST_CASE("fips_and_dualstack_are_asked_for") {
  if (are_missing("fips_and_dualstack_are_asked_for")) return;
  EndpointSettings fips = in("us-east-2");
  fips.use_fips = true;
  CHECK(where("rds", "DescribeDBInstances", "{}", fips) == "https://rds-fips.us-east-2.amazonaws.com us-east-2 rds");
  EndpointSettings dualstack = in("us-east-2");
  dualstack.use_dualstack = true;
  CHECK(where("s3", "HeadBucket", R"({"Bucket": "logs"})", dualstack) ==
        "https://logs.s3.dualstack.us-east-2.amazonaws.com us-east-2 s3");
  CHECK(where("rds", "DescribeDBInstances", "{}", in("fips-us-east-2")) ==
        "https://rds-fips.us-east-2.amazonaws.com us-east-2 rds");
}

TEST_CASE("a_bucket_is_a_host_where_its_name_is_one_and_a_path_where_it_is_not") {
  if (are_missing("a_bucket_is_a_host_where_its_name_is_one_and_a_path_where_it_is_not")) return;
  const EndpointSettings ohio = in("us-east-2");
  CHECK(where("s3", "HeadBucket", R"({"Bucket": "logs"})", ohio) == "https://logs.s3.us-east-2.amazonaws.com us-east-2 s3");
  CHECK(where("s3", "HeadBucket", R"({"Bucket": "logs.example.com"})", ohio) ==
        "https://s3.us-east-2.amazonaws.com/logs.example.com us-east-2 s3");
  CHECK(where("s3", "HeadBucket", R"({"Bucket": "LOGS"})", ohio) == "https://s3.us-east-2.amazonaws.com/LOGS us-east-2 s3");
  CHECK(where("s3", "ListBuckets", "{}", ohio) == "https://s3.us-east-2.amazonaws.com us-east-2 s3");
  CHECK(where("s3", "GetBucketLocation", R"({"Bucket": "logs"})", ohio) ==
        "https://s3.us-east-2.amazonaws.com/logs us-east-2 s3");
  CHECK(where("s3", "HeadBucket", R"({"Bucket": "logs"})", in("cn-north-1")) ==
        "https://logs.s3.cn-north-1.amazonaws.com.cn cn-north-1 s3");
}

TEST_CASE("s3_encodes_a_path_once_and_has_the_bucket_in_its_endpoint") {
  if (are_missing("s3_encodes_a_path_once_and_has_the_bucket_in_its_endpoint")) return;
  const Endpoint found = endpoint("s3", "GetObject", R"({"Bucket": "logs", "Key": "a/b"})", in("us-east-2"));
  CHECK(found.encodes_path_once);
  CHECK(path_at(found, "/logs/a/b") == "/a/b");
  const Endpoint own = endpoint("s3", "GetObject", R"({"Bucket": "logs", "Key": "a"})", at_url("http://127.0.0.1:5000"));
  CHECK(path_at(own, "/logs/a") == "/logs/a");
  CHECK(path_at(endpoint("s3", "ListBuckets", "{}", in("us-east-2")), "/") == "/");
}

TEST_CASE("at_ones_own_server_s3_uses_paths_unless_told_otherwise") {
  if (are_missing("at_ones_own_server_s3_uses_paths_unless_told_otherwise")) return;
  const char* const logs = R"({"Bucket": "logs"})";
  CHECK(where("s3", "HeadBucket", logs, at_url("http://127.0.0.1:5000")) == "http://127.0.0.1:5000/logs eu-west-1 s3");
  CHECK(where("s3", "HeadBucket", logs, at_url("http://localhost:9000/pre")) == "http://localhost:9000/pre/logs eu-west-1 s3");
  EndpointSettings hosts = at_url("https://minio.example.com:9000");
  hosts.s3_virtual_style = true;
  CHECK(where("s3", "HeadBucket", logs, hosts) == "https://logs.minio.example.com:9000 eu-west-1 s3");
}

TEST_CASE("an_access_point_is_called_in_its_own_region") {
  if (are_missing("an_access_point_is_called_in_its_own_region")) return;
  const char* const point = R"({"Bucket": "arn:aws:s3:us-west-2:123456789012:accesspoint/mine"})";
  CHECK(where("s3", "HeadBucket", point, in("us-east-2")) ==
        "https://mine-123456789012.s3-accesspoint.us-west-2.amazonaws.com us-west-2 s3");
  EndpointSettings strict = in("us-east-2");
  strict.s3_use_arn_region = false;
  CHECK(refusal("s3", "HeadBucket", point, strict) ==
        "s3.HeadBucket: Invalid configuration: region from ARN `us-west-2` does not match client region `us-east-2` and "
        "UseArnRegion is "
        "`false`");
}

TEST_CASE("s3control_has_the_account_in_its_host_once") {
  if (are_missing("s3control_has_the_account_in_its_host_once")) return;
  const Endpoint found = endpoint("s3control", "ListAccessPoints", R"({"AccountId": "123456789012"})", in("us-east-2"));
  CHECK(found.host == "123456789012.s3-control.us-east-2.amazonaws.com");
  CHECK_FALSE(found.takes_host_prefix);
  CHECK(refusal("s3control", "ListAccessPoints", R"({"AccountId": "evil.com/"})", in("us-east-2")) ==
        "s3control.ListAccessPoints: AccountId must only contain a-z, A-Z, 0-9 and `-`.");
}

TEST_CASE("dynamodb_uses_the_account_that_is_known_or_that_a_table_names") {
  if (are_missing("dynamodb_uses_the_account_that_is_known_or_that_a_table_names")) return;
  const Endpoint plain = endpoint("dynamodb", "ListTables", "{}", in("us-east-2"));
  CHECK(plain.host == "dynamodb.us-east-2.amazonaws.com");
  if (!installed()->part("dynamodb", "endpoint-rule-set-1").get("parameters").find("AccountId")) return;  // models before 2024
  EndpointSettings settings = in("us-east-2");
  settings.account_id = "111122223333";
  CHECK(endpoint("dynamodb", "ListTables", "{}", settings).host == "111122223333.ddb.us-east-2.amazonaws.com");
  CHECK(endpoint("dynamodb", "BatchGetItem", R"({"RequestItems": {"arn:aws:dynamodb:us-east-2:999988887777:table/t": {}}})",
                 settings)
            .host == "999988887777.ddb.us-east-2.amazonaws.com");
  settings.account_id_mode = "disabled";
  CHECK(endpoint("dynamodb", "ListTables", "{}", settings).host == "dynamodb.us-east-2.amazonaws.com");
}
