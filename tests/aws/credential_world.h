#pragma once
// A home folder with AWS's files, a clock that stands still, an HTTP client and services that answer as a story has it.
#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "plugins/aws/configuration.h"
#include "plugins/aws/credentials.h"

namespace runbook::aws {

namespace fs = std::filesystem;

class SetClock : public Clock {
 public:
  std::int64_t now_ms() const override { return now; }
  std::atomic<std::int64_t> now = 1'700'000'000'000;  // 2023-11-14T22:13:20Z
};

class ScriptedHttp : public HttpClient {
 public:
  HttpReply send(const HttpRequest& request, std::stop_token) override {
    const std::scoped_lock lock(mutex);
    requests.push_back(request);
    if (answer) return answer(request);
    HttpReply reply;
    reply.why = "connecting: No route to host";
    return reply;
  }
  static HttpReply reply(int status, std::string body) {
    HttpReply reply;
    reply.kind = HttpReply::Kind::answered;
    reply.status = status;
    reply.body = std::move(body);
    return reply;
  }

  std::mutex mutex;
  std::vector<HttpRequest> requests;
  std::function<HttpReply(const HttpRequest&)> answer;  // empty: nobody is there
};

struct ServiceCalled {
  std::string service, operation, region, by;  // by: the access key, or "nobody"
  Value params;
};

class CredentialWorld {
 public:
  CredentialWorld() {
    std::string pattern = (fs::temp_directory_path() / "credentials.XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    home = pattern;
    fs::create_directories(home / ".aws/sso/cache");
    env = {"HOME=" + home.string(), "PATH=/usr/bin:/bin"};
  }
  ~CredentialWorld() { fs::remove_all(home); }
  CredentialWorld(const CredentialWorld&) = delete;

  void write(const std::string& name, const std::string& text) const { std::ofstream(home / name) << text; }
  void config(const std::string& text) const { write(".aws/config", text); }
  void keys(const std::string& text) const { write(".aws/credentials", text); }

  Configuration configuration(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = env;
    all.insert(all.end(), more.begin(), more.end());
    return Configuration(all);
  }
  Credentials look(const CredentialWish& wish = {}, const std::vector<std::string>& more = {}) {
    return provider.credentials(configuration(more), wish, {});
  }
  // "" if there are credentials; else the message and its hint, together.
  std::string complaint(const CredentialWish& wish = {}, const std::vector<std::string>& more = {}) {
    try {
      look(wish, more);
      return "";
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::step_failed);
      return std::string(error.what()) + (error.hint().empty() ? "" : " | " + error.hint());
    }
  }

  // Each role's keys are numbered, and last an hour.
  Value assumed(const Value& params) {
    ++count;
    return object({{"Credentials", object({{"AccessKeyId", "ASIA" + std::to_string(count)},
                                           {"SecretAccessKey", "assumed-secret"},
                                           {"SessionToken", "token of " + params.text_or("RoleArn", "")},
                                           {"Expiration", expiration(3600)}})},
                   {"AssumedRoleUser", object({{"Arn", "arn:aws:sts::111122223333:assumed-role/x/y"}})}});
  }
  std::string expiration(std::int64_t in_seconds) const { return utc_text(clock.now + in_seconds * 1000); }

  fs::path home;
  std::vector<std::string> env;
  SetClock clock;
  ScriptedHttp http;
  std::vector<ServiceCalled> called;
  std::function<Value(const ServiceCalled&)> answer = [this](const ServiceCalled& call) { return assumed(call.params); };
  std::vector<std::string> asked;
  std::string code = "123456";
  int count = 0;
  CredentialProvider provider{{&http, &clock,
                               [this](const std::string& service, const std::string& operation, const Value& params,
                                      const std::string& region, const Credentials* by, std::stop_token) {
                                 called.push_back({service, operation, region, by ? by->access_key : "nobody", params});
                                 return answer(called.back());
                               },
                               [this](const std::string& device) {
                                 asked.push_back(device);
                                 return code;
                               }}};
};

}  // namespace runbook::aws
