// Roles: of profiles and their sources, of a target, by a web identity; codes of devices.
#include "tests/aws/credential_world.h"

using namespace runbook;
using namespace runbook::aws;

namespace {

const std::string base_keys = "[base]\naws_access_key_id = AKIA\naws_secret_access_key = file-secret\n";
const std::string arn = "arn:aws:iam::111122223333:role/";

CredentialWish profile(const std::string& name) {
  CredentialWish wish;
  wish.profile = name;
  return wish;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a profile's role is assumed with its source_profile, through several") {
  CredentialWorld world;
  world.keys(base_keys);
  world.config("[profile dev]\nrole_arn = " + arn +
               "dev\nsource_profile = middle\nexternal_id = ext\nduration_seconds = 900\n"
               "role_session_name = ada\nregion = eu-west-1\n[profile middle]\nrole_arn = " +
               arn + "middle\nsource_profile = base\n");
  const Credentials found = world.look(profile("dev"));
  CHECK((found.access_key == "ASIA2" && found.account == "111122223333"));
  CHECK(found.source == "role " + arn + "dev by profile dev");
  REQUIRE(world.called.size() == 2);
  CHECK((world.called[0].by == "AKIA" && world.called[1].by == "ASIA1" && world.called[1].operation == "AssumeRole"));
  CHECK(world.called[0].params == object({{"RoleArn", arn + "middle"}, {"RoleSessionName", "runbook-1700000000000"}}));
  CHECK(world.called[1].params ==
        object({{"RoleArn", arn + "dev"}, {"RoleSessionName", "ada"}, {"ExternalId", "ext"}, {"DurationSeconds", 900}}));
  CHECK(world.called[1].region == "eu-west-1");
}

TEST_CASE("a profile may be its own source, for the keys that it has") {
  CredentialWorld world;
  world.config("[default]\nrole_arn = " + arn + "x\nsource_profile = default\n");
  CHECK(has(world.complaint(), "source_profile leads round in circles: default → default"));
  world.keys("[default]\naws_access_key_id = AKIA\naws_secret_access_key = s\n");
  CHECK(world.look().access_key == "ASIA1");
  CHECK(world.called[0].by == "AKIA");
}

TEST_CASE("sources that lead nowhere are refused before anything is asked") {
  CredentialWorld world;
  world.config(
      "[profile a]\nrole_arn = x\nsource_profile = b\n[profile b]\nrole_arn = x\nsource_profile = c\n"
      "[profile c]\nrole_arn = x\nsource_profile = a\n[profile d]\nrole_arn = x\nsource_profile = aa\n"
      "[profile e]\nrole_arn = x\n[profile f]\nrole_arn = x\nsource_profile = g\n[profile g]\nregion = x\n"
      "[profile h]\nrole_arn = x\nsource_profile = g\ncredential_source = Environment\n");
  CHECK(has(world.complaint(profile("a")), "source_profile leads round in circles: a → b → c → a | "));
  CHECK(has(world.complaint(profile("d")), "profile `d` has source_profile = aa, which is no profile"));
  CHECK(has(world.complaint(profile("e")), "neither source_profile nor credential_source"));
  CHECK(has(world.complaint(profile("f")), "profile `g` is a source_profile without credentials"));
  CHECK(has(world.complaint(profile("h")), "has both source_profile and credential_source"));
  CHECK(world.called.empty());
  CHECK(world.http.requests.empty());
}

TEST_CASE("a profile's role is assumed with what credential_source names") {
  CredentialWorld world;
  world.config("[profile env]\nrole_arn = " + arn + "x\ncredential_source = Environment\n[profile ec2]\nrole_arn = " + arn +
               "x\ncredential_source = Ec2InstanceMetadata\n[profile none]\nrole_arn = x\ncredential_source = Enviroment\n");
  world.look(profile("env"), {"AWS_ACCESS_KEY_ID=ENV", "AWS_SECRET_ACCESS_KEY=s"});
  CHECK(world.called.at(0).by == "ENV");
  CHECK(has(world.complaint(profile("env")), "credential_source = Environment, which has none: AWS_ACCESS_KEY_ID is not set"));
  CHECK(has(world.complaint(profile("ec2")), "which has none: no container or instance answers"));
  CHECK(has(world.complaint(profile("none")), "did you mean `Environment`?"));
}

TEST_CASE("a target's role is assumed with whatever the surroundings give") {
  CredentialWorld world;
  world.keys(base_keys);
  world.config("[profile dev]\nrole_arn = " + arn + "dev\nsource_profile = base\n");
  CredentialWish wish = profile("dev");
  wish.assume_role = "arn:aws:iam::999988887777:role/route53";
  wish.external_id = "e";
  wish.session_name = "n";
  wish.duration_s = 1200;
  const Credentials found = world.look(wish);
  CHECK((found.access_key == "ASIA2" && found.source == "role arn:aws:iam::999988887777:role/route53"));
  CHECK(world.called[1].params ==
        object({{"RoleArn", wish.assume_role}, {"RoleSessionName", "n"}, {"ExternalId", "e"}, {"DurationSeconds", 1200}}));
  CHECK(world.called[1].by == "ASIA1");
  CHECK(world.called[1].region == "us-east-1");
}

TEST_CASE("a device's code is asked for once, while the session that it opened serves several roles") {
  CredentialWorld world;
  world.keys(base_keys);
  world.config("[profile dev]\nrole_arn = " + arn +
               "dev\nsource_profile = base\nmfa_serial = arn:mfa/ada\n"
               "[profile a]\nrole_arn = " +
               arn + "a\nsource_profile = dev\n[profile b]\nrole_arn = " + arn + "b\nsource_profile = dev\n");
  world.look(profile("a"));
  world.look(profile("b"));
  world.clock.now += 30 * 60'000;
  world.look(profile("a"));
  CHECK(world.asked == std::vector<std::string>{"arn:mfa/ada"});
  CHECK(world.called[0].params.text_or("TokenCode", "") == "123456");
  CHECK(world.called[0].params.text_or("SerialNumber", "") == "arn:mfa/ada");
  world.clock.now += 27 * 60'000;
  world.look(profile("a"));
  CHECK(world.asked.size() == 2);
  CHECK_FALSE(fs::exists(world.home / ".aws/cli"));  // nothing of it is left on disk
}

TEST_CASE("where nobody answers for a device, the role is refused") {
  CredentialWorld world;
  world.keys(base_keys);
  world.config("[profile dev]\nrole_arn = " + arn + "dev\nsource_profile = base\nmfa_serial = arn:mfa/ada\n");
  world.code = "";
  CHECK(has(world.complaint(profile("dev")),
            "needs a code of the device arn:mfa/ada, and nobody can be asked | run it at a terminal"));
  CHECK(world.called.empty());
}

TEST_CASE("no secret stands in what a service says of its refusal") {
  CredentialWorld world;
  world.keys(base_keys);
  world.config("[profile dev]\nrole_arn = " + arn + "dev\nsource_profile = base\nmfa_serial = arn:mfa/ada\n");
  world.answer = [](const ServiceCalled& call) -> Value {
    throw Error(ExitCode::step_failed, "AccessDenied: file-secret and " + call.params.text_or("TokenCode", ""));
  };
  const std::string complaint = world.complaint(profile("dev"));
  CHECK(has(complaint, "role " + arn + "dev can't be assumed with the credentials of profile base: AccessDenied: "));
  CHECK_FALSE(has(complaint, "file-secret"));
  CHECK_FALSE(has(complaint, "123456"));
}

TEST_CASE("a web identity's token is read from its file, and goes to STS without a signature") {
  CredentialWorld world;
  world.write("token", "first-token\n");
  const std::string file = "AWS_WEB_IDENTITY_TOKEN_FILE=" + (world.home / "token").string();
  const Credentials found = world.look({}, {file, "AWS_ROLE_ARN=" + arn + "pod", "AWS_ROLE_SESSION_NAME=pod"});
  CHECK((found.access_key == "ASIA1" && found.account == "111122223333"));
  CHECK((world.called[0].operation == "AssumeRoleWithWebIdentity" && world.called[0].by == "nobody"));
  CHECK(world.called[0].params ==
        object({{"RoleArn", arn + "pod"}, {"RoleSessionName", "pod"}, {"WebIdentityToken", "first-token"}}));
  CHECK(has(world.complaint({}, {file}), "but no role to assume with it | set AWS_ROLE_ARN"));
}

TEST_CASE("a profile's web identity stands below the environment's, unless the profile was asked for") {
  CredentialWorld world;
  world.write("token", "t");
  const std::string file = (world.home / "token").string();
  world.config("[profile ci]\nweb_identity_token_file = " + file + "\nrole_arn = " + arn + "ci\n");
  const std::vector<std::string> pod = {"AWS_WEB_IDENTITY_TOKEN_FILE=" + file, "AWS_ROLE_ARN=" + arn + "pod"};
  world.look(profile("ci"), pod);
  CHECK(world.called[0].params.text_or("RoleArn", "") == arn + "ci");
  world.look({}, {pod[0], pod[1], "AWS_PROFILE=ci"});
  CHECK(world.called[1].params.text_or("RoleArn", "") == arn + "pod");
}
