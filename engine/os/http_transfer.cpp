#include "os/http_transfer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/error.h"
#include "base/trimmed.h"

namespace runbook {
namespace {

constexpr std::size_t longest_headers = std::size_t{256}
                                        << 10;  // libcurl gives up soon after, for a reason it calls an error of reading

template <class Setting>
void set(CURL* easy, CURLoption option, Setting setting) {
  RUNBOOK_ASSERT(curl_easy_setopt(easy, option, setting) == CURLE_OK);
}

bool is_token(std::string_view text) {  // RFC 9110, 5.6.2
  constexpr std::string_view delimiters = "\"(),/:;<=>?@[\\]{}";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return c > 0x20 && c < 0x7F && delimiters.find(c) == std::string_view::npos;
  });
}

// Programs that are started meanwhile do not inherit it.
curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int status_of(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

}  // namespace

void check_http_request(const HttpRequest& request) {
  if (!is_token(request.method)) throw Error(ExitCode::step_failed, "the method of an HTTP request is no word");
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) throw Error(ExitCode::step_failed, "the name of an HTTP header is no word");
    if (value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos) continue;
    throw Error(ExitCode::step_failed, fmt::format("the value of the HTTP header {} holds a line break", name));
  }
}

HttpTransfer::HttpTransfer(CURL* easy, CURLM* multi, const HttpRequest& request, const HttpOrigin& origin, std::stop_token stop)
    : easy_(easy),
      multi_(multi),
      request_(request),
      origin_(origin),
      stop_(std::move(stop)),
      answer_(request.answer_file, request.longest_answer) {
  if (!request.body_file.empty()) body_file_.emplace(request.body_file);
  set_connection();
  set_request();
  set_headers();
  set_callbacks();
}

void HttpTransfer::set_connection() {
  set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy_, CURLOPT_NOSIGNAL, 1L);
  set(easy_, CURLOPT_QUICK_EXIT, 1L);  // a name that is still being resolved is not waited for
  set(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
  set(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout_ms));
  if (request_.timeout_ms) set(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(*request_.timeout_ms, 1)));
  if (request_.proxy == HttpRequest::Proxy::none) set(easy_, CURLOPT_PROXY, "");
  set(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (request_.connection == HttpRequest::Connection::fresh) {
    set(easy_, CURLOPT_FRESH_CONNECT, 1L);
    set(easy_, CURLOPT_FORBID_REUSE, 1L);
  }
  if (!request_.ca_bundle.empty()) {
    set(easy_, CURLOPT_CAINFO, request_.ca_bundle.c_str());
    set(easy_, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
}

void HttpTransfer::set_request() {
  set(easy_, CURLOPT_URL, request_.url.c_str());
  set(easy_, CURLOPT_PATH_AS_IS, 1L);
  set_body();
  if (request_.method == "HEAD") set(easy_, CURLOPT_NOBODY, 1L);
  else set(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

// A method that usually has a body says "Content-Length: 0" where there is none (RFC 9110, 8.6).
void HttpTransfer::set_body() {
  if (body_file_) {
    set(easy_, CURLOPT_UPLOAD, 1L);
    set(easy_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body_file_->size()));
    return;
  }
  const bool wants_length = request_.method == "POST" || request_.method == "PUT" || request_.method == "PATCH";
  if (request_.body.empty() && !wants_length) return;
  set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  set(easy_, CURLOPT_POSTFIELDS, request_.body.data());
}

// "Name:" keeps libcurl from sending a header of its own, "Name;" sends one without a value. `Expect: 100-continue` is never sent unasked:
// after a 417 libcurl would send the whole request anew.
void HttpTransfer::set_headers() {
  for (const auto& [name, value] : request_.headers) {
    const bool is_blank = value.find_first_not_of(" \t") == std::string::npos;
    add_header(is_blank ? name + ";" : fmt::format("{}: {}", name, value));
  }
  for (const char* name : {"Accept", "Content-Type", "Expect"}) {
    if (!has_header(name)) add_header(std::string(name) + ":");
  }
  set(easy_, CURLOPT_HTTPHEADER, headers_.get());
}

void HttpTransfer::add_header(const std::string& line) {
  curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
  RUNBOOK_ASSERT(longer != nullptr);
  if (!headers_) headers_.reset(longer);
}

bool HttpTransfer::has_header(std::string_view name) const {
  return std::any_of(request_.headers.begin(), request_.headers.end(), [&](const auto& header) {
    return header.first.size() == name.size() && ::strncasecmp(header.first.data(), name.data(), name.size()) == 0;
  });
}

void HttpTransfer::set_callbacks() {
  set(easy_, CURLOPT_ERRORBUFFER, details_.data());
  set(easy_, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  set(easy_, CURLOPT_PREREQFUNCTION, before_sending);
  set(easy_, CURLOPT_PREREQDATA, this);
  set(easy_, CURLOPT_HEADERFUNCTION, take_header);
  set(easy_, CURLOPT_HEADERDATA, this);
  set(easy_, CURLOPT_WRITEFUNCTION, take_body);
  set(easy_, CURLOPT_WRITEDATA, this);
  set(easy_, CURLOPT_READFUNCTION, give_body);
  set(easy_, CURLOPT_READDATA, this);
  set(easy_, CURLOPT_SEEKFUNCTION, seek_body);
  set(easy_, CURLOPT_SEEKDATA, this);
}

HttpReply HttpTransfer::run() {
  HttpReply reply;
  const std::optional<CURLcode> code = perform();
  const std::string fault = own_fault();
  reply.was_stopped = !code;
  if (!code) reply.why = "it was stopped";
  else if (!fault.empty()) reply.why = fault;
  else if (*code != CURLE_OK) reply.why = why_no_answer({easy_, *code, details_.data(), was_sending_}, request_, origin_);
  else if (!has_all_headers_ || status_of(easy_) < 200) reply.why = "the connection was cut within the headers of the answer";
  else if (!answer_.finish(status_of(easy_))) reply.why = answer_.fault();
  if (reply.why.empty()) take_answer(reply);
  else reply.kind = was_sending_ ? HttpReply::Kind::no_answer : HttpReply::Kind::not_sent;
  return reply;
}

std::optional<CURLcode> HttpTransfer::perform() {
  if (stop_.stop_requested()) return std::nullopt;
  RUNBOOK_ASSERT(curl_multi_add_handle(multi_, easy_) == CURLM_OK);
  const std::optional<CURLcode> code = drive();
  curl_multi_remove_handle(multi_, easy_);  // closes the connection of what was stopped
  return code;
}

std::optional<CURLcode> HttpTransfer::drive() {
  constexpr int longest_wait_ms = 1000;
  const std::stop_callback wake(stop_, [this] { curl_multi_wakeup(multi_); });
  while (!stop_.stop_requested()) {
    int running = 0;
    RUNBOOK_ASSERT(curl_multi_perform(multi_, &running) == CURLM_OK);
    if (running == 0) return result();
    RUNBOOK_ASSERT(curl_multi_poll(multi_, nullptr, 0, longest_wait_ms, nullptr) == CURLM_OK);
  }
  return std::nullopt;
}

std::optional<CURLcode> HttpTransfer::result() const {
  int left = 0;
  const CURLMsg* const message = curl_multi_info_read(multi_, &left);
  RUNBOOK_ASSERT(message != nullptr && message->msg == CURLMSG_DONE);
  const CURLcode code = message->data.result;
  if (code == CURLE_ABORTED_BY_CALLBACK && stop_.stop_requested()) return std::nullopt;
  return code;
}

void HttpTransfer::take_answer(HttpReply& reply) {
  reply.kind = HttpReply::Kind::answered;
  reply.status = status_of(easy_);
  constexpr int last_request = -1;
  for (curl_header* header = nullptr; (header = curl_easy_nextheader(easy_, CURLH_HEADER, last_request, header)) != nullptr;) {
    reply.headers.emplace_back(header->name, trimmed(header->value));  // libcurl leaves the \r of an empty one
  }
  reply.body = answer_.text();
}

std::string HttpTransfer::own_fault() const {
  if (headers_size_ > longest_headers)
    return fmt::format("the headers of the answer are longer than {} bytes", longest_headers);
  if (!answer_.fault().empty()) return answer_.fault();
  return body_file_ && was_sending_ ? body_file_->fault() : "";
}

// The connection stands, with TLS and through proxies, and nothing of the request has been sent.
int HttpTransfer::before_sending(void* transfer, char*, char*, int, int) {
  auto& self = *static_cast<HttpTransfer*>(transfer);
  if (self.stop_.stop_requested()) return CURL_PREREQFUNC_ABORT;
  self.was_sending_ = true;
  return CURL_PREREQFUNC_OK;
}

std::size_t HttpTransfer::take_header(char* bytes, std::size_t size, std::size_t count, void* transfer) {
  auto& self = *static_cast<HttpTransfer*>(transfer);
  const std::string_view line(bytes, size * count);
  if (line.starts_with("HTTP/")) self.has_all_headers_ = false;
  else if (line == "\r\n" || line == "\n") self.has_all_headers_ = true;
  self.headers_size_ += size * count;
  return self.headers_size_ > longest_headers ? 0 : size * count;
}

std::size_t HttpTransfer::take_body(char* bytes, std::size_t size, std::size_t count, void* transfer) {
  auto& self = *static_cast<HttpTransfer*>(transfer);
  return self.answer_.take(status_of(self.easy_), {bytes, size * count}) ? size * count : 0;
}

std::size_t HttpTransfer::give_body(char* into, std::size_t size, std::size_t count, void* transfer) {
  auto& self = *static_cast<HttpTransfer*>(transfer);
  return self.body_file_ ? self.body_file_->read(into, size * count).value_or(CURL_READFUNC_ABORT) : 0;
}

int HttpTransfer::seek_body(void* transfer, curl_off_t offset, int origin) {
  auto& self = *static_cast<HttpTransfer*>(transfer);
  if (!self.body_file_ || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  self.body_file_->seek(offset);
  return CURL_SEEKFUNC_OK;
}

}  // namespace runbook
