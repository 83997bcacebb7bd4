// Runs the endpoint tests of service models ({version, testCases: [{documentation, params, expect, operationInputs}]}).
// Usage: endpoints FOLDER, below which every `SERVICE/endpoint-tests-1.json` is read; RUNBOOK_CONFORMANCE_DATA names another folder. The
// rule set is the `endpoint-rule-set-1.json` beside it, or that of the service models of this machine, which have partitions and
// operations. Exits with 77 where there are no tests or no models: skipped.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "plugins/aws/endpoint.h"
#include "plugins/aws/model_store.h"
#include "plugins/aws/rule_values.h"

using namespace runbook;
using namespace runbook::aws;
namespace fs = std::filesystem;

namespace {

struct Count {
  int services = 0, cases = 0, wrong = 0, calls = 0, wrong_calls = 0, passed_over = 0;
};

Value json_of(const fs::path& file) {
  std::ifstream stream(file);
  return parse_json(std::string{std::istreambuf_iterator<char>(stream), {}});
}

std::string outcome_text(const Value& rules, const Value& partitions, const Value& params, RuleOutcome& outcome) try {
  outcome = evaluate_rules(rules, partitions, params);
  return "";
} catch (const Error& error) {
  return error.what();
}

std::string difference(std::string_view what, const Value& wanted, const Value& found) {
  return wanted == found ? "" : fmt::format("wanted {} {}, found {}", what, to_json(wanted), to_json(found));
}

Value or_empty(const Value& map) { return map.is_null() ? Value(Map{}) : map; }

// "" or what differs.
std::string complaint(const Value& rules, const Value& partitions, const Value& test) {
  RuleOutcome outcome;
  if (std::string failed = outcome_text(rules, partitions, test.get("params"), outcome); !failed.empty()) return failed;
  const Value expect = test.get("expect");
  if (const Value* error = expect.find("error")) return difference("the error", *error, outcome.error);
  if (!outcome.endpoint) return "refused with " + outcome.error;
  const Value endpoint = expect.get("endpoint");
  std::string differs = difference("the url", endpoint.get("url"), outcome.endpoint->url);
  if (differs.empty()) differs = difference("properties", or_empty(endpoint.get("properties")), outcome.endpoint->properties);
  return differs.empty() ? difference("headers", or_empty(endpoint.get("headers")), outcome.endpoint->headers) : differs;
}

// What endpoint_of settles before the rules are asked, as the AWS CLI does, or what its settings can't say: such a call is passed over.
bool is_for_the_rules_alone(const Value& builtins, const Value& params) {
  const bool is_variant = builtins.bool_or("AWS::UseFIPS", false) || builtins.bool_or("AWS::UseDualStack", false);
  const bool is_custom = builtins.find("SDK::Endpoint") != nullptr;
  const bool is_path = builtins.bool_or("AWS::S3::ForcePathStyle", false);
  const bool is_arn = params.text_or("Bucket", "").starts_with("arn:");
  return (is_variant && is_custom) || (is_path && (is_arn || builtins.bool_or("AWS::S3::Accelerate", false))) ||
         builtins.bool_or("AWS::S3::UseGlobalEndpoint", false) ||
         builtins.bool_or("AWS::S3::DisableMultiRegionAccessPoints", false) ||
         builtins.text_or("AWS::Auth::AccountId", "-").empty();
}

EndpointSettings settings_of(const Value& builtins) {
  EndpointSettings settings;
  settings.region = builtins.text_or("AWS::Region", "");
  settings.endpoint_url = builtins.text_or("SDK::Endpoint", "");
  settings.use_fips = builtins.bool_or("AWS::UseFIPS", false);
  settings.use_dualstack = builtins.bool_or("AWS::UseDualStack", false);
  settings.s3_path_style = builtins.bool_or("AWS::S3::ForcePathStyle", false);
  settings.s3_virtual_style = !settings.s3_path_style;
  settings.s3_accelerate = builtins.bool_or("AWS::S3::Accelerate", false);
  settings.s3_use_arn_region =
      builtins.bool_or("AWS::S3::UseArnRegion", builtins.bool_or("AWS::S3Control::UseArnRegion", true));
  settings.sts_regional = builtins.bool_or("AWS::STS::UseGlobalEndpoint", false) ? "legacy" : "regional";
  settings.account_id = builtins.text_or("AWS::Auth::AccountId", "");
  settings.account_id_mode = builtins.text_or("AWS::Auth::AccountIdEndpointMode", "preferred");
  return settings;
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// Where a call would go, and by which region it would be signed.
std::string complaint_of_call(const ModelStore& store, const ServiceModel& model, const Value& expect, const Value& input) {
  const Operation* operation = model.operation(input.text_or("operationName", ""));
  if (!operation) return "there is no such operation";
  try {
    const Endpoint found =
        endpoint_of(store, model, *operation, or_empty(input.get("operationParams")), settings_of(input.get("builtInParams")));
    const Value* wanted = expect.find("endpoint");
    if (!wanted) return fmt::format("wanted {}, found {}://{}", to_json(expect), found.scheme, found.host);
    const std::string url = fmt::format("{}://{}{}", found.scheme, found.host, found.path);
    if (without_slash(wanted->text_or("url", "")) != url)
      return fmt::format("wanted {}, found {}", wanted->text_or("url", ""), url);
    const Value schemes = wanted->get("properties").get("authSchemes");
    const std::string region = attribute(schemes, "[0]").text_or("signingRegion", found.signing_region);
    return region == found.signing_region ? ""
                                          : fmt::format("wanted to be signed for {}, found {}", region, found.signing_region);
  } catch (const Error& error) {
    const std::string message = expect.text_or("error", "");
    const bool is_session_wanted = to_json(expect).find("sigv4-s3express") != std::string::npos;
    const std::string_view expected = is_session_wanted ? "S3 Express" : std::string_view(message);
    return !expected.empty() && std::string_view(error.what()).find(expected) != std::string_view::npos ? "" : error.what();
  }
}

void run_calls(const ModelStore& store, const std::string& service, const Value& test, Count& count) {
  const Value inputs = test.get("operationInputs");
  if (!inputs.is_list()) return;
  const auto model = store.service(service);
  for (const Value& input : inputs.as_list()) {
    if (!model || is_for_the_rules_alone(input.get("builtInParams"), input.get("operationParams"))) {
      count.passed_over += 1;
      continue;
    }
    count.calls += 1;
    const std::string wrong = complaint_of_call(store, *model, test.get("expect"), input);
    if (wrong.empty()) continue;
    count.wrong_calls += 1;
    fmt::print("{}.{}: {}: {}\n", service, input.text_or("operationName", ""), test.text_or("documentation", ""), wrong);
  }
}

void run_file(const ModelStore& store, const fs::path& file, Count& count) {
  const std::string service = file.parent_path().filename().string();
  const fs::path beside = file.parent_path() / "endpoint-rule-set-1.json";
  const Value rules = fs::exists(beside) ? json_of(beside) : store.part(service, "endpoint-rule-set-1");
  if (rules.is_null()) return;
  count.services += 1;
  const Value partitions = store.common("partitions");
  const Value tests = json_of(file).get("testCases");
  for (const Value& test : tests.as_list()) {
    count.cases += 1;
    const std::string wrong = complaint(rules, partitions, test);
    if (!wrong.empty()) {
      count.wrong += 1;
      fmt::print("{}: {}: {}\n", service, test.text_or("documentation", ""), wrong);
    }
    run_calls(store, service, test, count);
  }
}

std::vector<std::string> environment() {
  std::vector<std::string> env;
  for (const char* name : {"RUNBOOK_AWS_MODELS", "PATH", "HOME"}) {
    if (const char* value = std::getenv(name)) env.push_back(fmt::format("{}={}", name, value));
  }
  return env;
}

std::vector<fs::path> test_files(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().filename() == "endpoint-tests-1.json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  const char* named = std::getenv("RUNBOOK_CONFORMANCE_DATA");
  const fs::path folder = named ? named : argc > 1 ? argv[1] : ".";
  const auto files = test_files(folder);
  const auto models = find_models(environment());
  if (files.empty() || !models) {
    fmt::print("skipped: {}\n", files.empty() ? "no endpoint tests in " + folder.string() : std::string(no_models));
    return 77;
  }
  const ModelStore store(*models, "");
  Count count;
  for (const fs::path& file : files) run_file(store, file, count);
  fmt::print("{} services, {} cases, {} wrong; {} calls, {} wrong, {} passed over\n", count.services, count.cases, count.wrong,
             count.calls, count.wrong_calls, count.passed_over);
  return count.wrong + count.wrong_calls == 0 && count.cases > 0 ? 0 : 1;
}
