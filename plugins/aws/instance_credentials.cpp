#include "plugins/aws/instance_credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/one_line.h"
#include "base/trimmed.h"

namespace runbook::aws {
namespace {

constexpr std::int64_t extended_by_ms = 15 * 60 * 1000;
constexpr const char* roles = "latest/meta-data/iam/security-credentials/";

std::int64_t number_or(const std::string& text, std::int64_t fallback) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0 ? number : fallback;
}

bool speaks_ipv6(const CredentialSearch& search) {
  const std::string mode = search.configuration.variable_or("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", search.profile,
                                                            "ec2_metadata_service_endpoint_mode");
  if (mode.empty()) return is_true(search.configuration.variable_or("AWS_IMDS_USE_IPV6", search.profile, "imds_use_ipv6"));
  if (mode == "IPv6" || mode == "ipv6" || mode == "IPV6") return true;
  if (mode == "IPv4" || mode == "ipv4" || mode == "IPV4") return false;
  throw Error(ExitCode::step_failed, fmt::format("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE can't be `{}`", one_line(mode)),
              "write IPv4 or IPv6");
}

std::string address_of(const CredentialSearch& search) {
  std::string address =
      search.configuration.variable_or("AWS_EC2_METADATA_SERVICE_ENDPOINT", search.profile, "ec2_metadata_service_endpoint");
  if (address.empty()) address = speaks_ipv6(search) ? "http://[fd00:ec2::254]/" : "http://169.254.169.254/";
  return address.ends_with('/') ? address : address + '/';
}

class InstanceMetadata {
 public:
  explicit InstanceMetadata(CredentialSearch& search)
      : search_(search),
        address_(address_of(search)),
        timeout_ms_(1000 * number("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout")),
        attempts_(number("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts")) {}

  std::optional<Credentials> credentials() {
    if (!begin()) return std::nullopt;
    const std::optional<std::string> names = text(roles);
    if (!names) return nothing("this instance has no role");
    const std::string role(trimmed(names->substr(0, names->find('\n'))));
    const std::optional<std::string> answer = text(roles + role);
    const Value given = json_or_null(answer.value_or(""));
    if (given.text_or("AccessKeyId", "").empty() || given.text_or("SecretAccessKey", "").empty())
      return nothing(fmt::format("the instance's role {} has no credentials ({})", one_line(role),
                                 one_line(given.text_or("Code", "no answer"))));
    return extended(issued_credentials(given, "Token", fmt::format("the instance's role {}", one_line(role))));
  }

 private:
  std::optional<Credentials> nothing(std::string why) {
    search_.looked.push_back(std::move(why));
    return std::nullopt;
  }

  std::int64_t number(const char* variable, const char* name) const {
    return number_or(search_.configuration.variable_or(variable, search_.profile, name), 1);
  }

  // Whether there is a service that may be asked: with a token, or, of version 1, without.
  bool begin() {
    const HttpReply reply = send("PUT", "latest/api/token", {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}});
    if (reply.kind != HttpReply::Kind::answered) return nothing("no container or instance answers").has_value();
    if (reply.status == 200) {
      token_ = std::string(trimmed(reply.body));
      return true;
    }
    const bool has_no_tokens = reply.status == 403 || reply.status == 404 || reply.status == 405;
    if (!has_no_tokens)
      return nothing(fmt::format("the instance's metadata service gives no token (status {})", reply.status)).has_value();
    if (!is_true(
            search_.configuration.variable_or("AWS_EC2_METADATA_V1_DISABLED", search_.profile, "ec2_metadata_v1_disabled")))
      return true;
    return nothing("the instance's metadata service has no tokens, and AWS_EC2_METADATA_V1_DISABLED is set").has_value();
  }

  HttpReply send(const char* method, const std::string& path, HttpHeaders headers) {
    HttpRequest request;
    request.method = method;
    request.url = address_ + path;
    request.headers = std::move(headers);
    request.proxy = HttpRequest::Proxy::none;
    request.connect_timeout_ms = timeout_ms_;
    request.timeout_ms = timeout_ms_;
    HttpReply reply;
    for (std::int64_t attempt = 0; attempt < attempts_; ++attempt) {
      reply = search_.parts.http->send(request, search_.stop);
      if (reply.was_stopped || (reply.kind == HttpReply::Kind::answered && reply.status < 500)) break;
    }
    return reply;
  }

  std::optional<std::string> text(const std::string& path) {
    const HttpReply reply =
        send("GET", path, token_.empty() ? HttpHeaders() : HttpHeaders{{"x-aws-ec2-metadata-token", token_}});
    const bool is_good = reply.kind == HttpReply::Kind::answered && reply.status == 200 && !trimmed(reply.body).empty();
    return is_good ? std::optional(reply.body) : std::nullopt;
  }

  // While the service is in trouble it gives out what has expired, and AWS goes on to take it.
  Credentials extended(Credentials given) const {
    const std::int64_t soon = search_.parts.clock->now_ms() + extended_by_ms;
    if (given.expires_ms) given.expires_ms = std::max(*given.expires_ms, soon);
    return given;
  }

  CredentialSearch& search_;
  std::string address_, token_;
  std::int64_t timeout_ms_, attempts_;
};

}  // namespace

std::optional<Credentials> instance_credentials(CredentialSearch& search) {
  if (is_true(search.configuration.variable("AWS_EC2_METADATA_DISABLED"))) {
    search.looked.emplace_back("AWS_EC2_METADATA_DISABLED keeps the instance from being asked");
    return std::nullopt;
  }
  return InstanceMetadata(search).credentials();
}

}  // namespace runbook::aws
