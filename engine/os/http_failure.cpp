#include "os/http_failure.h"

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <string_view>

#include "base/duration.h"

namespace runbook {
namespace {

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owned(text, curl_free);
  return text;
}

std::int64_t number(CURL* easy, CURLINFO info) {
  curl_off_t value = 0;
  return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

long status_of(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

// ": Connection reset by peer", or "".
std::string system_reason(CURL* easy) {
  long error_number = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error_number);
  return error_number == 0 ? "" : fmt::format(": {}", std::strerror(static_cast<int>(error_number)));
}

// libcurl's "Failed to connect to HOST port PORT after 3 ms: ..." names the proxy where it is that which could not be reached.
std::string place_connected_to(const HttpFailure& failure, const HttpOrigin& origin) {
  constexpr std::string_view before = "Failed to connect to ";
  const std::string_view details = failure.details;
  const std::size_t end = details.find(" after ");
  if (!details.starts_with(before) || end == std::string_view::npos) return origin.place();
  return std::string(details.substr(before.size(), end - before.size()));
}

std::string why_no_tls(const HttpFailure& failure, const HttpOrigin& origin) {
  if (failure.details.find("wrong version number") != std::string::npos) return origin.place() + " does not speak TLS";
  return fmt::format("TLS with {}: {}", origin.place(),
                     failure.details.empty() ? curl_easy_strerror(failure.code) : failure.details);
}

std::string why_not_in_time(const HttpFailure& failure, const HttpRequest& request, const HttpOrigin& origin) {
  const std::int64_t whole = request.timeout_ms.value_or(request.connect_timeout_ms);
  if (!failure.was_sending) {
    return fmt::format("no connection to {} within {}", origin.place(),
                       duration_text(std::min(whole, request.connect_timeout_ms)));
  }
  if (status_of(failure.easy) == 0) return fmt::format("no answer within {}", duration_text(whole));
  return fmt::format("the answer was not whole within {}", duration_text(whole));
}

std::string why_cut(const HttpFailure& failure) {
  if (status_of(failure.easy) == 0) return "the connection was cut before an answer came" + system_reason(failure.easy);
  const std::int64_t had = number(failure.easy, CURLINFO_SIZE_DOWNLOAD_T);
  const std::int64_t whole = number(failure.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T);
  if (whole <= 0) return fmt::format("the connection was cut after {} bytes of the answer", had);
  return fmt::format("the connection was cut after {} of {} bytes", had, whole);
}

}  // namespace

std::optional<HttpOrigin> http_origin(const std::string& url, std::string& why) {
  const Url parsed(curl_url(), curl_url_cleanup);
  const CURLUcode code = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_PATH_AS_IS | CURLU_DISALLOW_USER);
  if (code != CURLUE_OK) {
    why = fmt::format("the URL can't be used: {}", curl_url_strerror(code));
    return std::nullopt;
  }
  HttpOrigin origin{part_of(parsed.get(), CURLUPART_SCHEME), part_of(parsed.get(), CURLUPART_HOST),
                    part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT)};
  if (origin.scheme == "http" || origin.scheme == "https") return origin;
  why = fmt::format("the URL can't be used: it begins with {}:, and only http: and https: are spoken", origin.scheme);
  return std::nullopt;
}

std::string why_no_answer(const HttpFailure& failure, const HttpRequest& request, const HttpOrigin& origin) {
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST: return fmt::format("the name {} could not be resolved", origin.host);
    case CURLE_COULDNT_RESOLVE_PROXY: return "the name of the proxy could not be resolved";
    case CURLE_COULDNT_CONNECT:
      return fmt::format("connecting to {}{}", place_connected_to(failure, origin), system_reason(failure.easy));
    case CURLE_OPERATION_TIMEDOUT: return why_not_in_time(failure, request, origin);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION: return why_no_tls(failure, origin);
    case CURLE_SSL_CACERT_BADFILE: return fmt::format("the certificates of {} can't be read", request.ca_bundle);
    case CURLE_GOT_NOTHING: return "the connection was closed before an answer came";
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      if (failure.was_sending) return why_cut(failure);
      break;
    default: break;
  }
  return fmt::format("asking {}: {}", origin.place(),
                     failure.details.empty() ? curl_easy_strerror(failure.code) : failure.details);
}

}  // namespace runbook
