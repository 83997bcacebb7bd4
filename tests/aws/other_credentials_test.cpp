// SSO, programs, containers, instances.
#include <sys/stat.h>

#include "base/digest.h"
#include "base/json.h"
#include "os/files.h"
#include "tests/aws/credential_world.h"

using namespace runbook;
using namespace runbook::aws;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string container_answer(const std::string& expiration) {
  return to_json(object({{"AccessKeyId", "CONT"}, {"SecretAccessKey", "s"}, {"Token", "t"}, {"Expiration", expiration}}));
}

std::string header(const HttpRequest& request, const std::string& name) {
  for (const auto& [key, value] : request.headers)
    if (key == name) return value;
  return {};
}

// Somebody who has signed in to a session "corp", for an hour.
struct SsoWorld : CredentialWorld {
  SsoWorld() {
    config(
        "[default]\nsso_session = corp\nsso_account_id = 444455556666\nsso_role_name = Admin\n"
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp/start\n");
    answer = [this](const ServiceCalled& call) {
      if (call.operation == "CreateToken")
        return object({{"accessToken", "second-token"}, {"expiresIn", 28800}, {"refreshToken", "second-refresh"}});
      return object({{"roleCredentials", object({{"accessKeyId", "SSO"},
                                                 {"secretAccessKey", "s"},
                                                 {"sessionToken", "t"},
                                                 {"expiration", clock.now + 3'600'000}})}});
    };
  }
  fs::path token_file(const std::string& name) const { return home / ".aws/sso/cache" / (to_hex(sha1(name)) + ".json"); }
  void sign_in(const std::string& name, std::int64_t for_seconds, Value more = Value(Map())) const {
    more = with(with(more, "accessToken", "first-token"), "expiresAt", expiration(for_seconds));
    std::ofstream(token_file(name)) << to_json(more);
  }
  Value renewable() const {
    return object({{"refreshToken", "first-refresh"},
                   {"clientId", "id"},
                   {"clientSecret", "client-secret"},
                   {"registrationExpiresAt", expiration(1'000'000)}});
  }
};

}  // namespace

TEST_CASE("who has signed in by SSO gets the role's credentials, without a signature") {
  SsoWorld world;
  world.sign_in("corp", 3600);
  const Credentials found = world.look();
  CHECK((found.access_key == "SSO" && found.account == "444455556666" && found.expires_ms == world.clock.now + 3'600'000));
  REQUIRE(world.called.size() == 1);
  CHECK((world.called[0].service == "sso" && world.called[0].region == "eu-west-1" && world.called[0].by == "nobody"));
  CHECK(world.called[0].params ==
        object({{"roleName", "Admin"}, {"accountId", "444455556666"}, {"accessToken", "first-token"}}));
}

TEST_CASE("an SSO token that is over, or was never there, is answered with the command that signs in") {
  SsoWorld world;
  CHECK(world.complaint() ==
        "profile `default` signs in by SSO, and nobody has signed in yet | type: aws sso login --profile default");
  world.sign_in("corp", 0);
  CHECK(
      world.complaint() ==
      "profile `default` signs in by SSO, and that is over since 2023-11-14T22:13:20Z | type: aws sso login --profile default");
  world.sign_in("corp", 3600);
  world.answer = [](const ServiceCalled&) -> Value {
    throw Error(ExitCode::step_failed, "UnauthorizedException: first-token is not valid");
  };
  CHECK(has(world.complaint(), "| type: aws sso login --profile default"));
  CHECK_FALSE(has(world.complaint(), "first-token"));
}

TEST_CASE("an SSO token that ends is renewed, and written back for its owner alone") {
  SsoWorld world;
  world.sign_in("corp", 600, world.renewable());
  world.look();
  REQUIRE(world.called.size() == 2);
  CHECK((world.called[0].service == "sso-oidc" && world.called[0].params.text_or("refreshToken", "") == "first-refresh"));
  CHECK(world.called[1].params.text_or("accessToken", "") == "second-token");
  const Value kept = parse_json(read_file(world.token_file("corp")));
  CHECK((kept.text_or("accessToken", "") == "second-token" && kept.text_or("refreshToken", "") == "second-refresh"));
  CHECK((kept.text_or("expiresAt", "") == world.expiration(28800) && kept.text_or("clientId", "") == "id"));
  struct stat about {};
  REQUIRE(::stat(world.token_file("corp").c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
}

TEST_CASE("an SSO token that can't be renewed serves until it ends") {
  SsoWorld world;
  world.sign_in("corp", 600, world.renewable());
  const auto answer = world.answer;
  world.answer = [&](const ServiceCalled& call) -> Value {
    if (call.operation == "CreateToken") throw Error(ExitCode::step_failed, "InvalidGrantException");
    return answer(call);
  };
  CHECK(world.look().access_key == "SSO");
  CHECK(world.called.back().params.text_or("accessToken", "") == "first-token");
}

TEST_CASE("an SSO profile without a session has its token under its start URL") {
  SsoWorld world;
  world.config("[default]\nsso_account_id = 1\nsso_role_name = R\nsso_region = us-east-1\nsso_start_url = https://old/start\n");
  std::ofstream(world.token_file("https://old/start")) << R"({"accessToken": "old", "expiresAt": "2030-01-01T00:00:00UTC"})";
  CHECK(world.look().access_key == "SSO");
  world.config("[default]\nsso_account_id = 1\nsso_role_name = R\n");
  CHECK(has(world.complaint(), "has no sso_start_url, sso_region | type: aws configure sso"));
  world.config("[default]\nsso_account_id = 1\nsso_role_name = R\nsso_session = gone\n");
  CHECK(has(world.complaint(), "names the section [sso-session gone]"));
}

TEST_CASE("a sign-in by `aws login` is named as what is not read") {
  CredentialWorld world;
  world.config("[profile me]\nlogin_session = arn:aws:iam::1:user/me\n");
  CHECK(world.complaint({}, {"AWS_PROFILE=me"}) ==
        "profile `me` is signed in by `aws login`, which is not read here | type: eval \"$(aws configure export-credentials "
        "--profile me --format env)\"");
}

namespace {

// A profile whose credential_process is this shell script, with an argument of two words.
void set_process(CredentialWorld& world, const std::string& script) {
  world.write("my print", "#!/bin/sh\n" + script + "\n");
  fs::permissions(world.home / "my print", fs::perms::owner_all);
  world.config("[default]\ncredential_process = \"" + (world.home / "my print").string() + "\" 'two words'\n");
}

}  // namespace

TEST_CASE("a program's credentials are those that it prints") {
  CredentialWorld world;
  set_process(world,
              R"(echo "{\"Version\": 1, \"AccessKeyId\": \"$1 $MINE\", \"SecretAccessKey\": \"s\", \"SessionToken\": \"t\",
    \"Expiration\": \"2023-11-14T23:13:20+00:00\", \"AccountId\": \"77\"}")");
  const Credentials found = world.look({}, {"MINE=here"});
  CHECK((found.access_key == "two words here" && found.session_token == "t" && found.account == "77"));
  CHECK(found.expires_ms == world.clock.now + 3'600'000);
}

TEST_CASE("a program that fails is quoted, without what is secret") {
  CredentialWorld world;
  set_process(world, R"(echo '{"SecretAccessKey": "printed-secret"}'; echo "no printed-secret today" >&2; exit 3)");
  CHECK(world.complaint() == "credential_process of profile `default` exited with 3: no [secret] today");
  set_process(world, "yes x | head -c 5000 >&2; exit 1");
  CHECK(world.complaint().size() < 600);
  set_process(world, "echo printed-secret");
  CHECK(world.complaint() == "credential_process of profile `default` prints no JSON");
  set_process(world, R"(echo '{"Version": 2, "AccessKeyId": "A", "SecretAccessKey": "printed-secret"}')");
  CHECK(has(world.complaint(), "prints another Version than 1"));
  set_process(world, R"(echo '{"Version": 1, "SecretAccessKey": "printed-secret"}')");
  CHECK(world.complaint() == "credential_process of profile `default` gives no credentials: AccessKeyId is missing");
  world.config("[default]\ncredential_process = /nowhere/at/all\n");
  CHECK(has(world.complaint(), "can't be started: No such file"));
}

TEST_CASE("a container has its role's credentials at the address in its variables") {
  CredentialWorld world;
  world.http.answer = [&](const HttpRequest&) { return ScriptedHttp::reply(200, container_answer(world.expiration(3600))); };
  world.write("authorization", "from-file\n");
  const Credentials found =
      world.look({}, {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/x?y", "AWS_CONTAINER_AUTHORIZATION_TOKEN=from-variable"});
  CHECK((found.access_key == "CONT" && found.session_token == "t"));
  CHECK(world.http.requests.at(0).url == "http://169.254.170.2/v2/x?y");
  CHECK(header(world.http.requests.at(0), "Authorization") == "from-variable");
  CHECK(world.http.requests.at(0).proxy == HttpRequest::Proxy::none);
  world.look({}, {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://[fd00:ec2::23]/v1",
                  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=" + (world.home / "authorization").string()});
  CHECK(header(world.http.requests.at(1), "Authorization") == "from-file");
}

TEST_CASE("a container's token goes to no other host") {
  CredentialWorld world;
  world.http.answer = [&](const HttpRequest&) { return ScriptedHttp::reply(200, container_answer(world.expiration(3600))); };
  const auto complaint = [&](const std::string& url) {
    return world.complaint({}, {"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + url});
  };
  for (const char* url : {"http://evil.example/x", "http://127.evil.example/", "http://localhost@evil.example/",
                          "http://169.254.170.2.evil.example/", "http://[fd00::1]/", "ftp://localhost/", "localhost",
                          "http://localhost\\@evil.example@/"})
    CHECK_MESSAGE(has(complaint(url), "where no container has its credentials"), std::string(url));
  CHECK(world.http.requests.empty());
  for (const char* url :
       {"https://any.example/x", "http://127.0.0.9:80/x", "http://[::1]/x", "http://localhost:1/x", "http://169.254.170.23/x"})
    CHECK_MESSAGE(complaint(url).empty(), std::string(url));
}

TEST_CASE("a container whose address fails is an error, not the next source") {
  CredentialWorld world;
  int answers = 0;
  world.http.answer = [&](const HttpRequest&) { return ScriptedHttp::reply(++answers == 1 ? 500 : 403, "no printed-secret"); };
  CHECK(world.complaint({}, {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x"}) ==
        "the container's address at 169.254.170.2 gives no credentials: it answers with status 403");
  CHECK(answers == 2);
}

namespace {

// An instance with the role "web"; `token_status` is what asking for a token is answered with.
struct InstanceWorld : CredentialWorld {
  InstanceWorld() {
    http.answer = [this](const HttpRequest& request) {
      if (request.method == "PUT") return ScriptedHttp::reply(token_status, "session");
      const bool is_allowed = token_status != 200 || header(request, "x-aws-ec2-metadata-token") == "session";
      if (!is_allowed) return ScriptedHttp::reply(401, "");
      if (request.url.ends_with("/security-credentials/")) return ScriptedHttp::reply(role.empty() ? 404 : 200, role);
      return ScriptedHttp::reply(200, container_answer(expires));
    };
  }
  int token_status = 200;
  std::string role = "web";
  std::string expires = expiration(3600);
};

}  // namespace

TEST_CASE("an instance gives its role's credentials to who has a token") {
  InstanceWorld world;
  CHECK(world.look().access_key == "CONT");
  REQUIRE(world.http.requests.size() == 3);
  CHECK(world.http.requests[0].url == "http://169.254.169.254/latest/api/token");
  CHECK(header(world.http.requests[0], "x-aws-ec2-metadata-token-ttl-seconds") == "21600");
  CHECK(world.http.requests[2].url == "http://169.254.169.254/latest/meta-data/iam/security-credentials/web");
  CHECK((world.http.requests[0].timeout_ms == 1000 && world.http.requests[0].proxy == HttpRequest::Proxy::none));
  world.look({}, {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6", "AWS_METADATA_SERVICE_TIMEOUT=3"});
  CHECK(world.http.requests[3].url == "http://[fd00:ec2::254]/latest/api/token");
  CHECK(world.http.requests[3].timeout_ms == 3000);
  world.look({}, {"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://localhost:1338"});
  CHECK(world.http.requests[6].url == "http://localhost:1338/latest/api/token");
}

TEST_CASE("an instance is asked without a token only where it says that it has none") {
  InstanceWorld world;
  world.token_status = 404;
  CHECK(world.look().access_key == "CONT");
  CHECK(header(world.http.requests.back(), "x-aws-ec2-metadata-token").empty());
  CHECK(has(world.complaint({}, {"AWS_EC2_METADATA_V1_DISABLED=true"}), "AWS_EC2_METADATA_V1_DISABLED is set"));
  world.token_status = 400;
  CHECK(has(world.complaint({}, {"AWS_ENDPOINT_URL=x"}), "gives no token (status 400)"));
  CHECK(world.complaint({}, {"AWS_EC2_METADATA_DISABLED=TRUE"}) != "");
}

TEST_CASE("an instance without a role has no credentials") {
  InstanceWorld world;
  world.role = "";
  CHECK(has(world.complaint(), "this instance has no role"));
}

TEST_CASE("what an instance gives out after its time is used for a while") {
  InstanceWorld world;
  world.expires = world.expiration(-60);
  CHECK(world.look().expires_ms == world.clock.now + 15 * 60'000);
  world.clock.now += 9 * 60'000;
  world.look();
  CHECK(world.http.requests.size() == 3);
  world.clock.now += 2 * 60'000;
  world.look();
  CHECK(world.http.requests.size() == 6);
}
