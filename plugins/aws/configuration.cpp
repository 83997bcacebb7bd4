#include "plugins/aws/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

#include "base/digest.h"
#include "base/error.h"
#include "os/files.h"
#include "os/identity.h"

namespace runbook::aws {

namespace fs = std::filesystem;

namespace {

constexpr const char* default_profile = "default";

std::string text_of(const std::string& file) {
  std::error_code error;
  return fs::is_regular_file(file, error) ? read_file(file, ExitCode::step_failed) : "";
}

// "profile dev" → "dev"; nullopt: a section of another kind, or without one name.
std::optional<std::string> name_behind(std::string_view kind, const IniSection& section, const std::string& file) {
  if (!section.name.starts_with(kind)) return std::nullopt;
  const std::vector<std::string> words = shell_words(section.name, fmt::format("{}: [{}]", file, section.name));
  return words.size() == 2 && words[0] == kind ? std::optional(words[1]) : std::nullopt;
}

void merge(Section& into, const Settings& settings) {
  for (const auto& [name, value] : settings) into[name] = value;
}

Section found_in(const std::map<std::string, Section>& sections, const std::string& name) {
  const auto found = sections.find(name);
  return found == sections.end() ? Section() : found->second;
}

std::optional<Section> optional_in(const std::map<std::string, Section>& sections, const std::string& name) {
  return sections.contains(name) ? std::optional(sections.at(name)) : std::nullopt;
}

// Of the variables of AWS's tools, those from which no credentials come.
bool counts_for_credentials(const std::string& entry) {
  static constexpr const char* others[] = {"AWS_REGION=", "AWS_DEFAULT_REGION=", "AWS_DEFAULT_OUTPUT=", "AWS_PAGER=",
                                           "AWS_CLI_",    "AWS_MAX_ATTEMPTS=",   "AWS_RETRY_MODE="};
  if (entry.starts_with("HOME=")) return true;
  return entry.starts_with("AWS_") &&
         std::none_of(std::begin(others), std::end(others), [&](const char* other) { return entry.starts_with(other); });
}

std::string digest_of(const std::vector<std::string>& env, const std::string& config, const std::string& credentials) {
  std::set<std::string> entries;
  std::copy_if(env.begin(), env.end(), std::inserter(entries, entries.end()), counts_for_credentials);
  std::string text;
  for (const std::string& entry : entries) text += entry + '\0';
  return sha256(text + '\0' + config + '\0' + credentials);
}

}  // namespace

std::string setting(const Section& section, const std::string& name) {
  const auto found = section.find(name);
  return found == section.end() ? "" : found->second;
}

bool is_true(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text == "true";
}

Configuration::Configuration(std::vector<std::string> env) : env_(std::move(env)) {
  config_file_ = variable("AWS_CONFIG_FILE");
  credentials_file_ = variable("AWS_SHARED_CREDENTIALS_FILE");
  config_file_ = expanded(config_file_.empty() ? "~/.aws/config" : config_file_);
  credentials_file_ = expanded(credentials_file_.empty() ? "~/.aws/credentials" : credentials_file_);
  const std::string config = text_of(config_file_), credentials = text_of(credentials_file_);
  read_config(config);
  read_credentials(credentials);
  digest_ = digest_of(env_, config, credentials);
}

void Configuration::read_config(const std::string& text) {
  for (const IniSection& section : read_ini(text, config_file_)) {
    if (const auto name = name_behind("profile", section, config_file_)) merge(in_config_[*name], section.settings);
    else if (const auto session = name_behind("sso-session", section, config_file_))
      merge(sso_sessions_[*session], section.settings);
    else if (const auto services_name = name_behind("services", section, config_file_))
      merge(services_[*services_name], section.settings);
    else if (section.name == default_profile) merge(in_config_[default_profile], section.settings);
  }
}

void Configuration::read_credentials(const std::string& text) {
  for (const IniSection& section : read_ini(text, credentials_file_)) merge(in_credentials_[section.name], section.settings);
}

std::string Configuration::variable(std::string_view name) const {
  for (const std::string& entry : env_)
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name))
      return entry.substr(name.size() + 1);
  return {};
}

std::string Configuration::variable_or(std::string_view variable_name, const std::string& profile_name,
                                       const std::string& setting_name) const {
  const std::string value = variable(variable_name);
  return value.empty() ? setting(profile(profile_name).value_or(Section()), setting_name) : value;
}

std::string Configuration::profile_name(const std::string& wanted) const {
  for (const std::string& name : {wanted, variable("AWS_PROFILE"), variable("AWS_DEFAULT_PROFILE")})
    if (!name.empty()) return name;
  return default_profile;
}

bool Configuration::names_profile(const std::string& wanted) const {
  return !wanted.empty() || !variable("AWS_PROFILE").empty() || !variable("AWS_DEFAULT_PROFILE").empty();
}

std::optional<Section> Configuration::profile(const std::string& name) const {
  if (!in_config_.contains(name) && !in_credentials_.contains(name)) return std::nullopt;
  Section both = in_config_file(name);
  merge(both, in_credentials_file(name));
  return both;
}

Section Configuration::in_credentials_file(const std::string& name) const { return found_in(in_credentials_, name); }
Section Configuration::in_config_file(const std::string& name) const { return found_in(in_config_, name); }

std::optional<Section> Configuration::sso_session(const std::string& name) const { return optional_in(sso_sessions_, name); }
std::optional<Section> Configuration::services(const std::string& name) const { return optional_in(services_, name); }

std::vector<std::string> Configuration::profile_names() const {
  std::set<std::string> names;
  for (const auto& [name, section] : in_config_) names.insert(name);
  for (const auto& [name, section] : in_credentials_) names.insert(name);
  return {names.begin(), names.end()};
}

std::string Configuration::home() const {
  const std::string home = variable("HOME");
  return home.empty() ? home_folder() : home;
}

std::string Configuration::expanded(const std::string& path) const {
  return path == "~" || path.starts_with("~/") ? home() + path.substr(1) : path;
}

std::string Configuration::region(const std::string& profile) const {
  const std::string region = variable("AWS_REGION");
  return region.empty() ? variable_or("AWS_DEFAULT_REGION", profile, "region") : region;
}

std::string Configuration::ca_bundle(const std::string& profile) const {
  return expanded(variable_or("AWS_CA_BUNDLE", profile, "ca_bundle"));
}

}  // namespace runbook::aws
