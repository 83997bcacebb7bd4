#pragma once
// HTTP/1.1 by libcurl, which the http_*.cpp files of this folder alone include. A request is sent exactly as it is given: the URL is neither decoded nor
// normalised (CURLOPT_PATH_AS_IS), no header is added besides Host, Content-Length and what HTTP itself needs, nothing is followed,
// and nothing is sent a second time.
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runbook {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;  // in order, as they are written

struct HttpRequest {
  enum class Connection {
    kept,   // an open one may be used; only for what may be sent twice, since a server may have closed it
    fresh,  // its own, closed afterwards: libcurl sends anew what finds a kept connection dead
  };
  enum class Proxy {
    by_environment,  // http_proxy, https_proxy, all_proxy, no_proxy
    none,
  };
  std::string method = "GET";
  std::string url;  // absolute, percent-encoded
  HttpHeaders headers;
  std::string body;
  std::string body_file;  // instead of `body`: sent from there, in bounded memory; its size is Content-Length
  std::string
      answer_file;  // the body of a 2xx answer goes there (0600, beside it and renamed once it is whole), in bounded memory
  Connection connection = Connection::kept;
  Proxy proxy = Proxy::by_environment;
  std::int64_t connect_timeout_ms = 10'000;
  std::optional<std::int64_t> timeout_ms;  // for the whole
  std::string ca_bundle;                   // a file of certificates instead of the system's
  std::size_t longest_answer = 64u << 20;  // bytes in memory; beyond it the answer is given up
};

struct HttpReply {
  enum class Kind {
    answered,   // status, headers and body are whole
    not_sent,   // proven: not a byte of the request left this machine
    no_answer,  // some of it may have been sent, and there is no whole answer
  };
  Kind kind = Kind::not_sent;
  int status = 0;
  HttpHeaders headers;  // of the last answer (not of 100 Continue)
  std::string body;     // empty if it went to `answer_file`
  std::string why;      // of no answer: one clause for the person ("connecting to localhost port 1: Connection refused")
  bool was_stopped = false;

  // Regardless of case; the first one, or "".
  std::string_view header(std::string_view name) const;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Any thread; blocks. Ends early when `stop` is requested. Error (exit 1), before anything is sent: a header with a line break in it, a
  // body_file that can't be opened, an answer_file that can't be begun.
  virtual HttpReply send(const HttpRequest& request, std::stop_token stop) = 0;
};

// Keeps connections open between requests, for all threads together; outlives every `send`. Cheap until the first request.
std::unique_ptr<HttpClient> make_http_client();

}  // namespace runbook
