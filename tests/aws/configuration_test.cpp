#include "plugins/aws/configuration.h"

#include "tests/aws/credential_world.h"

using namespace runbook;
using namespace runbook::aws;

namespace {

std::string complaint_about(const std::string& text) try {
  read_ini(text, "~/.aws/config");
  return "";
} catch (const Error& error) {
  return error.what();
}

}  // namespace

TEST_CASE("profiles of both files are one, and the credentials file stands above") {
  CredentialWorld world;
  world.config(
      "[default]\nregion = eu-west-1\n[profile dev]\nregion = us-west-2\nrole_session_name = config\n[preview]\nx = 1\n");
  world.keys("[dev]\nrole_session_name = credentials\n[only]\naws_access_key_id = A\n");
  const Configuration from = world.configuration();
  CHECK(from.profile_names() == std::vector<std::string>{"default", "dev", "only"});
  CHECK(from.profile("dev") == Section{{"region", "us-west-2"}, {"role_session_name", "credentials"}});
  CHECK_FALSE(from.profile("preview"));
  CHECK(from.in_config_file("dev").at("role_session_name") == "config");
}

TEST_CASE("the files are read as people write them") {
  CredentialWorld world;
  world.config(
      "\xEF\xBB\xBF# first\r\n[default]\r\nRegion = eu-west-1 # where we are\r\ncolor = #fff\r\n; no\r\n\r\n"
      "[profile \"two words\"]\nquoted = \"a # b\"\nlong = one\n  two\n\n  three\n  # not four\n"
      "s3 =\n  addressing_style = path\n  endpoint_url=http://x:1/?a=b\nregion: us-east-2\n[profile x] # behind\na=1\n"
      "[default]\noutput=json\nregion = eu-west-2\n");
  const Configuration from = world.configuration();
  CHECK(from.profile("default") == Section{{"region", "eu-west-2"}, {"color", "#fff"}, {"output", "json"}});
  CHECK(from.profile("x") == Section{{"a", "1"}});
  CHECK(from.profile("two words") == Section{{"quoted", "\"a # b\""},
                                             {"long", "one\ntwo\nthree"},
                                             {"s3", ""},
                                             {"s3.addressing_style", "path"},
                                             {"s3.endpoint_url", "http://x:1/?a=b"},
                                             {"region", "us-east-2"}});
}

TEST_CASE("what is no such file is refused with its line, and without its values") {
  CHECK(complaint_about("region = x\n") == "~/.aws/config:1: a setting stands before the first section");
  CHECK(complaint_about("[a]\n\nAKIASECRET\n") == "~/.aws/config:3: this is no setting");
  CHECK(complaint_about("[a]\ns3 =\n  nothing\n") == "~/.aws/config:3: below `s3 =` stands what is no setting");
  CHECK(complaint_about("[a\nx = 1\n") == "~/.aws/config:1: a section's name stands in brackets");
  CHECK(complaint_about("[a]\n= 1\n") == "~/.aws/config:2: this is no setting");
}

TEST_CASE("variables name other files, also below the home folder, and which profile counts") {
  CredentialWorld world;
  world.write("mine", "[profile dev]\nregion = here\n");
  const Configuration from = world.configuration({"AWS_CONFIG_FILE=~/mine", "AWS_DEFAULT_PROFILE=other", "AWS_PROFILE=dev"});
  CHECK(from.profile_name() == "dev");
  CHECK(from.profile_name("wanted") == "wanted");
  CHECK(from.region("dev") == "here");
  CHECK(world.configuration().profile_name() == "default");
  CHECK(world.configuration({"AWS_DEFAULT_PROFILE=other"}).profile_name() == "other");
  CHECK(world.configuration({"AWS_CONFIG_FILE=/nowhere"}).profile_names().empty());
}

TEST_CASE("the region is that of the variables, then of the profile") {
  CredentialWorld world;
  world.config("[default]\nregion = file\n");
  CHECK(world.configuration({"AWS_DEFAULT_REGION=second", "AWS_REGION=first"}).region("default") == "first");
  CHECK(world.configuration({"AWS_DEFAULT_REGION=second"}).region("default") == "second");
  CHECK(world.configuration().region("default") == "file");
  CHECK(world.configuration().region("none").empty());
}

TEST_CASE("an endpoint is that of the service's variable, the variable, the service's setting, the setting") {
  CredentialWorld world;
  world.config(
      "[default]\nservices = local\nendpoint_url = http://all\n[services local]\nauto_scaling =\n  endpoint_url = "
      "http://one\n");
  const auto url = [&](const std::string& service, const std::vector<std::string>& more = {}) {
    return world.configuration(more).endpoint_settings("default", service).endpoint_url;
  };
  const std::string mine = "AWS_ENDPOINT_URL_AUTO_SCALING=http://mine", any = "AWS_ENDPOINT_URL=http://any";
  CHECK(url("Auto Scaling", {mine, any}) == "http://mine");
  CHECK(url("Auto Scaling", {any}) == "http://any");
  CHECK(url("Auto Scaling") == "http://one");
  CHECK(url("EC2") == "http://all");
  CHECK(url("EC2", {mine, any, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"}).empty());
  world.config("[default]\nservices = locl\n[services local]\nx = 1\n");
  CHECK_THROWS_WITH_AS(url("EC2"), doctest::Contains("names the section [services locl]"), Error);
}

TEST_CASE("what bears on endpoints comes from variables and from the profile") {
  CredentialWorld world;
  world.config(
      "[default]\nuse_fips_endpoint = True\nsts_regional_endpoints = legacy\nca_bundle = ~/ca.pem\n"
      "s3 =\n  addressing_style = path\n  use_accelerate_endpoint = true\n  use_arn_region = false\n"
      "  use_dualstack_endpoint = true\n");
  const EndpointSettings s3 = world.configuration().endpoint_settings("default", "S3");
  CHECK((s3.use_fips && s3.use_dualstack && s3.s3_path_style && s3.s3_accelerate && !s3.s3_use_arn_region));
  CHECK(s3.sts_regional == "legacy");
  CHECK_FALSE(world.configuration().endpoint_settings("default", "EC2").use_dualstack);
  const EndpointSettings otherwise =
      world.configuration({"AWS_USE_FIPS_ENDPOINT=false", "AWS_S3_USE_ARN_REGION=true", "AWS_STS_REGIONAL_ENDPOINTS=regional"})
          .endpoint_settings("default", "S3");
  CHECK((!otherwise.use_fips && otherwise.s3_use_arn_region && otherwise.sts_regional == "regional"));
  CHECK(world.configuration().ca_bundle("default") == (world.home / "ca.pem").string());
  CHECK(world.configuration({"AWS_CA_BUNDLE=/ca"}).ca_bundle("default") == "/ca");
}

TEST_CASE("a command is divided into words as by a shell") {
  const auto words = [](const char* text) { return shell_words(text, "it"); };
  CHECK(words("  a 'b c'  \"d \\\" e\"f g\\ h ''") == std::vector<std::string>{"a", "b c", "d \" ef", "g h", ""});
  CHECK(words("$HOME `x` a|b") == std::vector<std::string>{"$HOME", "`x`", "a|b"});
  CHECK_THROWS_AS(words("a 'b"), Error);
}
