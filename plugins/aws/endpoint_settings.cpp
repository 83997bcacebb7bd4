#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/suggestion.h"
#include "plugins/aws/configuration.h"

namespace runbook::aws {
namespace {

// "Auto Scaling" → "auto_scaling"
std::string setting_name_of(const std::string& service_id) {
  std::string name;
  for (const char c : service_id)
    name += c == ' ' || c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

std::string variable_name_of(const std::string& service_id) {
  std::string name = "AWS_ENDPOINT_URL_" + setting_name_of(service_id);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

// What belongs to S3 alone.
void read_s3(const Section& profile, EndpointSettings& settings) {
  const std::string style = setting(profile, "s3.addressing_style");
  settings.s3_path_style = style == "path";
  settings.s3_virtual_style = style == "virtual";
  settings.s3_accelerate = is_true(setting(profile, "s3.use_accelerate_endpoint"));
}

}  // namespace

std::string Configuration::endpoint_in_services(const std::string& profile_name, const std::string& service_id) const {
  const std::string named = setting(profile(profile_name).value_or(Section()), "services");
  if (named.empty()) return {};
  if (const auto section = services(named)) return setting(*section, setting_name_of(service_id) + ".endpoint_url");
  std::vector<std::string> known;
  for (const auto& [name, section] : services_) known.push_back(name);
  throw Error(ExitCode::step_failed,
              fmt::format("profile `{}` names the section [services {}], which {} has not", profile_name, named, config_file_),
              suggestion(named, known));
}

std::string Configuration::endpoint_url(const std::string& profile_name, const std::string& service_id) const {
  if (is_true(variable_or("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", profile_name, "ignore_configured_endpoint_urls"))) return {};
  for (const std::string& url : {variable(variable_name_of(service_id)), variable("AWS_ENDPOINT_URL")})
    if (!url.empty()) return url;
  const std::string url = endpoint_in_services(profile_name, service_id);
  return url.empty() ? setting(profile(profile_name).value_or(Section()), "endpoint_url") : url;
}

EndpointSettings Configuration::endpoint_settings(const std::string& profile_name, const std::string& service_id) const {
  const Section section = profile(profile_name).value_or(Section());
  EndpointSettings settings;
  settings.region = region(profile_name);
  settings.endpoint_url = endpoint_url(profile_name, service_id);
  settings.use_fips = is_true(variable_or("AWS_USE_FIPS_ENDPOINT", profile_name, "use_fips_endpoint"));
  std::string dualstack = variable_or("AWS_USE_DUALSTACK_ENDPOINT", profile_name, "use_dualstack_endpoint");
  if (service_id.starts_with("S3") && section.contains("s3.use_dualstack_endpoint"))
    dualstack = setting(section, "s3.use_dualstack_endpoint");
  settings.use_dualstack = is_true(dualstack);
  read_s3(section, settings);
  std::string use_arn = variable_or("AWS_S3_USE_ARN_REGION", profile_name, "s3_use_arn_region");
  if (use_arn.empty()) use_arn = setting(section, "s3.use_arn_region");
  settings.s3_use_arn_region = use_arn.empty() || is_true(use_arn);
  const std::string sts = variable_or("AWS_STS_REGIONAL_ENDPOINTS", profile_name, "sts_regional_endpoints");
  if (!sts.empty()) settings.sts_regional = sts;
  const std::string account_mode = variable_or("AWS_ACCOUNT_ID_ENDPOINT_MODE", profile_name, "account_id_endpoint_mode");
  if (!account_mode.empty()) settings.account_id_mode = account_mode;
  return settings;
}

}  // namespace runbook::aws
