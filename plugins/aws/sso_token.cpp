#include "plugins/aws/sso_token.h"

#include <fmt/format.h>

#include <filesystem>
#include <mutex>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "base/shell_word.h"
#include "os/files.h"

namespace runbook::aws {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t renewed_before_ms = 15 * 60 * 1000;

// Named by the digest of the session's name, as the tools have it.
fs::path file_of(const CredentialSearch& search, const SsoSettings& settings) {
  const std::string& name = settings.session.empty() ? settings.start_url : settings.session;
  return fs::path(search.configuration.home()) / ".aws/sso/cache" / (to_hex(sha1(name)) + ".json");
}

[[noreturn]] void refuse(const CredentialSearch& search, const std::string& why) {
  throw Error(ExitCode::step_failed, fmt::format("profile `{}` signs in by SSO, and {}", search.profile, why),
              sign_in_hint(search));
}

bool has_all_to_renew(const Value& token) {
  for (const char* name : {"refreshToken", "clientId", "clientSecret", "registrationExpiresAt"})
    if (token.text_or(name, "").empty()) return false;
  return true;
}

// What the service gives in place of the token; null: it gives none.
Value asked_anew(const CredentialSearch& search, const SsoSettings& settings, const Value& token) try {
  const std::string id = token.text_or("clientId", ""), secret = token.text_or("clientSecret", ""),
                    refresh = token.text_or("refreshToken", "");
  const Value answer =
      call_for(search, "sso-oidc", "CreateToken",
               object({{"grantType", "refresh_token"}, {"clientId", id}, {"clientSecret", secret}, {"refreshToken", refresh}}),
               settings.region, nullptr, "the SSO token can't be renewed", {secret, refresh});
  return answer.text_or("accessToken", "").empty() ? Value() : answer;
} catch (const Error&) {
  return {};  // the person has to sign in again, once the token that is there is over
}

Value renewed(const CredentialSearch& search, const SsoSettings& settings, const Value& token, const fs::path& file) {
  const std::int64_t now = search.parts.clock->now_ms();
  const auto registered = moment_ms(token.text_or("registrationExpiresAt", ""));
  if (!has_all_to_renew(token) || !registered || *registered <= now) return token;
  const Value answer = asked_anew(search, settings, token);
  if (answer.is_null()) return token;
  Value fresh = with(token, "accessToken", answer.get("accessToken"));
  fresh = with(fresh, "expiresAt", utc_text(now + answer.int_or("expiresIn", 0) * 1000));
  if (answer.find("refreshToken")) fresh = with(fresh, "refreshToken", answer.get("refreshToken"));
  try {
    write_private_file(file, to_json(fresh));
  } catch (const Error&) {
    // A folder that can't be written: the token serves this time, and the next one signs in again.
  }
  return fresh;
}

}  // namespace

std::string sign_in_hint(const CredentialSearch& search) {
  return "type: aws sso login --profile " + quoted_for_shell(search.profile);
}

std::string sso_token(const CredentialSearch& search, const SsoSettings& settings) {
  const std::scoped_lock lock(search.sso_tokens);
  const fs::path file = file_of(search, settings);
  Value token = json_or_null(try_read_file(file).value_or(""));
  auto expires = moment_ms(token.text_or("expiresAt", ""));
  if (!expires || token.text_or("accessToken", "").empty()) refuse(search, "nobody has signed in yet");
  const std::int64_t now = search.parts.clock->now_ms();
  if (!settings.session.empty() && *expires - now < renewed_before_ms) {
    token = renewed(search, settings, token, file);
    expires = moment_ms(token.text_or("expiresAt", ""));
  }
  if (!expires || *expires <= now) refuse(search, "that is over since " + utc_text(expires.value_or(now)));
  return token.text_or("accessToken", "");
}

}  // namespace runbook::aws
