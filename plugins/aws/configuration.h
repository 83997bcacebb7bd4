#pragma once
// What the surroundings of a step say: environment, ~/.aws/config and ~/.aws/credentials, with the words and the precedence of the AWS CLI
// (docs.aws.amazon.com, "Configuration and credential file settings").
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/aws/endpoint.h"
#include "plugins/aws/ini_file.h"

namespace runbook::aws {

using Section = Settings;  // nested settings as "s3.addressing_style"

std::string setting(const Section& section, const std::string& name);  // "" if it is not there
bool is_true(std::string text);                                        // "true", in whatever case

class Configuration {
 public:
  // env: "NAME=value", complete. Files that are not there are empty; one that can't be read as such a file: Error (exit 1) with file and line.
  explicit Configuration(std::vector<std::string> env);

  // "" if it is not set.
  std::string variable(std::string_view name) const;
  const std::vector<std::string>& env() const { return env_; }
  // The profile that counts: `wanted`, else AWS_PROFILE, AWS_DEFAULT_PROFILE, "default".
  std::string profile_name(const std::string& wanted = {}) const;
  // Settings of both files, credentials before config. nullopt: there is no such profile.
  std::optional<Section> profile(const std::string& name) const;
  std::optional<Section> sso_session(const std::string& name) const;
  std::optional<Section> services(const std::string& name) const;
  std::vector<std::string> profile_names() const;
  // What one of the files alone says of a profile: keys are pairs, of which no half may come from the other file.
  Section in_credentials_file(const std::string& name) const;
  Section in_config_file(const std::string& name) const;
  // Whether somebody has named the profile, so that it must be there: `wanted`, or a variable.
  bool names_profile(const std::string& wanted = {}) const;
  // A variable, if it is set, else the profile's setting, or "".
  std::string variable_or(std::string_view variable_name, const std::string& profile, const std::string& setting) const;
  const std::string& config_file() const { return config_file_; }  // paths, whether they are there or not
  const std::string& credentials_file() const { return credentials_file_; }
  std::string home() const;
  // A path in which "~" is the home folder.
  std::string expanded(const std::string& path) const;
  // Differs where credentials may differ: of what the files say and of the variables that count for them, but not of regions.
  const std::string& digest() const { return digest_; }

  // AWS_REGION, AWS_DEFAULT_REGION, the profile's; "" if nobody says it.
  std::string region(const std::string& profile) const;
  // For a service: service_id as in its model ("Auto Scaling").
  EndpointSettings endpoint_settings(const std::string& profile, const std::string& service_id) const;
  // AWS_CA_BUNDLE or the profile's ca_bundle; "": the system's.
  std::string ca_bundle(const std::string& profile) const;

 private:
  void read_config(const std::string& text);
  void read_credentials(const std::string& text);
  std::string endpoint_url(const std::string& profile, const std::string& service_id) const;
  std::string endpoint_in_services(const std::string& profile, const std::string& service_id) const;

  std::vector<std::string> env_;
  std::string config_file_, credentials_file_, digest_;
  std::map<std::string, Section> in_config_, in_credentials_, sso_sessions_, services_;
};

}  // namespace runbook::aws
