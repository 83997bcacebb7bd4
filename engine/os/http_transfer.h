#pragma once
// One request by libcurl, and its answer.
#include <curl/curl.h>

#include <array>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "os/http_body.h"
#include "os/http_client.h"
#include "os/http_failure.h"

namespace runbook {

// Error (exit 1): a method or a header that would end its line, and so begin another header.
void check_http_request(const HttpRequest& request);

class HttpTransfer {
 public:
  // `easy` is reset and not in use; both handles are this transfer's own until `run` has returned. Error (exit 1): body_file can't be
  // opened, or answer_file can't be begun.
  HttpTransfer(CURL* easy, CURLM* multi, const HttpRequest& request, const HttpOrigin& origin, std::stop_token stop);
  ~HttpTransfer() { curl_easy_reset(easy_); }  // it points here
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  HttpReply run();

 private:
  void set_connection();
  void set_request();
  void set_body();
  void set_headers();
  void set_callbacks();
  void add_header(const std::string& line);
  bool has_header(std::string_view name) const;

  // CURLE_OK: there is a whole answer. nullopt: it was stopped.
  std::optional<CURLcode> perform();
  std::optional<CURLcode> drive();
  std::optional<CURLcode> result() const;
  void take_answer(HttpReply& reply);
  // What of our own ended it, or "".
  std::string own_fault() const;

  static int before_sending(void* transfer, char* to, char* from, int to_port, int from_port);
  static std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* transfer);
  static std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* transfer);
  static std::size_t give_body(char* into, std::size_t size, std::size_t count, void* transfer);
  static int seek_body(void* transfer, curl_off_t offset, int origin);

  CURL* easy_;
  CURLM* multi_;
  const HttpRequest& request_;
  const HttpOrigin& origin_;
  std::stop_token stop_;
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers_{nullptr, curl_slist_free_all};
  std::optional<HttpBodyFile> body_file_;
  HttpAnswerBody answer_;
  std::size_t headers_size_ = 0;
  bool has_all_headers_ = false;  // libcurl takes an answer for whole that is cut between its headers
  bool was_sending_ = false;      // from here on bytes of the request may have left
  std::array<char, CURL_ERROR_SIZE> details_{};
};

}  // namespace runbook
