// What single members of a model mean: which are secret, and by which a service recognises a request that it has had.
#include <doctest/doctest.h>

#include "base/json.h"
#include "plugins/aws/idempotency.h"
#include "plugins/aws/sensitive.h"
#include "plugins/aws/service_model.h"

using namespace runbook;
using namespace runbook::aws;

namespace {

const char* const shop = R"({
  "metadata": {"protocol": "json"},
  "operations": {
    "Buy": {"name": "Buy", "input": {"shape": "BuyRequest"}, "output": {"shape": "BuyResult"}},
    "Look": {"name": "Look", "input": {"shape": "LookRequest"}},
    "Ping": {"name": "Ping"}
  },
  "shapes": {
    "BuyRequest": {"type": "structure", "members": {"What": {"shape": "Text"}, "Token": {"shape": "Text", "idempotencyToken": true}}},
    "LookRequest": {"type": "structure", "members": {"Inner": {"shape": "BuyRequest"}}},
    "BuyResult": {"type": "structure", "members": {
      "Key": {"shape": "Key"}, "Name": {"shape": "Text"}, "Keys": {"shape": "Keys"}, "ByName": {"shape": "ByName"}, "Deep": {"shape": "Deep"}}},
    "Deep": {"type": "structure", "sensitive": true, "members": {"Name": {"shape": "Text"}}},
    "Keys": {"type": "list", "member": {"shape": "Pair"}},
    "Pair": {"type": "structure", "members": {"Id": {"shape": "Text"}, "Key": {"shape": "Key"}}},
    "ByName": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Key"}},
    "Text": {"type": "string"},
    "Key": {"type": "string", "sensitive": true}
  }})";

const ServiceModel& model() {
  static const ServiceModel model("shop", source_of_document(parse_json(shop)));
  return model;
}

bool is_secret(const std::vector<std::string>& path) { return is_sensitive(model(), *model().operation("Buy"), path); }

}  // namespace

TEST_CASE("what a model marks is secret wherever it stands, and so is all that holds it") {
  CHECK(is_secret({"Key"}));
  CHECK_FALSE(is_secret({"Name"}));
  CHECK(is_secret({"Keys", "Key"}));
  CHECK_FALSE(is_secret({"Keys", "Id"}));
  CHECK(is_secret({"Keys", "*"}));
  CHECK(is_secret({"ByName", "ada"}));
  CHECK(is_secret({"Deep", "Name"}));
  CHECK_FALSE(is_secret({"Nothing"}));
  CHECK_FALSE(is_sensitive(model(), *model().operation("Ping"), {"Key"}));
}

TEST_CASE("a result is shown without them") {
  const Value result = parse_json(
      R"({"Key": "k1", "Name": "ada", "Keys": [{"Id": "1", "Key": "k2"}], "ByName": {"ada": "k3"}, "Deep": {"Name": "n"}, "More": 1})");
  CHECK(
      to_json(masked(model(), *model().operation("Buy"), result)) ==
      R"({"Key":"[secret]","Name":"ada","Keys":[{"Id":"1","Key":"[secret]"}],"ByName":{"ada":"[secret]"},"Deep":"[secret]","More":1})");
  CHECK(masked(model(), *model().operation("Ping"), result) == result);
}

TEST_CASE("a token is filled in where an operation takes one and none is given") {
  const Operation &buy = *model().operation("Buy"), &look = *model().operation("Look");
  CHECK(takes_token(model(), buy));
  CHECK_FALSE(takes_token(model(), look));
  CHECK_FALSE(takes_token(model(), *model().operation("Ping")));
  CHECK(to_json(with_token(model(), buy, parse_json(R"({"What": "tea"})"), "t-1")) == R"({"What":"tea","Token":"t-1"})");
  CHECK(to_json(with_token(model(), buy, parse_json(R"({"Token": "mine"})"), "t-1")) == R"({"Token":"mine"})");
  CHECK(to_json(with_token(model(), buy, Value(), "t-1")) == R"({"Token":"t-1"})");
  CHECK(with_token(model(), look, Value(), "t-1").is_null());
}

TEST_CASE("how long a token is remembered is never taken to be longer than somebody documents") {
  const auto life_of = [](const char* protocol) {
    return token_life_ms(
        ServiceModel("shop", source_of_document(parse_json(std::string(R"({"metadata": {"protocol": ")") + protocol +
                                                           R"("}, "operations": {}, "shapes": {}})"))));
  };
  CHECK(life_of("json") == 5 * 60'000);
  CHECK(life_of("ec2") == 24 * 3'600'000);
}
