#include "plugins/aws/effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace runbook::aws {
namespace {

// Verbs that only look. What follows one begins with a capital letter: "Getaway..." is no "Get".
constexpr std::string_view reading_verbs[] = {
    "Describe", "Get",           "List",     "Head",      "Lookup",     "Search",   "Query",   "Scan",  "Select",  "Check",
    "Validate", "BatchDescribe", "BatchGet", "BatchList", "BatchCheck", "Discover", "Preview", "Count", "Estimate"};

struct Exception {
  std::string_view operation, why;
};
// Operations that change something under such a name.
constexpr Exception changing[] = {
    {"GetId", "an identity is made if there is none yet"},
    {"GetOpenIdTokenForDeveloperIdentity", "identities are made and linked"},
    {"GetChangeToken", "each token stands for one change that follows"},
    {"GetLatestConfiguration", "it uses up the token of one poll"},
    {"GetClusterCredentials", "it may make a user of the database"},
    {"GetClusterCredentialsWithIAM", "it may make a user of the database"},
    {"GetInstanceAccessDetails", "a key for access is made and put on the instance"},
    {"GetTokensFromRefreshToken", "the token that is given may be used up"},
    {"GetUserAttributeVerificationCode", "a message is sent to the user"},
    {"GetRegistrationCode", "a code is made if there is none yet"},
    {"GetDeployablePatchSnapshotForInstance", "a snapshot is made if there is none yet"},
    {"CheckInLicense", "a license is given back"},
};

bool begins_with_word(std::string_view name, std::string_view word) {
  return name.starts_with(word) && (name.size() == word.size() || (name[word.size()] >= 'A' && name[word.size()] <= 'Z'));
}

}  // namespace

EffectFound effect_of(const ServiceModel& model, const Operation& operation) {
  EffectFound found;
  const std::string call = fmt::format("{}.{}", model.name(), operation.name);
  const auto exception = std::find_if(std::begin(changing), std::end(changing),
                                      [&](const Exception& each) { return each.operation == operation.name; });
  if (exception != std::end(changing)) {
    found.why = fmt::format("{}: {}", call, exception->why);
    return found;
  }
  const auto verb = std::find_if(std::begin(reading_verbs), std::end(reading_verbs),
                                 [&](std::string_view each) { return begins_with_word(operation.name, each); });
  const bool reads = operation.is_read_only || verb != std::end(reading_verbs);
  found.effect = reads ? Effect::read : Effect::once;
  if (operation.is_read_only) found.why = fmt::format("{} is read-only by the service's model", call);
  else if (reads) found.why = fmt::format("{} only looks, by its name", call);
  else found.why = fmt::format("{} changes something: called again it does it again", call);
  return found;
}

}  // namespace runbook::aws
