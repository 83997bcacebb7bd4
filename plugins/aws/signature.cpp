#include "plugins/aws/signature.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "os/fd.h"
#include "plugins/aws/canonical_request.h"

namespace runbook::aws {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

// "20150830T123600Z"
std::string date_text(std::int64_t at_ms) {
  std::string text = utc_text(at_ms);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::string value_of(const HttpHeaders& headers, std::string_view lower_case_name) {
  for (const auto& [name, value] : headers)
    if (is_header(name, lower_case_name)) return value;
  return {};
}

void set_header(HttpHeaders& headers, std::string_view lower_case_name, const std::string& name, std::string value) {
  std::erase_if(headers, [&](const auto& header) { return is_header(header.first, lower_case_name); });
  headers.emplace_back(name, std::move(value));
}

std::string digest_of_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw_system(ExitCode::step_failed, "opening " + path, errno);
  Sha256 digest;
  std::array<char, 1 << 16> buffer{};
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_system(ExitCode::step_failed, "reading " + path, errno);
    if (count == 0) return to_hex(digest.finish());
    digest.update({buffer.data(), static_cast<std::size_t>(count)});
  }
}

std::string payload_of(const WireRequest& request, const SigningScope& scope) {
  if (scope.payload == SigningScope::Payload::unsigned_body) return "UNSIGNED-PAYLOAD";
  return request.body_file.empty() ? sha256_hex(request.body) : digest_of_file(request.body_file);
}

std::string signature_of(const std::string& text, const std::string& secret_key, const std::string& day,
                         const SigningScope& scope) {
  std::string key = "AWS4" + secret_key;
  for (const std::string_view part : {std::string_view(day), std::string_view(scope.region), std::string_view(scope.service),
                                      std::string_view("aws4_request")})
    key = hmac_sha256(key, part);
  return to_hex(hmac_sha256(key, text));
}

std::string path_of(const WireRequest& request, const SigningScope& scope) {
  if (scope.path == SigningScope::Path::encoded_twice) return canonical_path(request.path);
  return request.path.empty() ? "/" : request.path;
}

}  // namespace

Signed sign(const WireRequest& request, const std::string& host, const Credentials& credentials, const SigningScope& scope) {
  Signed result;
  HttpHeaders& headers = result.headers = request.headers;
  std::string date = value_of(headers, "x-amz-date");
  if (date.empty()) set_header(headers, "x-amz-date", "X-Amz-Date", date = date_text(scope.at_ms));
  if (!credentials.session_token.empty())
    set_header(headers, "x-amz-security-token", "X-Amz-Security-Token", credentials.session_token);
  std::string payload = scope.names_payload ? "" : value_of(headers, "x-amz-content-sha256");
  if (payload.empty()) payload = payload_of(request, scope);
  if (scope.names_payload) set_header(headers, "x-amz-content-sha256", "X-Amz-Content-Sha256", payload);

  auto canonical = canonical_headers(headers);
  canonical["host"] = host;
  std::string lines, names;
  for (const auto& [name, value] : canonical) {
    lines += fmt::format("{}:{}\n", name, value);
    names += (names.empty() ? "" : ";") + name;
  }
  result.canonical_request = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, path_of(request, scope),
                                         canonical_query(request.query), lines, names, payload);
  const std::string day = date.substr(0, 8);
  const std::string credential_scope = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  result.string_to_sign =
      fmt::format("{}\n{}\n{}\n{}", algorithm, date, credential_scope, sha256_hex(result.canonical_request));
  set_header(headers, "authorization", "Authorization",
             fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm, credentials.access_key,
                         credential_scope, names, signature_of(result.string_to_sign, credentials.secret_key, day, scope)));
  return result;
}

}  // namespace runbook::aws
