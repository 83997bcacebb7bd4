#include "plugins/aws/waiter.h"

#include <doctest/doctest.h>

#include "aws/tiny_models.h"
#include "base/error.h"
#include "base/json.h"

using namespace runbook;
using namespace runbook::aws;

namespace {

const char* const service =
    R"({"metadata": {"protocol": "json"}, "operations": {"DescribeThing": {"name": "DescribeThing"}}, "shapes": {}})";
const char* const waiters = R"({"waiters": {
  "ThingReady": {"operation": "DescribeThing", "acceptors": [
    {"matcher": "path", "argument": "Thing.State", "expected": "ready", "state": "success"},
    {"matcher": "path", "argument": "Thing.State", "expected": "broken", "state": "failure"},
    {"matcher": "error", "expected": "Busy", "state": "retry"}]},
  "ThingGone": {"operation": "DescribeThing", "acceptors": [
    {"matcher": "error", "expected": "NotFound", "state": "success"},
    {"matcher": "error", "expected": false, "state": "retry"}]},
  "AllReady": {"operation": "DescribeThing", "acceptors": [
    {"matcher": "pathAll", "argument": "Things[].State", "expected": "ready", "state": "success"},
    {"matcher": "pathAny", "argument": "Things[].State", "expected": "broken", "state": "failure"}]},
  "Answers": {"operation": "DescribeThing", "acceptors": [
    {"matcher": "status", "expected": 200, "state": "success"}, {"matcher": "status", "expected": 404, "state": "retry"}]}}})";

struct World {
  World()
      : store(models.add("shop/1/service-2.json", service)
                  .add("shop/1/waiters-2.json", waiters)
                  .add("partitions.json", "{}")
                  .store()) {}

  // "yes", "no", "never" or "?", and what the person who waits is told.
  std::string judged(const char* name, const CallAnswer& answer) {
    const std::optional<Said> said = judge(waiter_named(store, std::string("shop.") + name), answer);
    if (!said) return "?";
    const std::string word = said->answer == Said::Answer::yes ? "yes" : said->fails ? "never" : "no";
    return word + ": " + said->says;
  }
  std::string judged(const char* name, const char* result) {
    CallAnswer answer;
    answer.kind = CallAnswer::Kind::done;
    answer.result = parse_json(result);
    return judged(name, answer);
  }
  static CallAnswer error(const std::string& code, int status) {
    CallAnswer answer;
    answer.kind = CallAnswer::Kind::refused;
    answer.error = ServiceError{};
    answer.error->code = code;
    answer.error->status = status;
    answer.why = code;
    return answer;
  }

  testing::TinyModels models;
  ModelStore store;
};

}  // namespace

TEST_CASE_FIXTURE(World, "a waiter says yes, not yet, or never, and what it saw") {
  CHECK(judged("ThingReady", R"({"Thing": {"State": "ready"}})") == "yes: Thing.State is ready");
  CHECK(judged("ThingReady", R"({"Thing": {"State": "pending"}})") == "no: Thing.State is pending");
  CHECK(judged("ThingReady", R"({"Thing": {"State": "broken"}})") == "never: Thing.State is broken");
  CHECK(judged("ThingReady", "{}") == "no: it is not so yet");
}

TEST_CASE_FIXTURE(World, "an error is an answer where the waiter names it, or where it says that nothing is there") {
  CHECK(judged("ThingReady", error("Busy", 400)) == "no: Busy");
  CHECK(judged("ThingReady", error("ThingNotFound", 400)) == "no: ThingNotFound");
  CHECK(judged("ThingReady", error("AccessDenied", 403)) == "?");
  CHECK(judged("ThingGone", error("NotFound", 404)) == "yes: NotFound");
  CHECK(judged("ThingGone", R"({"Thing": {}})").starts_with("no: "));
  CHECK(judged("Answers", error("", 404)) == "no: ");
}

TEST_CASE_FIXTURE(World, "without an answer nothing can be told") {
  CallAnswer answer;
  for (const auto kind : {CallAnswer::Kind::not_sent, CallAnswer::Kind::unknown, CallAnswer::Kind::timed_out}) {
    answer.kind = kind;
    CHECK(judged("ThingGone", answer) == "?");
  }
}

TEST_CASE_FIXTURE(World, "all of a list, or any; of an empty one nothing is said") {
  CHECK(judged("AllReady", R"({"Things": [{"State": "ready"}, {"State": "ready"}]})") == "yes: Things[].State is ready");
  CHECK(judged("AllReady", R"({"Things": [{"State": "ready"}, {"State": "pending"}]})") ==
        R"(no: Things[].State is ["ready","pending"])");
  CHECK(judged("AllReady", R"({"Things": [{"State": "ready"}, {"State": "broken"}]})") == "never: Things[].State is broken");
  CHECK(judged("AllReady", R"({"Things": []})") == "no: it is not so yet");
}

TEST_CASE_FIXTURE(World, "a waiter that is not there is named, with the likely one") {
  const auto refusal = [&](const char* name) {
    try {
      waiter_named(store, name);
    } catch (const Error& error) {
      return std::string(error.what()) + " / " + error.hint();
    }
    return std::string();
  };
  CHECK(refusal("shop.ThingRedy") == "`shop` has no waiter `ThingRedy` / did you mean `ThingReady`?");
  CHECK(refusal("shpo.ThingReady") == "there is no service `shpo` / did you mean `shop`?");
  CHECK(refusal("shop") != "");
}
