#pragma once
// Why there is no answer, in words for a person: no URL, no header and nothing of a body stands in them.
#include <curl/curl.h>

#include <optional>
#include <string>

#include "os/http_client.h"

namespace runbook {

struct HttpOrigin {
  std::string scheme, host, port;

  std::string place() const { return host + " port " + port; }
  friend bool operator==(const HttpOrigin&, const HttpOrigin&) = default;
};

// nullopt: the URL is none that can be asked, and `why` says what is wrong with it.
std::optional<HttpOrigin> http_origin(const std::string& url, std::string& why);

struct HttpFailure {
  CURL* easy;
  CURLcode code;
  std::string details;  // libcurl's own words, or ""
  bool was_sending;     // else no byte of the request left
};

std::string why_no_answer(const HttpFailure& failure, const HttpRequest& request, const HttpOrigin& origin);

}  // namespace runbook
