#include "plugins/aws/legacy_endpoint.h"

#include <doctest/doctest.h>

#include <string>

#include "base/error.h"
#include "base/json.h"

using namespace runbook;
using namespace runbook::aws;

namespace {

const Value& endpoints() {
  static const Value value = parse_json(R"({"version": 3, "partitions": [
    {"partition": "aws", "dnsSuffix": "amazonaws.com", "regionRegex": "^(us|eu)\\-\\w+\\-\\d+$",
     "regions": {"us-east-1": {}, "eu-west-1": {}},
     "defaults": {"hostname": "{service}.{region}.{dnsSuffix}", "protocols": ["https"], "variants": [
        {"tags": ["fips"], "hostname": "{service}-fips.{region}.{dnsSuffix}", "dnsSuffix": "amazonaws.com"},
        {"tags": ["dualstack"], "hostname": "{service}.{region}.{dnsSuffix}", "dnsSuffix": "api.aws"}]},
     "services": {
       "iam": {"partitionEndpoint": "aws-global", "isRegionalized": false, "endpoints": {
         "aws-global": {"hostname": "iam.amazonaws.com", "credentialScope": {"region": "us-east-1"},
                        "variants": [{"tags": ["fips"], "hostname": "iam-fips.amazonaws.com"}]},
         "iam-govcloud": {"hostname": "iam.us-gov.amazonaws.com", "credentialScope": {"region": "us-gov-west-1"}}}},
       "s3": {"partitionEndpoint": "aws-global", "isRegionalized": true, "endpoints": {"eu-west-1": {"hostname": "s3-eu-west-1.{dnsSuffix}"}},
              "defaults": {"protocols": ["http", "https"], "credentialScope": {"service": "s3"}}},
       "old": {"defaults": {"protocols": ["http"]}, "endpoints": {}}}},
    {"partition": "aws-cn", "dnsSuffix": "amazonaws.com.cn", "regionRegex": "^cn\\-\\w+\\-\\d+$", "regions": {"cn-north-1": {}},
     "defaults": {"hostname": "{service}.{region}.{dnsSuffix}", "protocols": ["https"]}, "services": {}}]})");
  return value;
}

std::string found(const char* service, const char* region, Variant variant = {}) {
  const LegacyEndpoint endpoint = legacy_endpoint(endpoints(), service, region, variant);
  return endpoint.scheme + "://" + endpoint.host + " " + endpoint.signing_region;
}

}  // namespace

TEST_CASE("a_service_that_is_not_listed_gets_the_name_by_its_partition") {
  CHECK(found("rds", "us-east-1") == "https://rds.us-east-1.amazonaws.com us-east-1");
  CHECK(found("rds", "cn-north-1") == "https://rds.cn-north-1.amazonaws.com.cn cn-north-1");
  CHECK(found("rds", "cn-newer-7") == "https://rds.cn-newer-7.amazonaws.com.cn cn-newer-7");
  CHECK(found("rds", "mars-1") == "https://rds.mars-1.amazonaws.com mars-1");
}

TEST_CASE("a_global_service_has_one_endpoint_and_one_region_to_sign_for") {
  CHECK(found("iam", "eu-west-1") == "https://iam.amazonaws.com us-east-1");
  CHECK(found("iam", "iam-govcloud") == "https://iam.us-gov.amazonaws.com us-gov-west-1");
  CHECK(found("s3", "us-east-1") == "https://s3.us-east-1.amazonaws.com us-east-1");
  CHECK(global_region(endpoints(), "iam") == "aws-global");
  CHECK(global_region(endpoints(), "rds").empty());
}

TEST_CASE("what_an_endpoint_says_counts_before_the_services_defaults_and_the_partitions") {
  CHECK(found("s3", "eu-west-1") == "https://s3-eu-west-1.amazonaws.com eu-west-1");
  CHECK(legacy_endpoint(endpoints(), "s3", "eu-west-1", {}).signing_name == "s3");
  CHECK(found("old", "eu-west-1") == "http://old.eu-west-1.amazonaws.com eu-west-1");
}

TEST_CASE("variants_have_names_and_suffixes_of_their_own") {
  CHECK(found("rds", "us-east-1", {.fips = true}) == "https://rds-fips.us-east-1.amazonaws.com us-east-1");
  CHECK(found("rds", "us-east-1", {.dualstack = true}) == "https://rds.us-east-1.api.aws us-east-1");
  CHECK(found("iam", "us-east-1", {.fips = true}) == "https://iam-fips.amazonaws.com us-east-1");
}

TEST_CASE("a_variant_that_is_not_there_is_refused") {
  CHECK_THROWS_WITH_AS(found("rds", "us-east-1", {.fips = true, .dualstack = true}),
                       "rds has no dualstack and fips endpoint in us-east-1", Error);
}

TEST_CASE("without_the_list_of_endpoints_the_common_name_is_taken") {
  CHECK(legacy_endpoint(Value(), "rds", "us-east-1", {}).host == "rds.us-east-1.amazonaws.com");
  CHECK(global_region(Value(), "iam").empty());
}
