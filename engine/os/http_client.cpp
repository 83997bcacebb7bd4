#include "os/http_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <strings.h>

#include <algorithm>
#include <ctime>
#include <mutex>

#include "base/error.h"
#include "os/http_failure.h"
#include "os/http_transfer.h"

namespace runbook {
namespace {

// TLS writes by write(2), which would end the process where the other end is gone and SIGPIPE is not ignored.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutSigpipe() {
    constexpr timespec at_once{};
    if (sigismember(&before_, SIGPIPE) == 0) ::sigtimedwait(&pipe_, nullptr, &at_once);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

 private:
  sigset_t pipe_{}, before_{};
};

void begin_curl() {
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK) throw Error(ExitCode::step_failed, std::string("starting libcurl: ") + curl_easy_strerror(result));
}

// A request at a time. The multi handle keeps the connections, and the certificates once they have been read.
class Handles {
 public:
  Handles() : multi_(curl_multi_init(), curl_multi_cleanup), easy_(curl_easy_init(), curl_easy_cleanup) {
    RUNBOOK_ASSERT(multi_ && easy_);
  }

  const std::optional<HttpOrigin>& last() const { return last_; }
  HttpReply send(const HttpRequest& request, const HttpOrigin& origin, std::stop_token stop) {
    if (request.connection == HttpRequest::Connection::kept) last_ = origin;
    return HttpTransfer(easy_.get(), multi_.get(), request, origin, std::move(stop)).run();
  }

 private:
  std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy_;  // goes before its multi handle
  std::optional<HttpOrigin> last_;
};

class CurlClient : public HttpClient {
 public:
  ~CurlClient() override {
    const WithoutSigpipe quiet;
    idle_.clear();
  }

  HttpReply send(const HttpRequest& request, std::stop_token stop) override {
    check_http_request(request);
    HttpReply reply;
    const auto origin = http_origin(request.url, reply.why);
    if (!origin) return reply;
    begin_curl();
    const WithoutSigpipe quiet;
    std::unique_ptr<Handles> handles = borrowed(*origin);
    reply = handles->send(request, *origin, std::move(stop));
    give_back(std::move(handles));
    return reply;
  }

 private:
  // One that may have a connection there, else any, else a new one.
  std::unique_ptr<Handles> borrowed(const HttpOrigin& origin) {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<Handles>();
    const auto is_there = [&](const auto& handles) { return handles->last() == origin; };
    const auto found = std::find_if(idle_.begin(), idle_.end(), is_there);
    std::swap(found == idle_.end() ? idle_.back() : *found, idle_.back());
    std::unique_ptr<Handles> handles = std::move(idle_.back());
    idle_.pop_back();
    return handles;
  }

  void give_back(std::unique_ptr<Handles> handles) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(handles));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Handles>> idle_;
};

}  // namespace

std::string_view HttpReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key.size() == name.size() && ::strncasecmp(key.data(), name.data(), name.size()) == 0) return value;
  }
  return {};
}

std::unique_ptr<HttpClient> make_http_client() { return std::make_unique<CurlClient>(); }

}  // namespace runbook
