// Which source counts, and how what expires is renewed.
#include "plugins/aws/credentials.h"

#include <sys/stat.h>

#include <condition_variable>
#include <thread>

#include "tests/aws/credential_world.h"

using namespace runbook;
using namespace runbook::aws;

namespace {

constexpr std::int64_t minute = 60'000;
const std::string pair_of_keys = "aws_access_key_id = AKIA\naws_secret_access_key = file-secret\n";

CredentialWish profile(const std::string& name) {
  CredentialWish wish;
  wish.profile = name;
  return wish;
}

CredentialWish role(const std::string& arn) {
  CredentialWish wish;
  wish.assume_role = arn;
  return wish;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("keys in variables count, but not above a profile that was asked for") {
  CredentialWorld world;
  world.keys("[default]\n" + pair_of_keys + "[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = s\n");
  const std::vector<std::string> keys = {"AWS_ACCESS_KEY_ID=ENV", "AWS_SECRET_ACCESS_KEY=env-secret", "AWS_SESSION_TOKEN=t",
                                         "AWS_ACCOUNT_ID=1111"};
  const Credentials found = world.look({}, keys);
  CHECK((found.access_key == "ENV" && found.session_token == "t" && found.account == "1111"));
  CHECK(found.source == "environment");
  CHECK(world.look(profile("dev"), keys).access_key == "AKIADEV");
  CHECK(world.look({}, {"AWS_PROFILE=dev"}).access_key == "AKIADEV");
  CHECK(world.look({}, {keys[0], keys[1], "AWS_PROFILE=dev"}).access_key == "ENV");
  CHECK(world.look().access_key == "AKIA");
}

TEST_CASE("half a pair is refused by the name of the missing half") {
  CredentialWorld world;
  CHECK(world.complaint({}, {"AWS_ACCESS_KEY_ID=A"}) ==
        "the environment has AWS_ACCESS_KEY_ID without AWS_SECRET_ACCESS_KEY | set AWS_SECRET_ACCESS_KEY, or remove "
        "AWS_ACCESS_KEY_ID");
  CHECK(has(world.complaint({}, {"AWS_SECRET_ACCESS_KEY=very-secret"}), "without AWS_ACCESS_KEY_ID"));
  CHECK_FALSE(has(world.complaint({}, {"AWS_SECRET_ACCESS_KEY=very-secret"}), "very-secret"));
  world.keys("[default]\naws_access_key_id = A\n");
  world.config("[default]\naws_secret_access_key = s\n");  // of another pair
  CHECK(has(world.complaint(), "has aws_access_key_id without aws_secret_access_key"));
}

TEST_CASE("keys of the credentials file stand above a process, and that above keys of the config file") {
  CredentialWorld world;
  world.write("print", "#!/bin/sh\necho '{\"Version\": 1, \"AccessKeyId\": \"PROC\", \"SecretAccessKey\": \"s\"}'\n");
  fs::permissions(world.home / "print", fs::perms::owner_all);
  world.config("[default]\ncredential_process = " + (world.home / "print").string() +
               "\naws_access_key_id = CONF\naws_secret_access_key = s\n");
  CHECK(world.look().access_key == "PROC");
  world.keys("[default]\n" + pair_of_keys);
  CHECK(world.look().access_key == "AKIA");
}

TEST_CASE("where there are none, what was looked at is said in one message") {
  CredentialWorld world;
  CHECK(
      world.complaint() ==
      "no AWS credentials: AWS_ACCESS_KEY_ID is not set, profile `default` has none in ~/.aws/credentials or ~/.aws/config, no "
      "container or instance answers | type: aws configure, or set AWS_PROFILE");
  CHECK(has(world.complaint({}, {"AWS_EC2_METADATA_DISABLED=true"}), "AWS_EC2_METADATA_DISABLED keeps the instance"));
}

TEST_CASE("a profile that was named must be there") {
  CredentialWorld world;
  world.config("[profile production]\nregion = x\n");
  CHECK(world.complaint(profile("producton")) ==
        "there is no profile `producton` in ~/.aws/config or ~/.aws/credentials | did you mean `production`?");
  CHECK(
      has(world.complaint({}, {"AWS_PROFILE=other", "AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=s"}), "no profile `other`"));
}

TEST_CASE("static keys are never renewed, and variables that are over are refused") {
  CredentialWorld world;
  const std::vector<std::string> keys = {"AWS_ACCESS_KEY_ID=ENV", "AWS_SECRET_ACCESS_KEY=env-secret"};
  world.look({}, keys);
  world.clock.now += 1000 * 24 * 60 * minute;
  CHECK(world.look({}, keys).access_key == "ENV");
  const std::string over = world.complaint({}, {keys[0], keys[1], "AWS_CREDENTIAL_EXPIRATION=2023-11-14T22:13:20Z"});
  CHECK(has(over, "the credentials of environment are over since 2023-11-14T22:13:20Z | set new ones"));
}

TEST_CASE("a role is renewed when five minutes are left, and not before") {
  CredentialWorld world;
  world.keys("[default]\n" + pair_of_keys);
  const CredentialWish wish = role("arn:aws:iam::111122223333:role/x");
  CHECK(world.look(wish).access_key == "ASIA1");
  world.clock.now += 54 * minute;
  CHECK(world.look(wish).access_key == "ASIA1");
  world.clock.now += 2 * minute;
  CHECK(world.look(wish).access_key == "ASIA2");
  CHECK(world.called.size() == 2);
}

TEST_CASE("a renewal that fails leaves the old ones in use while they are good for a while") {
  CredentialWorld world;
  world.keys("[default]\n" + pair_of_keys);
  const CredentialWish wish = role("arn:aws:iam::111122223333:role/x");
  world.look(wish);
  const auto answer = world.answer;
  world.answer = [](const ServiceCalled&) -> Value { throw Error(ExitCode::step_failed, "no route to STS"); };
  world.clock.now += 56 * minute;
  CHECK(world.look(wish).access_key == "ASIA1");
  CHECK(world.look(wish).access_key == "ASIA1");
  CHECK(world.called.size() == 2);  // and is not tried again at once
  world.clock.now += 2 * minute;
  CHECK(world.look(wish).access_key == "ASIA1");
  CHECK(world.called.size() == 3);
  world.clock.now += minute + minute / 2;
  CHECK(has(world.complaint(wish), "no route to STS"));
  world.answer = answer;
  CHECK(world.look(wish).access_key == "ASIA2");
}

TEST_CASE("what a service has refused is made anew") {
  CredentialWorld world;
  world.keys("[default]\n" + pair_of_keys);
  const CredentialWish wish = role("arn:aws:iam::111122223333:role/x"), other = role("arn:aws:iam::111122223333:role/y");
  const Credentials first = world.look(wish);
  world.look(other);
  world.provider.forget(first);
  CHECK(world.look(wish).access_key == "ASIA3");
  CHECK(world.look(other).access_key == "ASIA2");
}

namespace {

// Holds the first call to STS until it is let go; there should be no other.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  int waiting = 0;
  bool is_open = false;

  void pass() {
    std::unique_lock lock(mutex);
    if (++waiting > 1) return;
    changed.notify_all();
    changed.wait(lock, [&] { return is_open; });
  }
  void wait_for_one() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return waiting > 0; });
  }
  void open() {
    const std::scoped_lock lock(mutex);
    is_open = true;
    changed.notify_all();
  }
};

void answer_behind(Gate& gate, CredentialWorld& world) {
  world.answer = [&](const ServiceCalled& call) {
    gate.pass();
    return world.assumed(call.params);
  };
}

}  // namespace

TEST_CASE("threads that need the same credentials make one call, and others go on meanwhile") {
  CredentialWorld world;
  world.keys("[default]\n" + pair_of_keys);
  Gate gate;
  answer_behind(gate, world);
  const CredentialWish wish = role("arn:aws:iam::111122223333:role/x");
  std::vector<std::string> keys(4);
  std::vector<std::jthread> threads;
  for (std::string& key : keys) threads.emplace_back([&] { key = world.look(wish).access_key; });
  gate.wait_for_one();
  CHECK(world.look().access_key == "AKIA");  // under another key
  gate.open();
  threads.clear();
  CHECK(keys == std::vector<std::string>(4, "ASIA1"));
  CHECK(world.called.size() == 1);
}

TEST_CASE("who waits for another's renewal can be stopped") {
  CredentialWorld world;
  world.keys("[default]\n" + pair_of_keys);
  Gate gate;
  answer_behind(gate, world);
  const CredentialWish wish = role("arn:aws:iam::111122223333:role/x");
  std::jthread first([&] { world.look(wish); });
  gate.wait_for_one();
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(world.provider.credentials(world.configuration(), wish, stop.get_token()), Error);
  gate.open();
}

TEST_CASE("other keys in the environment are other credentials, another region is not") {
  CredentialWorld world;
  const CredentialWish wish = role("arn:aws:iam::111122223333:role/x");
  const std::string secret = "AWS_SECRET_ACCESS_KEY=s";
  CHECK(world.look(wish, {"AWS_ACCESS_KEY_ID=A", secret, "AWS_REGION=eu-west-1"}).access_key == "ASIA1");
  CHECK(world.look(wish, {"AWS_ACCESS_KEY_ID=A", secret, "AWS_REGION=us-east-2"}).access_key == "ASIA1");
  CHECK(world.look(wish, {"AWS_ACCESS_KEY_ID=B", secret}).access_key == "ASIA2");
  CHECK(world.called[0].region == "eu-west-1");
  CHECK(world.called[1].by == "B");
}
