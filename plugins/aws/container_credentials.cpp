#include "plugins/aws/container_credentials.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/one_line.h"
#include "base/trimmed.h"
#include "os/files.h"

namespace runbook::aws {
namespace {

constexpr std::int64_t timeout_ms = 2000;
constexpr int most_attempts = 3;
constexpr std::array<std::string_view, 3> known_hosts = {"169.254.170.2", "169.254.170.23", "localhost"};

// "http://[::1]:80/x" → "::1"; "" if there is none, or what others may read otherwise: a name before it, a backslash.
std::string host_in(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return {};
  std::string_view authority = url.substr(begin + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (authority.find_first_of("@\\") != std::string_view::npos) return {};
  if (authority.starts_with('[')) return std::string(authority.substr(1, authority.find(']') - 1));
  return std::string(authority.substr(0, authority.find(':')));
}

bool is_trusted_ipv6(const std::string& host) {
  in6_addr address{}, of_eks{};
  ::inet_pton(AF_INET6, "fd00:ec2::23", &of_eks);
  if (::inet_pton(AF_INET6, host.c_str(), &address) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&address) || std::equal(std::begin(address.s6_addr), std::end(address.s6_addr), of_eks.s6_addr);
}

bool is_trusted(const std::string& url) {
  if (url.starts_with("https://")) return true;
  const std::string host = host_in(url);
  if (!url.starts_with("http://") || host.empty()) return false;
  if (std::find(known_hosts.begin(), known_hosts.end(), host) != known_hosts.end()) return true;
  in_addr address{};
  const bool is_loopback = ::inet_pton(AF_INET, host.c_str(), &address) == 1 && (ntohl(address.s_addr) >> 24U) == 127;
  return is_loopback || is_trusted_ipv6(host);
}

std::string url_of(const Configuration& configuration) {
  const std::string relative = configuration.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  if (!relative.empty()) return "http://169.254.170.2" + relative;
  std::string url = configuration.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!url.empty() && !is_trusted(url))
    throw Error(ExitCode::step_failed,
                fmt::format("AWS_CONTAINER_CREDENTIALS_FULL_URI names `{}`, where no container has its credentials",
                            one_line(host_in(url))),
                "use https, localhost, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]");
  return url;
}

// "": there is none.
std::string token_of(const Configuration& configuration) {
  const std::string file = configuration.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  std::string token = file.empty() ? configuration.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")
                                   : without_line_ends(read_file(file, ExitCode::step_failed));
  if (token.find_first_of("\r\n") != std::string::npos)
    throw Error(ExitCode::step_failed, "the container's authorization token has line ends within, and can't be sent",
                "look at AWS_CONTAINER_AUTHORIZATION_TOKEN or the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  return token;
}

// Of a service that is just starting the first answer may fail.
HttpReply ask(const CredentialSearch& search, const HttpRequest& request) {
  HttpReply reply;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    reply = search.parts.http->send(request, search.stop);
    const bool is_final = reply.kind == HttpReply::Kind::answered && reply.status < 500;
    if (is_final || reply.was_stopped) break;
  }
  return reply;
}

}  // namespace

std::optional<Credentials> container_credentials(CredentialSearch& search) {
  const std::string url = url_of(search.configuration);
  if (url.empty()) return std::nullopt;
  HttpRequest request;
  request.url = url;
  request.headers = {{"Accept", "application/json"}};
  if (const std::string token = token_of(search.configuration); !token.empty())
    request.headers.emplace_back("Authorization", token);
  request.proxy = HttpRequest::Proxy::none;
  request.connect_timeout_ms = timeout_ms;
  request.timeout_ms = timeout_ms;
  const HttpReply reply = ask(search, request);
  const std::string source = fmt::format("the container's address at {}", host_in(url));
  if (reply.kind != HttpReply::Kind::answered)
    throw Error(ExitCode::step_failed, fmt::format("{} gives no credentials: {}", source, reply.why));
  if (reply.status != 200)
    throw Error(ExitCode::step_failed, fmt::format("{} gives no credentials: it answers with status {}", source, reply.status));
  const Value answer = json_or_null(reply.body);
  if (!answer.is_map())
    throw Error(ExitCode::step_failed, fmt::format("{} gives no credentials: it answers with no JSON", source));
  return issued_credentials(answer, "Token", source);
}

}  // namespace runbook::aws
